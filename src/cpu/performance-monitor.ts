/**
 * The performance monitor (Power ISA v3.1 Book III, chapter 10): what PMC1 to PMC6 count, when they are frozen, and
 * the alert when one becomes negative. Counters are brought up to date when somebody looks; without a cycle model, what
 * has to be seen instruction by instruction makes the run loop step.
 *
 * Not here: sampling, thresholds, time base events; idle time counts as instructions too.
 */
import { MSR } from '../../isa/registers/msr';
import { freezeOf, MMCR0, PMC, PMC_COMBINE, PMC_SELECT, PMC_UNIT } from '../../isa/registers/performance';
import { CTRL } from '../../isa/registers/thread';
import type { TimingClass } from '../../isa/vocabulary/row';
import { get, has, put, type Field } from '../core/bits';
import { offsetOf } from '../state/layout';
import type { CountedEvent, CounterEvent, InstructionEvent } from './counter-events';
import type { Cpu } from './cpu';
import { PENDING, setPending } from './pending';

const MMCR0_AT = offsetOf('PMU11');
const MMCR1_AT = offsetOf('PMU14');
const MMCR2_AT = offsetOf('PMU1');
const SINCE_AT = offsetOf('PMUSINCE');
const RETIRED_AT = offsetOf('PMURETIRED');
const CTRL_AT = offsetOf('CTRL');

/** Counters by number 1 to 6, with their slots and their own freeze conditions. */
const COUNTERS = [1, 2, 3, 4, 5, 6].map((n) => ({ n, at: offsetOf(`PMU${n + 2}`), freeze: freezeOf(n) }));
type Counter = (typeof COUNTERS)[number];

const FC = MMCR0.FC.lo;
const PMCC = MMCR0.PMCC.lo;

const mmcr0 = (cpu: Cpu, f: Field): boolean => cpu.state.has(MMCR0_AT, f);
const running = (cpu: Cpu): boolean => cpu.state.has(CTRL_AT, CTRL.RUN);
/** PMC5 and PMC6 are nobody's. */
const ownedByNone = (cpu: Cpu): boolean => (cpu.state.lo(MMCR0_AT) & MMCR0.PMCC.lo) === MMCR0.PMCC.lo;

/** Code of an event as MMCR1 has it, in the place of Linux' raw codes. */
const UNIT_SHIFT = 12;
const COMBINE_SHIFT = 10;

/** What MMCR1 selects for PMC1 to PMC4, or undefined where nobody knows what that is. */
function selected(cpu: Cpu, { n }: Counter): CounterEvent | undefined {
  const { selects, counters } = cpu.model.counterEvents;
  const mmcr1 = cpu.state.get(MMCR1_AT);
  const of = (fields: readonly Field[]): number => Number(get(mmcr1, fields[n - 1]!));
  const above = selects === 'code' ? 0 : (of(PMC_UNIT) << UNIT_SHIFT) | (of(PMC_COMBINE) << COMBINE_SHIFT);
  return counters[n - 1]?.[above | of(PMC_SELECT)];
}

/** What a counter is set to count, or undefined. PMC5 and PMC6 have one event each. */
function eventOf(cpu: Cpu, counter: Counter): CounterEvent | undefined {
  if (counter.n <= 4) {
    const event = selected(cpu, counter);
    if (event === 'runTime') return running(cpu) ? 'time' : undefined;
    if (event === 'runInstructions') return running(cpu) ? 'instructions' : undefined;
    return event;
  }
  const always = mmcr0(cpu, MMCR0.CC56RUN) && !ownedByNone(cpu);
  if (!always && !running(cpu)) return undefined;
  return counter.n === 5 ? 'instructions' : 'time';
}

function allFrozen(cpu: Cpu): boolean {
  const problem = cpu.problemState;
  const marked = cpu.inState(MSR.PMM);
  return (
    mmcr0(cpu, MMCR0.FC) ||
    (!problem && mmcr0(cpu, MMCR0.FCS)) ||
    (problem && mmcr0(cpu, MMCR0.FCP) !== mmcr0(cpu, MMCR0.FCPC)) ||
    (marked ? mmcr0(cpu, MMCR0.FCM1) : mmcr0(cpu, MMCR0.FCM0))
  );
}

/** The conditions of MMCR0 for PMC1 to PMC4, or for PMC5 and PMC6. */
function groupFrozen(cpu: Cpu, { n }: Counter): boolean {
  if (n > 1 && mmcr0(cpu, MMCR0.TRIGGER)) return true;
  if (n > 4) return mmcr0(cpu, MMCR0.FC5_6);
  return mmcr0(cpu, MMCR0.FC1_4) || (mmcr0(cpu, MMCR0.FC1_4WAIT) && !running(cpu));
}

