/** Rows of the vector facility: what the forms of VMX (Power ISA Book I, 6.6) have in common. */
import { insn, type InsnRow, type IsaLevel, type RowProperties, type TimingClass } from './row';
import type { Sem } from './stmt';
import { setVr, vr, type Vector } from './vector';

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
