/** Gives fast-check the seed of the run; a property that names one of its own keeps it. */
import * as fc from 'fast-check';
import { SEED } from './random';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED });
