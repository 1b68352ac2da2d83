/** What every directive is. The directives are in `directives.ts` and `data-directives.ts`. */
import type { Location } from './errors';
import type { TokenReader } from './expression';
import type { Program } from './program';

/** What a directive works on. */
export interface DirectiveUse {
  /** Its operands. */
  readonly reader: TokenReader;
  readonly program: Program;
  readonly location: Location;
  /** True in sections of code: alignment is filled with nops. */
  readonly inCode: boolean;
}

export type Directive = (use: DirectiveUse) => void;
