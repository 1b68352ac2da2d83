/**
 * Blocks of user instructions on qemu-ppc64-static: each begins with its own registers and ends with what QEMU made of
 * them. A block uses no r31 and no LR, does not branch, and accesses no storage.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { assemble } from '../../src/asm/assemble';
import { EHDR_SIZE, PHDR_SIZE } from '../../src/loader/elf/format';
import { buildElf } from './elf-builder';
import { inFolder } from './folder';
import { missingTools } from './requirements';

/** Registers by their numbers, as unsigned numbers. */
export interface UserState {
  readonly gpr: readonly bigint[];
  readonly vsr: readonly bigint[];
  readonly cr: bigint;
  readonly xer: bigint;
  readonly fpscr: bigint;
  readonly vscr: bigint;
}
export interface UserBlock {
  readonly state: UserState;
  readonly words: readonly number[];
}
export interface QemuUser {
  readonly cpu: 'power8' | 'power9' | 'power10';
  readonly byteOrder: 'big' | 'little';
}

const TOOL = { big: 'qemu-ppc64-static', little: 'qemu-ppc64le-static' } as const;

/** Why QEMU cannot be used, or undefined. */
export const qemuUserMissing = (): string | undefined =>
  missingTools(Object.values(TOOL), 'qemu-user-static');

/** Where the parts of a state are in storage, in bytes. */
const AT = { gpr: 0, cr: 256, xer: 264, fpscr: 272, vscr: 288, vsr: 304 } as const;
const STATE_SIZE = AT.vsr + 64 * 16;
/**
 * One segment, as far into its page as into the file, which begins with two headers: padding to 16 bytes, the states,
 * the code.
 */
const SEGMENT = 0x1000_0000 + EHDR_SIZE + PHDR_SIZE;
const PADDING = -SEGMENT & 15;
const STATES = SEGMENT + PADDING;
/** The register that points to the block's state; r30 is used while registers are moved. */
const POINTER = 31;

const each = (count: number, line: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => line(n)).join('\n');
const ROUTINES = `
restore:
        addi    30, ${POINTER}, ${AT.vscr}
        lvx     0, 0, 30
        mtvscr  0
        lfd     0, ${AT.fpscr}(${POINTER})
        mtfsf   255, 0, 1, 0
${each(64, (n) => `        lxv     ${n}, ${AT.vsr + 16 * n}(${POINTER})`)}
        ld      30, ${AT.cr}(${POINTER})
        mtcrf   255, 30
        ld      30, ${AT.xer}(${POINTER})
        mtxer   30
${each(POINTER, (n) => `        ld      ${n}, ${AT.gpr + 8 * n}(${POINTER})`)}
        blr
save:
${each(POINTER, (n) => `        std     ${n}, ${AT.gpr + 8 * n}(${POINTER})`)}
${each(64, (n) => `        stxv    ${n}, ${AT.vsr + 16 * n}(${POINTER})`)}
        mfcr    30
        std     30, ${AT.cr}(${POINTER})
        mfxer   30
        std     30, ${AT.xer}(${POINTER})
        mffs    0
        stfd    0, ${AT.fpscr}(${POINTER})
        mfvscr  0
        addi    30, ${POINTER}, ${AT.vscr}
        stvx    0, 0, 30
        blr
`;

const PREFIX_OPCODE = 1;
/** So that a prefixed instruction at the beginning of a block does not cross 64 bytes. */
const aligned = (words: readonly number[]): string =>
  words[0]! >>> 26 === PREFIX_OPCODE ? '        b       1f\n        .balign 64\n1:' : '';