function counterFrozen(cpu: Cpu, { freeze }: Counter): boolean {
  const mmcr2 = cpu.state.get(MMCR2_AT);
  return (
    has(mmcr2, cpu.problemState ? freeze.P : freeze.S) ||
    has(mmcr2, cpu.inState(MSR.PMM) ? freeze.M1 : freeze.M0)
  );
}

/** The event that a counter counts in the current state, or undefined. */
function counting(cpu: Cpu, counter: Counter): CounterEvent | undefined {
  const free = counter.n > 4 && ownedByNone(cpu);
  if (!free && (allFrozen(cpu) || groupFrozen(cpu, counter) || counterFrozen(cpu, counter))) return undefined;
  return eventOf(cpu, counter);
}

/** False where nothing can count, which is nearly always: MMCR0[FC] is 1 after reset. */
export function countersMayRun({ state }: Cpu): boolean {
  // Asked at each change of MSR: constants, not fields.
  const control = state.lo(MMCR0_AT);
  return (control & FC) === 0 || (control & PMCC) === PMCC;
}

const passesWithTime = (event: CounterEvent | undefined): boolean =>
  event === 'instructions' || event === 'time';

const isCounted = (event: CounterEvent | undefined): event is CountedEvent =>
  event !== undefined && !passesWithTime(event) && event !== 'runTime' && event !== 'runInstructions';

/** What the cycle model has counted for a counter since the last time, whether or not the counter is frozen. */
function happened(cpu: Cpu, counter: Counter): number {
  const event = counter.n <= 4 ? selected(cpu, counter) : undefined;
  if (!cpu.hooks.events || !isCounted(event)) return 0;
  const now = cpu.hooks.events.counted(cpu, event);
  const since = now - cpu.counterBases[counter.n - 1]!;
  cpu.counterBases[counter.n - 1] = now;
  return since;
}

/** Counting begins anew: what a counter counts, or the model itself, may be another one. */
export const countersBegin = (cpu: Cpu): void => COUNTERS.forEach((counter) => happened(cpu, counter));

function count(cpu: Cpu, { at }: Counter, by: bigint): void {
  cpu.state.set(at, BigInt.asUintN(PMC.VALUE.width, cpu.state.get(at) + by));
}

/** True where the counter's being negative is an event. */
function makesEvents(cpu: Cpu, { n }: Counter): boolean {
  if (n > 4 && ownedByNone(cpu)) return false;
  return mmcr0(cpu, n === 1 ? MMCR0.PMC1CE : MMCR0.PMCJCE);
}

const negative = (cpu: Cpu, { at }: Counter): boolean => has(cpu.state.get(at), PMC.NEGATIVE);
const isEvent = (cpu: Cpu): boolean => COUNTERS.some((c) => makesEvents(cpu, c) && negative(cpu, c));

/** What an event does: an alert, freezing, the end of waiting for it. */
function checkEvents(cpu: Cpu): void {
  const event = isEvent(cpu);
  let control = cpu.state.get(MMCR0_AT);
  const waiting = has(control, MMCR0.TRIGGER);
  if (waiting && (event || negative(cpu, COUNTERS[0]!))) control &= ~MMCR0.TRIGGER.mask;
  if (event && has(control, MMCR0.FCECE) && !waiting) control |= MMCR0.FC.mask;
  cpu.state.set(MMCR0_AT, control);
  checkAlert(cpu);
}

/** The part of it that changes nothing of what counts. */
function checkAlert(cpu: Cpu): void {
  const control = cpu.state.get(MMCR0_AT);
  if (has(control, MMCR0.PMAE) && isEvent(cpu))
    cpu.state.set(MMCR0_AT, put(control & ~(MMCR0.PMAE.mask | MMCR0.PMAQ.mask), MMCR0.PMAO, 1n));
  requestAlert(cpu);
}

/**
 * True where a counter that is negative already will change what counts: it was negative when MMCR0 was written, or
 * ended the wait for the trigger. choice: that takes one unit of time, as on Microwatt.
 */
function changesNext(cpu: Cpu): boolean {
  if (mmcr0(cpu, MMCR0.TRIGGER)) return isEvent(cpu) || negative(cpu, COUNTERS[0]!);
  return mmcr0(cpu, MMCR0.FCECE) && !mmcr0(cpu, MMCR0.FC) && isEvent(cpu);
}

/** The request for an interrupt follows MMCR0[PMAO]. */
const requestAlert = (cpu: Cpu): void =>
  setPending(cpu, PENDING.PERFORMANCE_MONITOR, { on: mmcr0(cpu, MMCR0.PMAO) });

/** A register of the performance monitor has another value. */
export function performanceWritten(cpu: Cpu): void {
  countersBegin(cpu);
  requestAlert(cpu);
}

/**
 * With a cycle model instructions, cycles and its events pass apart. choice: an event in between freezes the other
 * counters when it is seen, not at the instruction.
 */
