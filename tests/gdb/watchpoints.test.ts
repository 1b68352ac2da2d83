/** Watchpoints: they stop before the access, whoever carries it out. */
import fc from 'fast-check';
import { MSR } from '../../isa/registers/msr';
import { maskOf } from '../../src/core/bits';
import { GdbClient } from '../support/gdb-client';
import { Guest, runGuest } from '../support/guest';
import { allRegisters } from '../../src/machine/registers';
import { program, type ProgramOptions } from '../support/program';

const ATTN = { kind: 'attn' };

function debugged(source: string, options: ProgramOptions = {}) {
  const guest = program(source, options);
  guest.cpu.state.setGpr(4, 0x8000n);
  guest.cpu.msr |= maskOf(MSR.FP, MSR.VEC, MSR.VSX);
  guest.machine.execution.memoryReplaced();
  return { guest, client: new GdbClient(guest.machine) };
}

const NAMES = { '2': 'watch', '3': 'rwatch', '4': 'awatch' } as const;

/** An instruction, its accesses to 0x8000 (r4), and their bytes. */
const ACCESSES: readonly (readonly [string, { reads?: number; writes?: number }])[] = [
  ['stb 5, 0(4)', { writes: 1 }],
  ['std 5, 0(4)', { writes: 8 }],
  ['stdu 5, 0(4)', { writes: 8 }],
  ['lwz 5, 0(4)', { reads: 4 }],
  ['lfd 5, 0(4)', { reads: 8 }],
  ['stxv 34, 0(4)', { writes: 16 }],
  ['lxv 34, 0(4)', { reads: 16 }],
  ['lq 6, 0(4)', { reads: 16 }],
  ['dcbz 0, 4', { writes: 128 }],
  ['stmw 28, 0(4)', { writes: 16 }],
  ['lmw 28, 0(4)', { reads: 16 }],
  ['ldarx 5, 0, 4', { reads: 8 }],
  ['stdat 5, 4, 0', { writes: 8 }],
];

/**
 * Stops before `instruction` at a place whose page was accessed before and after it is watched, so that generated code
 * would do it by itself.
 */
function stopsAt(instruction: string, packet: string): boolean {
  const { guest, client } = debugged(
    `start: std 31, 8(4)\n ld 31, 8(4)\n ld 31, 0x800(4)\n std 31, 0x800(4)\n${instruction}\n attn`,
  );
  guest.machine.run(2);
  expect(client.ask(packet)).toBe('OK');
  const before = [...guest.bytes(0x8000, 128)];
  const end = client.run('vCont;c');
  if (typeof end !== 'string') {
    expect(end).toEqual(ATTN);
    return false;
  }
  const [, type, ea] = /^Z(.),([^,]*)/.exec(packet)!;
  expect(end).toBe(`T05thread:1;${NAMES[type as '2']}:${ea};`);
  expect([guest.cpu.nia, [...guest.bytes(0x8000, 128)]]).toEqual([16n, before]);
  // It goes on with the access, though the watchpoint is still there.
  const after = client.run('vCont;c');
  expect(after).toEqual(ATTN);
  return true;
}

test.each(ACCESSES)('%s is watched', (instruction, { reads = 0, writes = 0 }) => {
  const bytes = Math.max(reads, writes);
  const last = (0x8000 + bytes - 1).toString(16);
  for (const at of ['8000', last]) {
    expect(stopsAt(instruction, `Z2,${at},1`)).toBe(writes > 0);
    expect(stopsAt(instruction, `Z3,${at},1`)).toBe(reads > 0);
    expect(stopsAt(instruction, `Z4,${at},1`)).toBe(true);
  }
  expect(stopsAt(instruction, `Z4,${(0x8000 + bytes).toString(16)},8`)).toBe(false);
  expect(stopsAt(instruction, 'Z4,7ff8,8')).toBe(false);
  expect(stopsAt(instruction, 'Z4,7ff8,9')).toBe(true);
});

test('an atomic update is a store', () => {
  expect(stopsAt('ldat 6, 4, 0', 'Z2,8000,8')).toBe(true);
});

test('a step of what is watched stops before it once, and then does it', () => {
  const { guest, client } = debugged('start: std 5, 0(4)\n attn');
  guest.cpu.state.setGpr(5, 9n);
  client.ask('Z2,8004,4');
  expect(client.run('vCont;s:1')).toBe('T05thread:1;watch:8004;');
  expect(guest.cpu.nia).toBe(0n);
  expect(client.run('vCont;s:1')).toBe('T05thread:1;');
  expect([guest.cpu.nia, guest.memory(0x8000, 8)]).toEqual([4n, 9n]);
});

test('a watchpoint that is removed stops nothing', () => {
  const { client } = debugged('start: std 5, 0(4)\n attn');
  client.ask('Z2,8000,8');
  expect(client.ask('z2,8000,8')).toBe('OK');
  expect(client.run('vCont;c')).toEqual(ATTN);
});

test('what faults is not accessed: the interrupt comes first', () => {
  const { guest, client } = debugged('start: std 5, 0(4)\n attn\n .org 0x300\n attn');
  guest.cpu.msr |= MSR.DR.mask;
  guest.machine.execution.memoryReplaced();
  client.ask('Z2,8000,8');
  client.run('vCont;c');
  expect(guest.cpu.nia).not.toBe(0n);
});

test('a machine that was stopped by watchpoints anywhere ends as one that was not', () => {
  const whole = runGuest('hypervisor.s');
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.integer({ min: 0, max: 0x100000 }),
          fc.integer({ min: 1, max: 0x1000 }),
          fc.constantFrom('2', '3', '4'),
        ),
        { maxLength: 6 },
      ),
      (watched) => {
        const guest = new Guest('hypervisor.s');
        const client = new GdbClient(guest.machine);
        for (const [ea, length, type] of watched)
          client.ask(`Z${type},${ea.toString(16)},${length.toString(16)}`);
        let end = client.run('vCont;c');
        while (typeof end === 'string') end = client.run('vCont;c');
        expect(end).toEqual(whole.end);
        expect([guest.console, guest.machine.instructions]).toEqual([whole.console, whole.instructions]);
        expect(allRegisters(guest.machine.cpus[0]!)).toEqual(whole.registers);
      },
    ),
    { numRuns: 8 },
  );
});
