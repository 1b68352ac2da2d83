/** The registers of a CPU as text and as data, for dumps. */
import { hex0x, hex16 } from '../core/u64';
import type { Cpu } from '../cpu/cpu';
import { peekSpr } from '../cpu/spr';
import { readXer } from '../cpu/spr/registers';

const GPRS = 32;
const VSRS = 64;

/** `NAME HEX16` a line: GPR0..GPR31, LR, CTR, CR, XER, as Microwatt's simulation prints them. */
export function registerFile(cpu: Cpu): string[] {
  const { state } = cpu;
  const named: [string, bigint][] = [
    ...[...Array(GPRS).keys()].map((n): [string, bigint] => [`GPR${n}`, state.gpr(n)]),
    ['LR', state.named('LR')],
    ['CTR', state.named('CTR')],
    ['CR', BigInt(state.cr)],
    ['XER', readXer(cpu)],
  ];
  return named.map(([name, value]) => `${name} ${hex16(value)}`);
}

/** Every architected register by name, as `"0x..."`; VSRs as 32 hexadecimal digits. */
export function allRegisters(cpu: Cpu): Record<string, string> {
  const { state } = cpu;
  const out: Record<string, string> = {};
  for (let n = 0; n < GPRS; n++) out[`GPR${n}`] = hex0x(state.gpr(n));
  out['NIA'] = hex0x(cpu.nia);
  out['MSR'] = hex0x(cpu.msr);
  out['CR'] = hex0x(BigInt(state.cr));
  for (const row of cpu.model.sprs.values()) {
    const value = peekSpr(cpu, row.num);
    if (value !== undefined) out[row.name] = hex0x(value);
  }
  out['FPSCR'] = hex0x(state.named('FPSCR'));
  out['VSCR'] = hex0x(state.named('VSCR'));
  for (let n = 0; n < VSRS; n++) {
    const [dw0, dw1] = state.vsr(n);
    out[`VSR${n}`] = `0x${(hex16(dw0) + hex16(dw1)).toLowerCase()}`;
  }
  return out;
}
