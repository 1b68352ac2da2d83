/** Rows of the vector facility: what the forms of VMX (Power ISA Book I, 6.6) have in common. */
import { insn, type InsnRow, type IsaLevel, type RowProperties, type TimingClass } from './row';
import { def, setCrField, when, type Sem } from './stmt';
import { and, eq, field, i32, i64, ne, or, shl, type I32 } from './expr';
import { dw0, dw1, setVr, vr, type Vector } from './vector';

export interface VectorProperties {
  readonly level?: IsaLevel;
  readonly timing?: TimingClass;
}

/** Properties of a VMX instruction; POWER6 was the first server processor with them. */
export const vectorProperties = (properties: VectorProperties = {}): RowProperties => ({
  level: 'v2.03',
  feature: 'vector',
  facility: 'VEC',
  timing: 'vector',
  ...properties,
});
const PO = 4;

export const [A, B, C, T] = [vr('VRA'), vr('VRB'), vr('VRC'), vr('VRT')];
export const set = (value: Vector): Sem => setVr('VRT', value);

/** VRT from VRA and VRB. */
export const binary = (name: string, XO: number, sem: Sem, properties: VectorProperties = {}): InsnRow =>
  insn(name, 'VX', { PO, XO }, 'VRT,VRA,VRB', vectorProperties(properties), sem);

/** VRT from VRB; EO is more of the opcode where the place of VRA holds it. */
export const unary = (
  name: string,
  opcode: number | readonly [XO: number, EO: number],
  sem: Sem,
  properties: VectorProperties = {},
): InsnRow => {
  const fixed = typeof opcode === 'number' ? { PO, XO: opcode } : { PO, XO: opcode[0], EO: opcode[1] };
  return insn(name, 'VX', fixed, 'VRT,VRB', vectorProperties(properties), sem);
};

/** VRT from VRA, VRB and VRC. */
export const ternary = (name: string, XO: number, sem: Sem, properties: VectorProperties = {}): InsnRow =>
  insn(name, 'VA', { PO, XO }, 'VRT,VRA,VRB,VRC', vectorProperties(properties), sem);

/** Other operands. */
export const vx = (
  name: string,
  opcode: Readonly<Record<string, number>>,
  operands: string,
  [properties, sem]: readonly [VectorProperties, Sem],
): InsnRow => insn(name, 'VX', { PO, ...opcode }, operands, vectorProperties(properties), sem);

/** What Rc=1 makes of comparisons (6.9.3): every element true, 0, none true, 0. */
const summary = (result: Vector): I32 => {
  const all = eq(and(dw0(result), dw1(result)), i64(-1n));
  const some = ne(or(dw0(result), dw1(result)), i64(0));
  return or(shl(all, i32(3)), shl(eq(some, i32(0)), i32(1)));
};
/** The CR field of the vector facility. */
export const CR6 = i32(6);
/** VRT from a comparison of VRA and VRB: a true element is all ones, and Rc=1 summarises into CR6. */
export const comparison = (
  name: string,
  XO: number,
  value: Vector,
  properties: VectorProperties = {},
): InsnRow =>
  insn(
    name, 'VC', { PO, XO }, 'VRT,VRA,VRB', { ...vectorProperties(properties), suffixes: ['Rc'] },
    def(value, (result) => [set(result), when(field('Rc'), setCrField(CR6, summary(result)))]),
  ); // prettier-ignore
