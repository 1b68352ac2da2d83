/** What the commands that run machines do, by name. */
import type { CommandBodies } from './command';
import { runDemo } from './demo/demo';
import { runBoot } from './session';
import { runWalk } from './walk-body';

export const BODIES: CommandBodies = { runBoot, runWalk, runDemo };
