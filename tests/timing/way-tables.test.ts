/** Tables whose entries stay in their ways: generated code against TypeScript, for any sequence of questions. */
import fc from 'fast-check';
import { WASM } from '../../src/engine/wasm/api';
import { ModuleBuilder } from '../../src/engine/wasm/module';
import { offsetOf } from '../../src/state/layout';
import { TreeTable } from '../../src/timing/tree-tables';
import { WayHelper } from '../../src/timing/weave-ways';

/** Words of the region before the table; where the region lies; the CPU is at 0. */
const AT = 5;
const REGION = 0x8000;
const CPU = 0;
const memory = new WASM.Memory({ initial: 1, maximum: 1 });
const words = new Int32Array(memory.buffer);

interface Functions {
  find(cpu: number, set: number, tag: bigint): number;
  insert(cpu: number, set: number, tag: bigint): void;
}

function generated(sets: number, ways: number): Functions {
  const builder = new ModuleBuilder();
  const helper = new WayHelper(builder, { at: AT, sets, ways });
  builder.export('find', helper.find);
  builder.export('insert', helper.insert);
  const table = new WASM.Table({ element: 'anyfunc', initial: 0 });
  const module = new WASM.Module(builder.encode(0));
  return new WASM.Instance(module, { env: { memory, table } }).exports as unknown as Functions;
}

const questions = fc.array(
  fc.record({ set: fc.nat(1), hi: fc.nat(1), lo: fc.integer({ min: 1, max: 12 }), drops: fc.nat(9) }),
  { minLength: 1, maxLength: 200 },
);

test.each([1, 2, 4, 8, 32])('%d ways', (ways) => {
  const functions = generated(2, ways);
  fc.assert(
    fc.property(questions, (asked) => {
      const obvious = new TreeTable(2, ways);
      const table = new TreeTable(2, ways, words, REGION / 4 + AT);
      words[(CPU + offsetOf('TIMINGBASE')) / 4] = REGION;
      for (const { set, hi, lo, drops } of asked) {
        const tag = (BigInt(hi) << 32n) | BigInt(lo);
        const way = obvious.find(set, hi, lo);
        expect(functions.find(CPU, set, tag)).toBe(way);
        if (way < 0) {
          obvious.insert(set, hi, lo);
          functions.insert(CPU, set, tag);
        } else if (drops === 0) for (const each of [obvious, table]) each.drop(set, hi, lo);
      }
    }),
  );
});
