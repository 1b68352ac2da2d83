/** Functions in TypeScript that the woven cycle model calls: what is rare. `woven.ts` has them. */
import type { ModuleBuilder, Signature } from '../engine/wasm/module';

/** Functions in TypeScript that woven code calls. */
export interface WovenImports {
  /** Makes state exact before the instruction at the record, and gives the status to leave with. */
  timeLeave(cpu: number, record: number, left: number): number;
  /** Fetches a line that the fast path did not find. */
  timeFetch(cpu: number, record: number): void;
  /** Issues an instruction whose template does not say everything. */
  timeIssue(cpu: number, record: number): void;
  /** An access whose page or alignment is out of the ordinary; `what`: bytes, and flags. */
  timeAccess(cpu: number, record: number, eaHi: number, eaLo: number, real: number, what: number): void;
}

const IMPORTS: Readonly<Record<keyof WovenImports, Signature>> = {
  timeLeave: { params: ['i32', 'i32', 'i32'], results: ['i32'] },
  timeFetch: { params: ['i32', 'i32'], results: [] },
  timeIssue: { params: ['i32', 'i32'], results: [] },
  timeAccess: { params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], results: [] },
};

/** `what` of an access. */
export const STORE_FLAG = 256;
export const CONDITIONAL_FLAG = 512;
export const ZERO_FLAG = 1024;

export type ImportNumbers = Readonly<Record<keyof WovenImports, number>>;

export function declareTimingImports(builder: ModuleBuilder): ImportNumbers {
  const entries = Object.entries(IMPORTS).map(([name, type]) => [name, builder.importFunction(name, type)]);
  return Object.fromEntries(entries) as ImportNumbers;
}
