/** Random kernels that do little but switch MSR: system calls, returns, mtmsrd, and between them whatever decides about those. */
import type { Random } from './random';
import { CHOICES, DATA, HYPERVISOR_VECTORS, kernel, LEAVES, SKIPPED } from './switching-kernel';

const LENGTH = 24;

/** Registers 24 to 31 hold MSR values. */
const value = (random: Random): number => 24 + random.below(8);

let labels = 0;

/** Goes on at the next instruction with another MSR, in a register. */
function returning(random: Random, to = value(random)): string {
  const next = `next${labels++}`;
  const [h, r] = random.oneIn(3) ? [314, 'hrfid'] : [26, 'rfid'];
  return `li 4, ${next}\n mtspr ${h}, 4\n mtspr ${h + 1}, ${to}\n ${r}\n${next}:`;
}

/** To the same state and back, so that the way there is known, before something that depends on where it led. */
function bounce(random: Random): string {
  const to = value(random);
  const back = (): string => `${returning(random, to)}\n sc`;
  return [back(), back(), returning(random, to), 'bl routine'].join('\n');
}

/** Both forms of mtmsrd with the same operand in the same state. */
function bothForms(random: Random): string {
  const [before, operand] = [value(random), value(random)];
  return [0, 1].map((long) => `mtmsrd ${before}, 0\n mtmsrd ${operand}, ${long}`).join('\n');
}

/** Usually a switch; now and then something that switches depend on. */
const SNIPPETS: readonly ((random: Random) => string)[] = [
  () => 'sc',
  () => 'mtspr 26, 10\n mtspr 27, 10\n sc',
  (random) => returning(random),
  (random) => returning(random),
  bounce,
  bothForms,
  (random) => `mtmsrd ${value(random)}, ${random.below(2)}`,
  (random) => `mtmsrd ${value(random)}, 1`,
  () => `ld 5, ${DATA}(0)\n xor 10, 10, 5`,
  () => `std 10, ${DATA + 8}(0)`,
  () => 'bl routine',
  (random) => `mfspr 5, ${random.oneIn(2) ? 22 : 268}\n xor 10, 10, 5`,
];
const RARE: readonly ((random: Random) => string)[] = [
  () => 'sc 1',
  (random) => `li 4, ${20 + random.below(300)}\n mtspr ${random.oneIn(2) ? 22 : 310}, 4`,
  (random) => `mtspr 318, ${14 + random.below(4)}`,
  (random) => `li 4, ${1 + random.below(2)}\n mtspr 48, 4`,
  (random) =>
    `ld 4, ${CHOICES + 8 * random.below(3)}(0)\n std 4, ${LEAVES + 0x38}(0)\n tlbiel 18, 19, 0, 1, 1`,
  (random) => `mtfsb${random.below(2)} ${random.oneIn(2) ? 24 : 7}`,
  (random) => `lis 4, ${random.oneIn(2) ? 0x8000 : 0}\n clrldi 4, 4, 32\n mtspr 795, 4`,
  (random) => `li 4, ${random.below(2) * 0x2103}\n mtspr 187, 4`,
  (random) => `li 4, ${random.oneIn(4) ? 1 : 0}\n mtspr 338, 4`,
  (random) => `li 4, ${random.oneIn(2) ? 0x40 : 0}\n mtspr 464, 17\n mtspr 29, 4`,
];

/** Rare ones are made in one of eight rounds, so that in the others switches are known. */
function snippet(random: Random): string {
  if (!random.oneIn(9)) return random.pick(SNIPPETS)(random);
  const skip = `skip${labels++}`;
  return `andi. 3, 11, 7\n cmpwi 3, ${random.below(8)}\n bne ${skip}\n ${random.pick(RARE)(random)}\n${skip}:`;
}

function handler(random: Random, at: number): string {
  const vector = at & 0xfff;
  const [address, back] = HYPERVISOR_VECTORS.has(vector) ? [314, 'hrfid'] : [26, 'rfid'];
  const lines: string[] = [];
  if (SKIPPED.has(vector)) lines.push(`mfspr 3, ${address}`, 'addi 3, 3, 4', `mtspr ${address}, 3`);
  // From problem state nothing else leads back than what is not permitted there.
  if (vector === 0x700) lines.push(`mtspr 27, ${24 + random.below(5)}`);
  else if (vector === 0x400) lines.push('mflr 3', 'mtspr 26, 3', 'mtspr 27, 24');
  else if (vector === 0x480 || vector === 0xe20) lines.push(`mtspr ${address + 1}, 24`);
  else if (vector === 0x900) lines.push('lis 3, 0x7fff', 'mtspr 22, 3');
  else if (vector === 0x980) lines.push('lis 3, 0x7fff', 'mtspr 310, 3');
  else if (vector === 0xd00) lines.push('mtspr 27, 24');
  else if (!SKIPPED.has(vector) && random.oneIn(2)) lines.push(`mtspr 27, ${value(random)}`);
  return [...lines, back].join('\n');
}

const MSR = { SF: 1n << 63n, HV: 1n << 60n, ME: 0x1000n, PR: 0x4000n, IR_DR: 0x30n };

function msrValue(random: Random, index: number): bigint {
  // Without HV nothing is translated: the hypervisor is back at once.
  let msr = MSR.ME | (index > 6 && random.oneIn(3) ? 0n : MSR.HV);
  if (index === 0 || !random.oneIn(24)) msr |= MSR.SF;
  if (random.oneIn(2)) msr |= 0x8000n;
  if (random.oneIn(2)) msr |= 0x2n;
  if (random.oneIn(2)) msr |= 0x2000n;
  if (random.oneIn(12)) msr |= 0x0900n;
  if (index > 0 && random.oneIn(24)) msr |= 0x400n;
  if (random.oneIn(2)) msr |= MSR.IR_DR;
  if (index > 4 && random.oneIn(2)) msr |= MSR.PR;
  return msr;
}

/** A kernel that switches MSR in one way or another, again and again. */
export const randomKernel = (random: Random): string =>
  kernel({
    msrs: Array.from({ length: 8 }, (_, i) => msrValue(random, i)),
    handler: (at) => handler(random, at),
    main: Array.from({ length: LENGTH }, () => snippet(random)).join('\n'),
  });
