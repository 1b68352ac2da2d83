/**
 * What decides about a switch of MSR, one thing at a time: whatever generated code knows from the last time, the next one
 * is what its service would make.
 */
import { compareWays, DATA, HYPERVISOR_VECTORS, kernel, CHOICES, LEAVES } from '../support/switching-kernel';

const BASE = 0x9000000000001000n;
const [EE, PR, FE, FP, RELOCATED, RI] = [0x8000n, 0x4000n, 0x900n, 0x2000n, 0x30n, 2n];
/** In registers 24 to 31. */
const MSRS = [
  BASE, BASE | RELOCATED, BASE | RELOCATED | PR | EE, BASE | EE, BASE | FP | FE, BASE | RI, BASE | RELOCATED | EE, BASE | FP,
] as const; // prettier-ignore
const [REAL, TRANSLATED, PROBLEM, ENABLED, FLOAT, RECOVERABLE, BOTH, QUIET_FLOAT] = [
  24, 25, 26, 27, 28, 29, 30, 31,
];

/** The system call adds SRR1 to r10 and goes back to real mode; other interrupts leave what caused them behind. */
function handler(at: number): string {
  const vector = at & 0xfff;
  if (vector === 0xc00)
    return `mfspr 5, 27\n add 10, 10, 5\n addi 10, 10, ${at >>> 12}\n mtspr 27, ${REAL}\n rfid`;
  if (vector === 0x400) return `mflr 3\n mtspr 26, 3\n mtspr 27, ${REAL}\n rfid`;
  if (vector === 0x900)
    return 'addi 12, 12, 1\n mfspr 5, 26\n add 10, 10, 5\n lis 3, 0x7fff\n mtspr 22, 3\n rfid';
  const [address, back] = HYPERVISOR_VECTORS.has(vector) ? [314, 'hrfid'] : [26, 'rfid'];
  return `mfspr 3, ${address}\n addi 3, 3, 4\n mtspr ${address}, 3\n ${back}`;
}

let labels = 0;
const to = (msr: number, how = 'rfid'): string => {
  const next = `next${labels++}`;
  const at = how === 'rfid' ? 26 : 314;
  return `li 4, ${next}\n mtspr ${at}, 4\n mtspr ${at + 1}, ${msr}\n ${how}\n${next}:`;
};
const look = `ld 5, ${DATA}(0)\n xor 10, 10, 5\n rldicl 10, 10, 7, 0`;
const eighth = (what: string): string => {
  const skip = `skip${labels++}`;
  return `andi. 3, 11, 7\n bne ${skip}\n ${what}\n${skip}:`;
};

/** Gives DATA in turns the first leaf of the kernel's choices and another one. */
const otherLeaf = (choice: number): string =>
  `rldicl 5, 11, 61, 63\n mulli 5, 5, ${8 * choice}\n ld 4, ${CHOICES}(5)\n std 4, ${LEAVES + 0x38}(0)`;
/** Enters the page of problem state, whose routine makes a system call, and comes back in real mode. */
function user(routine: 'system' | 'looking'): string {
  const next = `next${labels++}`;
  return `li 4, ${next}\n mtlr 4\n lis 4, ${routine}@h\n ori 4, 4, ${routine}@l\n mtspr 26, 4\n mtspr 27, ${PROBLEM}\n rfid\n${next}:`;
}

/** In r6 an MSR with VEC, which is not in the number of an entry. */
const vector = `oris 6, ${REAL}, 0x200`;

