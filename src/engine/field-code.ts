/** Fields of the instruction word, by the place that its form gives them: generated code takes them out as it runs. */
import { fieldBits } from '../../isa/vocabulary/forms';
import { fieldWidth } from '../../isa/vocabulary/field-bits';
import type { InsnRow } from '../../isa/vocabulary/row';
import { RECORD } from '../state/layout';
import { emitOperator } from './operators';
import { IP } from './parameters';
import { OP } from './wasm/opcodes';
import type { Code } from './wasm/module';

export class FieldCode {
  /** Locals that the instruction is in. */
  readonly word: number;
  readonly suffix: number | undefined;

  constructor(
    private readonly code: Code,
    private readonly row: InsnRow,
    length: 'word' | 'prefixed',
  ) {
    this.word = code.local('i32');
    code.get(IP).memory(OP.i32Load, RECORD.word).set(this.word);
    if (length === 'prefixed') {
      this.suffix = code.local('i32');
      code
        .get(IP)
        .memory(OP.i32Load, RECORD.size + RECORD.word)
        .set(this.suffix);
    }
  }

  /** Pushes the value of a field. */
  push(name: string, kind: 'signed' | 'unsigned'): void {
    const { code } = this;
    const pieces = fieldBits(this.row.form, name);
    const width = fieldWidth(pieces);
    let below = width;
    pieces.forEach(([from, to], i) => {
      below -= to - from + 1;
      this.piece(from, to, below);
      if (i) emitOperator(code, 'i32.or');
    });
    if (kind === 'signed' && width === 16) emitOperator(code, 'i32.sext16');
    else if (kind === 'signed' && width < 32) {
      code.i32(32 - width);
      emitOperator(code, 'i32.shl');
      code.i32(32 - width);
      emitOperator(code, 'i32.shrS');
    } else if (width > 32) throw new Error(`field ${name} of ${width} bits is read as a doubleword`);
  }

  /** Pushes an unsigned field << shift, with one shift and one mask; false: it is of several pieces, nothing is emitted. */
  scaled(name: string, shift: number): boolean {
    const pieces = fieldBits(this.row.form, name);
    if (pieces.length !== 1) return false;
    const [from, to] = pieces[0]!;
    this.piece(from, to, shift);
    return true;
  }

  /** Pushes bits from..to of the instruction, right-aligned and then moved left by `shift`. */
  private piece(from: number, to: number, shift: number): void {
    const { code } = this;
    const inSuffix = from >= 32;
    const right = 31 - (to & 31) - shift;
    code.get(inSuffix ? this.suffix! : this.word);
    if (right) {
      code.i32(Math.abs(right));
      emitOperator(code, right > 0 ? 'i32.shrU' : 'i32.shl');
    }
    const mask = (2 ** (to - from + 1) - 1) * 2 ** shift;
    if (from % 32 !== 0 || right < 0) {
      code.i32(mask | 0);
      emitOperator(code, 'i32.and');
    }
  }
}
