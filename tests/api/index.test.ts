import * as book3s from '../../src/index';

test("the example of the API's documentation runs", () => {
  const { assemble, Machine, POWERNV_MACHINE, readImage } = book3s;
  const { bytes } = assemble('li 3, 42\nattn');
  const machine = new Machine({ description: POWERNV_MACHINE, memory: 1 << 20, output: () => undefined });
  machine.load(readImage('example', bytes));
  machine.run(100);
  expect(machine.cpus[0]!.state.gpr(3)).toBe(42n);
});
