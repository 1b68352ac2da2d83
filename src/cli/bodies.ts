/** What the commands that run machines do, by name. */
import { InternalError } from '../core/errors';
import type { CommandBodies } from './command';

const missing = (name: string) => (): Promise<number> =>
  Promise.reject(new InternalError(`${name} is not connected: see src/cli/bodies.ts`));

export const BODIES: CommandBodies = {
  runBoot: missing('boot'),
  runWalk: missing('walk'),
  runDemo: missing('demo'),
};
