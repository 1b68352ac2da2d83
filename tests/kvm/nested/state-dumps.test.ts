/**
 * Six runs of a nested guest as QEMU's pseries (cap-nested-hv) and a Linux L1 made them: both structures in L1's memory
 * before and after H_ENTER_NESTED. The same state is entered here, the same registers are changed, the same interrupt
 * comes, and the bytes that L1 finds must be those of QEMU, but for what is listed as different. The dumps are not part
 * of the project.
 */
import fs from 'node:fs';
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { maskOf } from '../../../src/core/bits';
import { HV_STATE, PT_REGS } from '../../../src/kvm/nested/hv-guest-state';
import { readGuest } from '../../../src/kvm/translate';
import { MIB } from '../../../src/kvm/page';
import { offsetOf } from '../../../src/state/layout';
import { describeWith, oracle } from '../../support/oracle';
import { L2Tree, World } from './support';

const HV_WORDS = 31;
const REGS_WORDS = 44;
const LPID = 1;
const FAULT = 0x4000_0000n;
const STORE = 0x0200_0000n;
/** LPCR bits that L1 decides by both. */
const BY_L1 = maskOf(LPCR.DPFD, LPCR.ILE, LPCR.AIL, LPCR.LD, LPCR.MER);

/** Doublewords by offset. */
type Words = readonly bigint[];
interface Image {
  readonly hv: Words;
  readonly regs: Words;
}
interface Run {
  readonly number: number;
  readonly hvAt: number;
  readonly regsAt: number;
  readonly before: Image;
  readonly after: Image;
  readonly trap: number;
}

/** The images between `=== ENTER n hv A regs A` and `=== EXIT n r3 T`: two doublewords a line, from two addresses on. */
function parse(text: string): Run[] {
  const sections = [...text.matchAll(/^=== (ENTER|EXIT) (\d+) (.*)\n((?:0x.*\n)+)/gm)].map(
    ([, kind, number, rest, lines]) => ({
      kind,
      number: Number(number),
      rest: rest!,
      words: new Map(
        [...lines!.matchAll(/^0x(?:\w{8})(\w{8}):\s+(0x\w+)\s+(0x\w+)/gm)].flatMap(
          ([, at, first, second]) => [
            [Number(`0x${at}`), BigInt(first!)] as const,
            [Number(`0x${at}`) + 8, BigInt(second!)] as const,
          ],
        ),
      ),
    }),
  );
  return sections
    .filter(({ kind }) => kind === 'ENTER')
    .map((enter) => {
      const [, hv, regs] = /hv (\w+) regs (\w+)/.exec(enter.rest)!;
      const [hvAt, regsAt] = [Number(`0x${hv}`), Number(`0x${regs}`)];
      const exit = sections.find(({ kind, number }) => kind === 'EXIT' && number === enter.number)!;
      const image = (words: Map<number, bigint>): Image => ({
        hv: Array.from({ length: HV_WORDS }, (_, i) => words.get(hvAt + 8 * i)!),
        regs: Array.from({ length: REGS_WORDS }, (_, i) => words.get(regsAt + 8 * i)!),
      });
      const trap = Number(`0x${/r3 (\w+)/.exec(exit.rest)![1]}`);
      return {
        number: enter.number,
        hvAt,
        regsAt,
        trap,
        before: image(enter.words),
        after: image(exit.words),
      };
    });
}

const word = (words: Words, offset: number): bigint => words[offset / 8]!;

/** A little-endian L1 with the structures in its memory. */
function worldOf({ hvAt, regsAt, before }: Run): World {
  const world = new World({ memory: 160 * MIB, l1: 80 * MIB });
  // A table without a page: whatever the guest touches is not mapped, as in these runs.
  new L2Tree(world, LPID);
  world.cpu.msr = MSR.SF.mask | MSR.ME.mask | MSR.LE.mask;
  const put = (at: number, words: Words): void => {
    const bytes = new Uint8Array(8 * words.length);
    words.forEach((value, i) => new DataView(bytes.buffer).setBigUint64(8 * i, value, true));
    world.l0.guestMemory.write(BigInt(at), bytes);
  };
  put(hvAt, before.hv);
  put(regsAt, before.regs);
  return world;
}

