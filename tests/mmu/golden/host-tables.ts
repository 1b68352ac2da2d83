/** Table set A: LPID 0 with a tree for PID 0 and one for PID 5. */
import type { Memory, Registers } from './run';

/** Hypervisor data context: SF, HV, ME, DR, RI. */
export const HVD = 0x9000000000001012n;

export const HOST_TABLES: Memory = [
  [0x400000, 0xc0000000004200adn],
  [0x400008, 0x8000000000410000n],
  [0x410000, 0x40000000004200adn],
  [0x410050, 0x40000000004600adn],
  [0x420000, 0x8000000000440009n],
  [0x440000, 0x8000000000441009n],
  ...[...Array(8).keys()].map(
    (i) => [0x441000 + 8 * i, 0xc00000000000018fn + BigInt(i) * 0x200000n] as const,
  ),
  [0x460000, 0x8000000000480009n],
  [0x480000, 0x8000000000481009n],
  [0x480008, 0xc00000004000018fn],
  [0x481000, 0x8000000000482009n],
  [0x481008, 0x8000000000483005n],
  [0x481010, 0xc000000000a0018fn],
  [0x482008, 0xc00000000080118fn],
  [0x482010, 0xc000000000802006n],
  [0x482018, 0xc000000000803104n],
  [0x482020, 0n],
  [0x482028, 0xc0000000008051a6n],
  [0x482030, 0xc00000000080618en],
  [0x482038, 0xc000000000807001n],
  [0x482040, 0xc000000000808002n],
  [0x483018, 0xc00000000083018fn],
];
export const HOST = {
  memory: HOST_TABLES,
  set: { MSR: HVD, LPCR: 0x500000n, PTCR: 0x400000n, PIDR: 5n } satisfies Registers,
};