test.each([
  ['the status of a return', [to(REAL), to(TRANSLATED), look, to(REAL), to(REAL), look]],
  ['the status of hrfid', [to(REAL, 'hrfid'), to(TRANSLATED, 'hrfid'), look, to(REAL), to(REAL, 'hrfid'), look]],
  ['the MSR that a system call is from', [to(REAL), 'mtspr 27, 10\n sc', to(TRANSLATED), 'mtspr 27, 10\n sc', to(BOTH), 'sc']],
  ['the operand of mtmsrd', [`mtmsrd ${REAL}, 0`, `mtmsrd ${TRANSLATED}, 0`, look, `mtmsrd ${REAL}, 0`, `mtmsrd ${REAL}, 0`, look]],
  ['an operand of the same place', [vector, to(REAL), 'mtmsrd 6, 0', to(REAL), `mtmsrd ${REAL}, 0\n mfmsr 5\n add 10, 10, 5`, to(TRANSLATED), to(ENABLED)]],
  ['an MSR of the same place', [vector, `mtmsrd ${REAL}, 0\n mtspr 27, 10\n sc`, 'mtmsrd 6, 0\n mtspr 27, 10\n sc', to(TRANSLATED), to(ENABLED)]],
  ['the form of mtmsrd', [0, 1].map((long) => `mtmsrd ${REAL}, 0\n mtmsrd ${BOTH}, ${long}\n ${look}`)],
  ['the MSR that mtmsrd is from', [REAL, TRANSLATED].map((from) => `mtmsrd ${from}, 0\n mtmsrd ${RECOVERABLE}, 1\n ${look}`)],
  ['the context of fetches', [to(PROBLEM), 'sc', to(PROBLEM), 'sc', to(PROBLEM), 'sc', eighth(`${to(PROBLEM)}\n bl routine`)]],
  ['the context of loads', [to(TRANSLATED), look, to(REAL), look, to(TRANSLATED, 'hrfid'), look, to(REAL, 'hrfid')]],
  ['the context of loads in problem state', [eighth(otherLeaf(2)), to(TRANSLATED), look, user('system'), user('system'), to(TRANSLATED), look, user('looking')]],
  ['a table that is stored to', [to(TRANSLATED), look, to(REAL), eighth(otherLeaf(1)), to(TRANSLATED), look, to(REAL)]],
  ['a decrementer', [`mtmsrd ${ENABLED}, 1`, `mtmsrd ${REAL}, 1`, eighth('li 4, 33\n mtspr 22, 4'), `mtmsrd ${ENABLED}, 1`, `mtmsrd ${REAL}, 1`, to(ENABLED), 'sc']],
  ['a floating-point exception', [`mtmsrd ${QUIET_FLOAT}, 0`, `mtmsrd ${FLOAT}, 0`, eighth(`mtmsrd ${QUIET_FLOAT}, 0\n mtfsb1 24\n mtfsb1 7`), `mtmsrd ${FLOAT}, 0`, to(FLOAT), `mtmsrd ${QUIET_FLOAT}, 0`, eighth('mtfsb0 24\n mtfsb0 7')]],
  ['a counter that counts', [to(REAL), 'sc', to(TRANSLATED), 'sc', eighth('rldicl 4, 11, 61, 63\n rldicr 4, 4, 31, 32\n mtspr 795, 4'), 'mfspr 5, 771\n add 10, 10, 5']],
  ['an alternate location of interrupts', [to(TRANSLATED), 'sc', eighth('rldicl 4, 11, 61, 63\n cmpwi 4, 0\n mtspr 318, 14\n beq 4f\n mtspr 318, 15\n4:'), to(TRANSLATED), 'sc']],
  ['the level of a system call', [to(REAL), 'sc', 'sc 1', 'sc', to(TRANSLATED), 'sc 1', 'sc']],
  ['a process', [eighth('rldicl 4, 11, 61, 63\n addi 4, 4, 1\n mtspr 48, 4'), to(TRANSLATED), look, to(REAL), look]],
] as const)('%s', (what, main) => {
  const known = compareWays(kernel({ msrs: MSRS, handler, main: main.join('\n') }), { what });
  // What may bring a floating-point exception is not made without its service.
  expect(known).toBeGreaterThanOrEqual(what === 'a floating-point exception' ? 0 : 60);
}); // prettier-ignore
