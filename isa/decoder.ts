/**
 * The decoder, built from the rows: which instruction an image is. It knows no operands and no semantics, and it does
 * not judge invalid forms (a row's `invalid` says those).
 *
 * Reserved bits are ignored (Power ISA Book I, 1.3.3): an image matches where the bits that the row fixes match.
 */
import { INSTRUCTIONS } from './index';
import { hiOf, loOf } from '../src/core/u64';
import {
  atLeast,
  ISA_LEVELS,
  type Feature,
  type Instruction,
  type InsnRow,
  type IsaLevel,
} from './vocabulary/row';

export interface Decoder {
  /**
   * The index into {@link INSTRUCTIONS} of the instruction that an image is, or -1 where it is none.
   *
   * @param word the instruction word, or the prefix of a prefixed instruction, as an int32
   * @param suffix the word that follows, as an int32; read only where the primary opcode of `word` is 1
   */
  decode(word: number, suffix: number): number;
}

/** What a CPU model has: its level and the optional parts. */
export interface Implemented {
  readonly level: IsaLevel;
  /** Rows without a feature, or with `base`, are always there. */
  readonly features: ReadonlySet<Feature>;
}

/** True where a CPU of that level and features has the row: the usual filter of a decoder. */
export const hasRow = (cpu: Implemented, row: InsnRow): boolean =>
  atLeast(cpu.level, row.level) &&
  (row.until === undefined || atLeast(row.until, cpu.level)) &&
  (row.feature === undefined || row.feature === 'base' || cpu.features.has(row.feature));

/** Primary opcode of every prefix. */
const PREFIX_OPCODE = 1;
/** All extended opcodes and suffix fields of word instructions lie in the last 11 bits (ISA bits 21:31). */
const XO_BITS = 11;
const XO_MASK = (1 << XO_BITS) - 1;
const OPCODES = 64;
/** Prefixed: the prefix's type and subtype (bits 6:9), then the suffix's primary opcode. */
const PREFIX_BITS = 10;

/** What a CPU matches an image against: for prefixed instructions `hi` is the prefix, otherwise `hi` is 0. */
interface Pattern {
  readonly index: number;
  readonly maskHi: number;
  readonly matchHi: number;
  readonly maskLo: number;
  readonly matchLo: number;
}

const patternOf = (index: number): Pattern => {
  const { mask, match } = INSTRUCTIONS[index]!;
  return { index, maskHi: hiOf(mask), matchHi: hiOf(match), maskLo: loOf(mask), matchLo: loOf(match) };
};

/** Number of bits that the instruction fixes: the more, the more specific. */
export const specificity = (instruction: Instruction): number =>
  instruction.mask.toString(2).replaceAll('0', '').length;

/** Patterns of the rows that pass, more specific ones first; of equally specific ones the newer. */
function orderedPatterns(filter: (row: InsnRow) => boolean): Pattern[] {
  const rank = ({ row }: Instruction): number => ISA_LEVELS.indexOf(row.level);
  return INSTRUCTIONS.flatMap((instruction, index) =>
    filter(instruction.row) ? [{ index, bits: specificity(instruction), rank: rank(instruction) }] : [],
  )
    .sort((a, b) => b.bits - a.bits || b.rank - a.rank || a.index - b.index)
    .map(({ index }) => patternOf(index));
}

/** Lists of candidates, one after the other: the end of each is marked by a candidate that always matches as -1. */
class Candidates {
  private readonly known = new Map<string, number>();
  private readonly patterns: Pattern[] = [];

  /** The position of a list; equal lists are stored once. */
  place(list: readonly Pattern[]): number {
    const key = list.map((p) => p.index).join();
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const start = this.patterns.length;
    this.known.set(key, start);
    this.patterns.push(...list, { index: -1, maskHi: 0, matchHi: 0, maskLo: 0, matchLo: 0 });
    return start;
  }