const blockText = (words: readonly number[], i: number): string => `
${aligned(words)}
        lis     ${POINTER}, (${STATES + i * STATE_SIZE})@h
        ori     ${POINTER}, ${POINTER}, (${STATES + i * STATE_SIZE})@l
        bl      restore
        .long   ${words.map((word) => `0x${(word >>> 0).toString(16)}`).join(', ')}
        bl      save
`;
/** System calls of Linux: write the states to standard output, exit. */
const programText = (blocks: readonly UserBlock[]): string => `
        b       start
${ROUTINES}
start:
${blocks.map(({ words }, i) => blockText(words, i)).join('')}
        li      0, 4
        li      3, 1
        lis     4, ${STATES}@h
        ori     4, 4, ${STATES}@l
        lis     5, (${blocks.length * STATE_SIZE})@h
        ori     5, 5, (${blocks.length * STATE_SIZE})@l
        sc
        li      0, 1
        li      3, 0
        sc
`;

/** Moves numbers between a state and its bytes. */
class StateBytes {
  private readonly view: DataView;
  constructor(
    bytes: Uint8Array,
    private readonly little: boolean,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  private get(at: number): bigint {
    return this.view.getBigUint64(at, this.little);
  }
  private put(at: number, value: bigint): void {
    this.view.setBigUint64(at, BigInt.asUintN(64, value), this.little);
  }
  private quadword(at: number): bigint {
    const [first, second] = [this.get(at), this.get(at + 8)];
    return this.little ? (second << 64n) | first : (first << 64n) | second;
  }
  private putQuadword(at: number, value: bigint): void {
    this.put(at + (this.little ? 8 : 0), value >> 64n);
    this.put(at + (this.little ? 0 : 8), value);
  }

  write(at: number, state: UserState): void {
    state.gpr.forEach((value, n) => this.put(at + AT.gpr + 8 * n, value));
    state.vsr.forEach((value, n) => this.putQuadword(at + AT.vsr + 16 * n, value));
    for (const name of ['cr', 'xer', 'fpscr'] as const) this.put(at + AT[name], state[name]);
    this.putQuadword(at + AT.vscr, state.vscr);
  }

  read(at: number): UserState {
    const list = (count: number, value: (n: number) => bigint): bigint[] =>
      Array.from({ length: count }, (_, n) => value(n));
    return {
      gpr: list(32, (n) => this.get(at + AT.gpr + 8 * n)),
      vsr: list(64, (n) => this.quadword(at + AT.vsr + 16 * n)),
      cr: this.get(at + AT.cr),
      xer: this.get(at + AT.xer),
      fpscr: this.get(at + AT.fpscr),
      vscr: this.quadword(at + AT.vscr),
    };
  }
}

function imageOf(blocks: readonly UserBlock[], byteOrder: QemuUser['byteOrder']): Uint8Array {
  const little = byteOrder === 'little';
  const states = new Uint8Array(PADDING + blocks.length * STATE_SIZE);
  const writer = new StateBytes(states, little);
  blocks.forEach(({ state }, i) => writer.write(PADDING + i * STATE_SIZE, state));
  const data = Buffer.concat([states, assemble(programText(blocks), { byteOrder }).bytes]);
  // ELFv2 (flags): the entry is an address, not a descriptor.
  const entry = BigInt(SEGMENT + states.length);
  return buildElf({ endian: byteOrder, flags: 2, entry, segments: [{ vaddr: BigInt(SEGMENT), data }] }).bytes;
}

/** The state after each block. @throws Error where QEMU ends with a signal: an instruction that it does not know */
export const runOnQemu = (blocks: readonly UserBlock[], { cpu, byteOrder }: QemuUser): UserState[] =>
  inFolder((file) => {
    const program = file('blocks', imageOf(blocks, byteOrder));
    fs.chmodSync(program, 0o755);
    const { status, signal, stdout, stderr } = spawnSync(TOOL[byteOrder], ['-cpu', cpu, program], {
      maxBuffer: 2 * blocks.length * STATE_SIZE + 65536,
    });
    if (status !== 0 || stdout.length !== blocks.length * STATE_SIZE)
      throw new Error(`${TOOL[byteOrder]} -cpu ${cpu} ended with ${signal ?? status}, ${stdout.length} bytes: ${stderr.toString()}`); // prettier-ignore
    const reader = new StateBytes(stdout, byteOrder === 'little');
    return blocks.map((_, i) => reader.read(i * STATE_SIZE));
  });
