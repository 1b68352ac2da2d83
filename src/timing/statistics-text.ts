/** The statistics of a timed run as text for people. */
import type { CpuTiming, HypervisorCost, InstructionStall, TimingStatistics } from './statistics';

const NAME = 28;
const NUMBER = 14;
/** A row of names and numbers below a title: indented, so that no line of it looks like a counter. */
const row = (name: string, ...values: string[]): string =>
  `    ${name.padEnd(NAME)}${values.map((v) => v.padStart(NUMBER)).join('')}`.trimEnd();
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const fixed = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(2));
const ratio = (cpi: number | undefined): string => (cpi === undefined ? '-' : cpi.toFixed(3));

function section(title: string, rows: readonly string[]): string[] {
  return rows.length > 0 ? [`  ${title}`, ...rows] : [];
}

function cpuLines({ cpu, cycles, instructions, cpi, stack, translation, rates, pages }: CpuTiming): string[] {
  return [
    `CPU ${cpu}: ${cycles} cycles, ${instructions} instructions, CPI ${ratio(cpi)}`,
    ...section(
      'where the cycles went (cycles, share, per instruction)',
      stack
        .filter((r) => r.cycles > 0)
        .map((r) => row(r.cause, fixed(r.cycles), percent(r.share), perInstruction(r.cycles, instructions))),
    ),
    ...section(
      'translation, what was hidden included (cycles)',
      translation.map((r) => row(r.level, fixed(r.cycles))),
    ),
    ...section(
      'hits (share, looked up, missed)',
      rates
        .filter((r) => r.rate !== undefined)
        .map((r) => row(r.structure, percent(r.rate!), String(r.accesses), String(r.misses))),
    ),
    ...section(
      'pages whose walks took longest (cycles, walks)',
      pages.map((p) => row(p.page, fixed(p.cycles), String(p.walks))),
    ),
  ];
}

const perInstruction = (cycles: number, instructions: number): string =>
  instructions > 0 ? (cycles / instructions).toFixed(3) : '';

function stallText({ address, cycles, code, symbol }: InstructionStall): string {
  const what = [code, symbol === undefined ? undefined : `<${symbol}>`].filter((text) => text !== undefined);
  return `${row(address, fixed(cycles))}   ${what.join('  ')}`.trimEnd();
}

/** What L0 did, and what of it counts. */
function hypervisorLines(costs: readonly HypervisorCost[]): string[] {
  return section(
    "the hypervisor's own work (exits, cycles an exit; 0: unknown, and not counted)",
    costs.filter(({ exits }) => exits > 0).map((c) => row(c.exit, String(c.exits), fixed(c.cyclesEach))),
  );
}

/** The statistics as text. No line begins with the name of a counter. */
export function timingText(s: TimingStatistics): string {
  const lines = [
    `timing profile ${s.profile}: ${s.description}`,
    ...s.cpus.filter((c) => c.instructions > 0 || s.cpus.length === 1).flatMap(cpuLines),
    ...section('instructions that waited or made others wait longest (real address, cycles)', [
      ...s.instructionStalls.map(stallText),
    ]),
    ...hypervisorLines(s.hypervisor),
    ...(s.estimates.length > 0 ? [`  estimated in this profile: ${s.estimates.join(', ')}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}