function settleApart(cpu: Cpu, cycles: bigint): void {
  const retired = cpu.hooks.retired!(cpu);
  const instructions = retired - cpu.state.get(RETIRED_AT);
  cpu.state.set(RETIRED_AT, retired);
  const counted = COUNTERS.map((counter) => happened(cpu, counter));
  if (!countersMayRun(cpu)) return;
  const events = COUNTERS.map((counter) => counting(cpu, counter));
  COUNTERS.forEach((counter, i) => {
    if (events[i] === 'instructions') count(cpu, counter, instructions);
    else if (events[i] === 'time') count(cpu, counter, cycles);
    else if (events[i] !== undefined) count(cpu, counter, BigInt(counted[i]!));
  });
  checkEvents(cpu);
}

/** Brings the counters up to date; to be called before anything changes on which they depend. */
export function settleCounters(cpu: Cpu): void {
  const now = cpu.hooks.now();
  const passed = now - cpu.state.get(SINCE_AT);
  cpu.state.set(SINCE_AT, now);
  if (cpu.hooks.retired) {
    settleApart(cpu, passed);
    return;
  }
  if (!countersMayRun(cpu)) return;
  // An event may freeze or start counters: what counts is decided again after each.
  for (let left = passed; left > 0n;) {
    const active = COUNTERS.filter((counter) => passesWithTime(counting(cpu, counter)));
    const most = changesNext(cpu) ? 1n : left;
    const step = active.reduce((least, counter) => smaller(least, untilNegative(cpu, counter)), most);
    for (const counter of active) count(cpu, counter, step);
    checkEvents(cpu);
    left -= step;
  }
  checkAlert(cpu);
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** Counts until the counter becomes negative, which it may be already: then until it becomes negative again. */
const untilNegative = (cpu: Cpu, { at }: Counter): bigint =>
  ((PMC.NEGATIVE.mask - cpu.state.get(at) - 1n) & PMC.VALUE.mask) + 1n;

/** Brings them up to date where anything counts: cheap enough for every change of MSR. */
export function settleActiveCounters(cpu: Cpu): void {
  if (countersMayRun(cpu)) settleCounters(cpu);
}

const SEEN_ONE_BY_ONE: ReadonlySet<CounterEvent> = new Set<InstructionEvent>([
  'loads',
  'stores',
  'branches',
  'takenBranches',
]);

/** True while a counter needs to see every instruction. */
export function countsEachInstruction(cpu: Cpu): boolean {
  if (!countersMayRun(cpu) || cpu.hooks.events !== undefined) return false;
  return COUNTERS.some((counter) => {
    const event = counting(cpu, counter);
    return event !== undefined && SEEN_ONE_BY_ONE.has(event);
  });
}

/** What an instruction that completed is counted as. */
function eventsOf({ timing, branched }: CountedInstruction): readonly InstructionEvent[] {
  if (timing === 'branch') return branched ? ['branches', 'takenBranches'] : ['branches'];
  if (timing === 'load') return ['loads'];
  return timing === 'store' ? ['stores'] : [];
}

interface CountedInstruction {
  readonly timing: TimingClass;
  readonly branched: boolean;
}

/** Counts an instruction that completed, where no cycle model does. */
export function countInstruction(cpu: Cpu, done: CountedInstruction): void {
  if (cpu.hooks.events || !countersMayRun(cpu)) return;
  const events: readonly (CounterEvent | undefined)[] = eventsOf(done);
  if (events.length === 0) return;
  // An event may change what counts: not for the time before it.
  settleCounters(cpu);
  for (const counter of COUNTERS) if (events.includes(counting(cpu, counter))) count(cpu, counter, 1n);
  checkEvents(cpu);
}

/**
 * An alert of what a cycle model counts comes at a multiple of so many units of time: at the same one however often
 * somebody looks in between.
 */
const LOOK = 256;

/** Units of machine time in which a counter cannot become negative, and at whose end somebody has to look. */
function unitsUntilLook(cpu: Cpu, counter: Counter): number {
  const event = counting(cpu, counter);
  const left = Number(PMC.NEGATIVE.mask - cpu.state.get(counter.at));
  if (event === undefined || left <= 0) return Infinity;
  const { events } = cpu.hooks;
  if (event === 'time' || !events) return passesWithTime(event) ? left : Infinity;
  const least = Math.max(1, Math.floor(left / events.perCycle));
  if (event === 'instructions') return least;
  const now = Number(cpu.hooks.now());
  return Math.ceil((now + least) / LOOK) * LOOK - now;
}

/** Units of machine time until a counter may make an alert, as far as that is known in advance. */
export function unitsToAlert(cpu: Cpu): number {
  if (!countersMayRun(cpu) || !mmcr0(cpu, MMCR0.PMAE)) return Infinity;
  settleCounters(cpu);
  const due = COUNTERS.filter((counter) => makesEvents(cpu, counter));
  return Math.min(...due.map((counter) => unitsUntilLook(cpu, counter)));
}