  column(name: keyof Pattern): Int32Array {
    return Int32Array.from(this.patterns, (p) => p[name]);
  }
}

/**
 * For every key of so many bits the list of candidates. `opcode` gives the part of a pattern that a key shows, and
 * which of its bits the pattern fixes; the free ones are enumerated.
 */
function keyTable(
  bits: number,
  patterns: readonly Pattern[],
  opcode: (p: Pattern) => { match: number; mask: number },
  candidates: Candidates,
): Int32Array {
  // Opcodes that the primary opcode alone decides, and those without instruction: one list for every key.
  if (patterns.every((p) => opcode(p).mask === 0))
    return new Int32Array(1 << bits).fill(candidates.place(patterns));
  const all = (1 << bits) - 1;
  const lists: (Pattern[] | undefined)[] = Array<undefined>(1 << bits).fill(undefined);
  for (const pattern of patterns) {
    const { match, mask } = opcode(pattern);
    const free = all & ~mask;
    // Every subset of the free bits, from all of them down to none.
    for (let subset = free; ; subset = (subset - 1) & free) {
      (lists[(match & mask) | subset] ??= []).push(pattern);
      if (subset === 0) break;
    }
  }
  return Int32Array.from(lists, (list) => candidates.place(list ?? []));
}

/** The key of a prefixed image: type and subtype of the prefix, primary opcode of the suffix. */
const prefixKey = (prefix: number, suffix: number): number => (((prefix >>> 22) & 15) << 6) | (suffix >>> 26);

const wordOpcode = (p: Pattern) => ({ match: p.matchLo & XO_MASK, mask: p.maskLo & XO_MASK });
const prefixedOpcode = (p: Pattern) => ({
  match: prefixKey(p.matchHi, p.matchLo),
  mask: prefixKey(p.maskHi, p.maskLo),
});

/** The tables of all primary opcodes, by the last bits; those without instruction share one. */
function wordTables(patterns: readonly Pattern[], candidates: Candidates): Int32Array[] {
  const none = keyTable(XO_BITS, [], wordOpcode, candidates);
  return Array.from({ length: OPCODES }, (_, po) => {
    const own = patterns.filter((p) => p.matchLo >>> 26 === po);
    return own.length === 0 ? none : keyTable(XO_BITS, own, wordOpcode, candidates);
  });
}

/**
 * Builds a decoder for the rows that `filter` lets through. Where two rows match one image the more specific one (more
 * fixed bits) wins.
 *
 * @example
 * const decoder = createDecoder((row) => hasRow({ level: 'v3.0B', features: new Set() }, row));
 * INSTRUCTIONS[decoder.decode(0x4e800020, 0)]!.mnemonic; // 'bclr'
 */
export function createDecoder(filter: (row: InsnRow) => boolean): Decoder {
  const patterns = orderedPatterns(filter);
  const isPrefixed = (p: Pattern): boolean => INSTRUCTIONS[p.index]!.size === 64;
  const candidates = new Candidates();
  const prefixed = keyTable(PREFIX_BITS, patterns.filter(isPrefixed), prefixedOpcode, candidates);
  const tables = wordTables(
    patterns.filter((p) => !isPrefixed(p)),
    candidates,
  );
  const index = candidates.column('index');
  const [maskHi, matchHi] = [candidates.column('maskHi'), candidates.column('matchHi')];
  const [maskLo, matchLo] = [candidates.column('maskLo'), candidates.column('matchLo')];

  return {
    decode(word, suffix) {
      const po = word >>> 26;
      if (po !== PREFIX_OPCODE) {
        let i = tables[po]![word & XO_MASK]!;
        while ((word & maskLo[i]!) !== matchLo[i]) i++;
        return index[i]!;
      }
      let i = prefixed[prefixKey(word, suffix)]!;
      while ((word & maskHi[i]!) !== matchHi[i] || (suffix & maskLo[i]!) !== matchLo[i]) i++;
      return index[i]!;
    },
  };
}
