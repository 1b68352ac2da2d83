/** The one runner of the golden tables: memory and registers from data, one access, the full register image. */
import { ACCESS, type AccessName } from '../../../src/mmu/access';
import { SpanTranslator } from '../../../src/mmu/page-crossing';
import { POWER9, type MmuPolicy } from '../../../src/mmu/policy';
import { Translator } from '../../../src/mmu/translate';
import { RealMemory } from '../../../src/core/memory';
import { hiOf, joinHalves, loOf } from '../../../src/core/u64';
import { CpuState } from '../../../src/state/cpu-state';
import { INTERRUPTS, type InterruptName } from '../../../isa/interrupts';

/** Doublewords by address. */
export type Memory = ReadonlyArray<readonly [address: number, value: bigint]>;
export type Registers = Readonly<Record<string, bigint>>;

/** Registers after an interrupt; those not named must keep the marker that they had. */
export type Image = Readonly<
  Partial<Record<'SRR1' | 'HSRR1' | 'DAR' | 'DSISR' | 'HDAR' | 'HDSISR' | 'ASDR', bigint>>
>;

export interface Row {
  readonly id: string;
  readonly access: AccessName;
  readonly ea: bigint;
  readonly length?: number;
  readonly set?: Registers;
  readonly memory?: Memory;
  readonly policy?: MmuPolicy;
  /** Host real address and doublewords of memory afterwards; memory that is not named must be unchanged. */
  readonly ra?: bigint;
  readonly then?: Memory;
  readonly pageShift?: number;
  readonly interrupt?: InterruptName;
  readonly image?: Image;
}

/** Walkers that set R and C themselves: what most rows were observed on. */
export const UPDATING: MmuPolicy = { ...POWER9, referenceChange: 'update' };

/** Bits of SRR1 and HSRR1 that an interrupt does not take from MSR: 33:36 and 42:47. */
const CAUSE_BITS = 0x783f0000n;
const SIZE = 16 << 20;

/** The machine that a table of rows starts from. */
export interface Machine {
  readonly memory: Memory;
  readonly set: Registers;
  /** Bytes; 16 MiB where absent. */
  readonly size?: number;
  /** What registers by name cannot say: the SLB. */
  readonly prepare?: (cpu: CpuState) => void;
}
const MARK = 0xdead_beefn;

export function build(rows: Machine): { memory: RealMemory; cpu: CpuState } {
  const memory = RealMemory.ofSize(rows.size ?? SIZE);
  for (const [address, value] of rows.memory) memory.setDoubleword(address, value);
  const cpu = CpuState.detached();
  for (const [name, value] of Object.entries(rows.set)) cpu.setNamed(name, value);
  rows.prepare?.(cpu);
  return { memory, cpu };
}

/** Runs one row on a machine that `base` describes. */
export function runRow(row: Row, base: Machine): void {
  const { memory, cpu } = build({
    ...base,
    memory: [...base.memory, ...(row.memory ?? [])],
    set: { ...base.set, ...row.set },
  });
  const expected = memory.bytes.slice();
  const after = new DataView(expected.buffer);
  for (const [address, value] of row.then ?? []) after.setBigUint64(address, value);

  const mmu = new Translator(memory, row.policy ?? UPDATING);
  const span = new SpanTranslator(mmu);
  const operand = { eaHi: hiOf(row.ea), eaLo: loOf(row.ea), length: row.length ?? 1 };
  if (span.access(cpu, ACCESS[row.access], operand)) {
    expect({ ra: joinHalves(span.first.raHi, span.first.raLo) }).toEqual({ ra: row.ra });
    if (row.pageShift !== undefined) expect(mmu.pageShift).toBe(row.pageShift);
  } else {
    expect(imageOf(mmu, cpu)).toEqual({ interrupt: row.interrupt, ...row.image });
  }
  expect(Buffer.compare(memory.bytes, expected)).toBe(0);
}

/** The registers that the interrupt changes, by applying it to marked registers. */
export function imageOf(mmu: Translator, cpu: CpuState): Record<string, unknown> {
  const { interrupt, cause, ...registers } = mmu.toInterrupt();
  const save = INTERRUPTS[interrupt].save === 'HSRR' ? 'HSRR1' : 'SRR1';
  const image: Record<string, unknown> = { interrupt, [save]: (cpu.named('MSR') & ~CAUSE_BITS) | cause };
  for (const [name, value] of Object.entries(registers)) {
    expect(value).not.toBe(MARK);
    image[name.toUpperCase()] = value;
  }
  return image;
}
