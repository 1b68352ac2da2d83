import fs from 'node:fs';
import path from 'node:path';
import { readImage } from '../../src/loader';
import { Machine } from '../../src/machine/machine';
import { MICROWATT_MACHINE } from '../../src/machine/microwatt';
import { registerFile } from '../../src/machine/registers';
import { temporaryFolder } from '../support/folder';
import { describeWith, oracle, unpack } from '../support/oracle';

/** Every numbered program ends well before this. */
const BUDGET = 100_000;

/** Lines of an `.out` file without the prefix that simulators put before them; GPR31 is not compared. */
const expectedRegisters = (file: string): string[] =>
  fs
    .readFileSync(file, 'latin1')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf(': ') + 1).trim())
    .filter((line) => /^\S+ [0-9A-F]{16}$/.test(line) && !line.startsWith('GPR31'))
    .sort();

describeWith(oracle('microwatt'), "Microwatt's numbered programs", (folder) => {
  const counts = fs
    .readFileSync(path.join(folder, 'cycles-1-500.csv'), 'latin1')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').slice(0, 2).map(Number) as [number, number]);
  const file = temporaryFolder();
  let programs = '';

  beforeAll(() => {
    programs = unpack(path.join(folder, 'tests-1-500.tar.xz'), file(''));
  });

  test('there are 500 of them', () => expect(counts).toHaveLength(500));

  test.each(counts)(
    'program %d ends with the expected registers after %d instructions',
    (n, instructions) => {
      const machine = new Machine({ description: MICROWATT_MACHINE, output: () => undefined });
      const name = path.join(programs, `${n}.bin`);
      machine.load(readImage(name, new Uint8Array(fs.readFileSync(name))));
      expect(machine.run(BUDGET).end).toEqual({ kind: 'attn' });
      const registers = registerFile(machine.cpus[0]!).filter((line) => !line.startsWith('GPR31'));
      expect(registers.sort()).toEqual(expectedRegisters(path.join(programs, `${n}.out`)));
      expect(machine.instructions).toBe(BigInt(instructions));
    },
  );
});
