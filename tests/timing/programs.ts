/** Random programs that do sensible things: loops, calls, loads and stores in range, divides, mode switches. */
import type { Random } from '../support/random';

const COMPUTE = [
  'add D,A,B', 'add. D,A,B', 'addo D,A,B', 'addo. D,A,B', 'subfe D,A,B', 'addze. D,A', 'addi D,A,I', 'addic. D,A,I', 'and D,A,B', 'andi. D,A,5',
  'rlwinm D,A,3,2,30', 'rldicl. D,A,7,9', 'sraw D,A,B', 'srd. D,A,B', 'extsw D,A', 'cntlzd D,A', 'popcntd D,A', 'cnttzw. D,A',
  'mullw D,A,B', 'mullwo. D,A,B', 'mulld D,A,B', 'mulldo D,A,B', 'mulhdu. D,A,B', 'mulli D,A,I',
  'divd D,A,B', 'divdu. D,A,B', 'divw D,A,B', 'divwuo D,A,B', 'divde D,A,B', 'divweu D,A,B', 'modsd D,A,B', 'moduw D,A,B',
  'cmpd C,A,B', 'cmpldi C,A,I0', 'isel D,A,B,T', 'crand T,T,T', 'mfcr D', 'mtcrf 0x80,A', 'mtcrf 0xff,A', 'mfxer D', 'mtxer A', 'mflr D',
  'mfmsr D', 'isync', 'sync', 'eieio', 'mftb D', 'mfspr D,272', 'mtspr 272,A', 'mtspr 22,27', 'bpermd D,A,B', 'setb D,C', 'nop', 'nop',
]; // prettier-ignore
const STORAGE = [
  'ld D,I8(M)', 'ldx D,M,Z', 'lwz D,I(M)', 'lbz D,I(M)', 'lwa D,I8(M)', 'ldbrx D,0,M', 'ldu D,I8(M)', 'lwzu D,I8(M)', 'lq 14,0(M)',
  'std D,I8(M)', 'stw D,I(M)', 'stb D,I(M)', 'stdu D,I8(M)', 'stdbrx D,0,M', 'lwarx D,0,M', 'stwcx. D,0,M', 'dcbz 0,M', 'lhz D,I(M)',
  'lmw 28,I(M)', 'stmw 28,I(M)', 'lfd V,I8(M)', 'stfsx V,M,Z', 'lvx V,0,M', 'stvx V,0,M', 'lxvd2x V,0,M', 'stxvd2x V,0,M', 'lvewx V,0,M',
]; // prettier-ignore
const FLOATS = [
  'fadd V,V,V', 'fmul. V,V,V', 'fdiv V,V,V', 'fmr V,V', 'fcmpu C,V,V', 'vaddubm V,V,V', 'vperm V,V,V,V', 'xxlor V,V,V', 'xvadddp V,V,V',
  'mtvsrd V,A', 'mfvsrd D,V',
]; // prettier-ignore

/** Registers: 0-13 values, and those of floating-point and vectors; 14-15 of lq, 16-23 addresses, 24 zero, 25 loop counts, 26 "all" of tlbie, 27 a time. */
function fill(random: Random, template: string): string {
  return template.replace(/\b(I8|I0|[DABCTMIZV])\b/g, (name) => {
    switch (name) {
      case 'V':
        return String(random.below(32));
      case 'M':
        return String(16 + random.below(8));
      case 'Z':
        return '24';
      case 'C':
        return String(random.below(8));
      case 'T':
        return String(random.below(32));
      case 'I':
        return String(random.below(200) - 100);
      case 'I0':
        return String(random.below(200));
      case 'I8':
        return String(8 * random.below(20));
      default:
        return String(random.below(14));
    }
  });
}

/** A loop of a few rounds; its length in bytes is anything. */
function loop(random: Random, n: number): string {
  const body = Array.from({ length: random.below(12) }, () => plain(random));
  return [`li 25,${1 + random.below(9)}`, 'mtctr 25', `q${n}: nop`, ...body, `bdnz q${n}`].join('\n');
}

/** Another address in the data: some pages or bytes on, within 256 KiB from 0x10000. */
function step(random: Random): string {
  const m = 16 + random.below(8);
  return `addi ${m},${m},${random.pick([4168, 8192, 64, 20])}\nrlwinm ${m},${m},0,14,31\naddis ${m},${m},1`;
}

/** Loads and stores behind each other on a few lines, then other lines: refills, bursts of stores, and both at once. */
function stream(random: Random): string {
  const m = 16 + random.below(8);
  const one = (): string => {
    const name = random.pick(['ld', 'ld', 'lwz', 'lbz', 'ldu', 'std', 'std', 'stw', 'stb', 'stdu']);
    return `${name} ${random.below(14)},${8 * random.below(random.pick([4, 16, 40]))}(${m})`;
  };
  const between = (): string => (random.oneIn(3) ? fill(random, random.pick(COMPUTE)) : one());
  return [one(), ...Array.from({ length: random.below(8) }, between), step(random)].join('\n');
}

const plain = (random: Random): string =>
  random.oneIn(9)
    ? step(random)
    : fill(random, random.pick(random.oneIn(3) ? STORAGE : random.oneIn(8) ? FLOATS : COMPUTE));

function branch(random: Random, n: number, length: number): string {
  const near = (distance: number): string => `l${Math.min(length - 1, n + 1 + random.below(distance))}`;
  switch (random.below(7)) {
    case 0:
      return `bl f${random.below(4)}`;
    case 1:
      return random.oneIn(2)
        ? random.pick(['tlbie 26,24,2,1,1', 'tlbie 26,24,1,1,1', 'tlbie 26,24,1,1,1', 'mtspr 48,24'])
        : `b ${near(40)}`;
    case 2:
    case 3:
      return loop(random, n);
    default:
      return `bc ${random.pick([4, 12, 8, 10])},${random.below(32)},${near(10)}`;
  }
}

/** Of everything something, or much that misses the caches and the translation structures. */
export type ProgramStyle = 'mixed' | 'misses';

const FUNCTIONS = { mixed: 4, misses: 9 } as const;

function statement(
  random: Random,
  { n, length, style }: { n: number; length: number; style: ProgramStyle },
): string {
  if (style === 'misses' && random.oneIn(3))
    return random.oneIn(2) ? stream(random) : `bl f${random.below(FUNCTIONS.misses)}`;
  return random.oneIn(7) ? branch(random, n, length) : plain(random);
}

/** Assembly of a program that goes on for ever, more or less; at most 4 KiB a function and 40 bytes a statement. */
export function randomProgram(random: Random, length: number, style: ProgramStyle = 'mixed'): string {
  const lines = ['start:'];
  for (let n = 0; n < length; n++) lines.push(`l${n}: ${statement(random, { n, length, style })}`);
  lines.push('        b start');
  for (let f = 0; f < FUNCTIONS[style]; f++) {
    lines.push(`        .balign ${random.pick([4, 64, 4096])}`, `f${f}:`);
    for (let n = random.below(style === 'misses' ? 40 : 12); n > 0; n--)
      lines.push(fill(random, random.pick(COMPUTE)));
    lines.push('        blr');
  }
  return lines.join('\n');
}
