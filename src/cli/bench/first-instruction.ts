/**
 * Run by `book3s bench cpu` in a process of its own: makes a machine, executes the first instruction of an image, and
 * prints the milliseconds since the process was started.
 */
import fs from 'node:fs';
import { performance } from 'node:perf_hooks';
import { readImage } from '../../loader';
import { Machine } from '../../machine/machine';
import { POWERNV_MACHINE } from '../../machine/powernv';

const [, , file] = process.argv;
const machine = new Machine({ description: POWERNV_MACHINE, output: () => undefined });
machine.load(readImage(file!, new Uint8Array(fs.readFileSync(file!)), { entry: 0x10n }));
machine.run(1);
const elapsed = performance.now();
if (machine.instructions !== 1n) throw new Error('the first instruction did not complete');
process.stdout.write(`${elapsed}\n`);