/** What the nested guest's instructions did to its registers. */
function change({ cpu }: World, { hv, regs }: Image): void {
  const { state } = cpu;
  for (let n = 0; n < 32; n++) state.setGpr(n, word(regs, 8 * n));
  state.set(offsetOf('CTR'), word(regs, PT_REGS.ctr));
  state.set(offsetOf('LR'), word(regs, PT_REGS.link));
  state.set(offsetOf('CFAR'), word(hv, HV_STATE.cfar));
  state.cr = Number(word(regs, PT_REGS.ccr));
  cpu.nia = word(regs, PT_REGS.nip);
}

function leave(world: World, { trap, after, before }: Run): void {
  const asdr = word(after.hv, HV_STATE.asdr);
  switch (trap) {
    case 0x980:
      world.time = (word(before.hv, HV_STATE.hdecExpiry) + 1n) * world.cpu.model.timebase.unitsPerTick;
      return world.interrupt('hypervisorDecrementer');
    case 0xe20:
      return world.interrupt('hypervisorInstructionStorage', { asdr, cause: FAULT });
    default:
      return world.interrupt('hypervisorDataStorage', {
        hdar: word(after.hv, HV_STATE.hdar),
        hdsisr: FAULT | STORE,
        asdr,
      });
  }
}

function imageOf(world: World, at: number, count: number): bigint[] {
  const bytes = new Uint8Array(8 * count);
  readGuest(world.vm, { gpa: BigInt(at), bytes });
  return Array.from({ length: count }, (_, i) => new DataView(bytes.buffer).getBigUint64(8 * i, true));
}

/** What L1 finds here by this project's rules, from what QEMU wrote. */
function expected({ before, after, trap }: Run, found: Words): Image {
  const hv = [...after.hv];
  const regs = [...after.regs];
  // QEMU writes the LPCR that was in force; Linux, and so this L0, leaves what L1 gave.
  hv[HV_STATE.lpcr / 8] = word(before.hv, HV_STATE.lpcr);
  // QEMU keeps PURR, SPURR and VTB as they were; here they count on while the guest runs.
  for (const at of [HV_STATE.purr, HV_STATE.spurr, HV_STATE.vtb]) hv[at / 8] = word(found, at);
  // Linux tells the cause of a fetch fault in the MSR; QEMU does not.
  if (trap === 0xe20) regs[PT_REGS.msr / 8] = word(after.regs, PT_REGS.msr) | FAULT;
  return { hv, regs };
}

describeWith(oracle('pseries', 'nested_state_dumps.txt'), "QEMU's nested entries", (file) => {
  const runs = parse(fs.readFileSync(file, 'utf8'));

  test('there are six runs, with whole structures', () => {
    expect(runs.map(({ number, trap }) => [number, trap])).toEqual([
      [1, 0x980],
      [2, 0x980],
      [3, 0xe20],
      [4, 0xe00],
      [5, 0xe00],
      [6, 0xe00],
    ]);
    for (const { before, after } of runs)
      for (const words of [before.hv, before.regs, after.hv, after.regs])
        expect(words.every((value) => typeof value === 'bigint')).toBe(true);
  });

  test.each(runs)("run $number: L1 finds in its memory what QEMU's L1 found", (run) => {
    const world = worldOf(run);
    world.hypercall(0xf804, run.hvAt, run.regsAt);
    expect(world.inL2).toBe(true);
    const lpcr = world.cpu.state.get(offsetOf('LPCR'));
    expect(lpcr & BY_L1).toBe(word(run.after.hv, HV_STATE.lpcr) & BY_L1);
    expect(world.cpu.nia).toBe(word(run.before.regs, PT_REGS.nip));
    expect(world.cpu.msr & ~MSR.ME.mask).toBe(word(run.before.regs, PT_REGS.msr) & ~MSR.ME.mask);
    change(world, run.after);
    leave(world, run);
    expect([world.inL2, world.r3]).toEqual([false, run.trap]);
    const hv = imageOf(world, run.hvAt, HV_WORDS);
    const regs = imageOf(world, run.regsAt, REGS_WORDS);
    expect({ hv, regs }).toEqual(expected(run, hv));
  });
});
