/** Hypercalls one by one: what they do and every status that they give. */
import { MSR } from '../../../isa/registers/msr';
import { PENDING, STOPPED, isPending } from '../../../src/cpu/pending';
import { HYPERCALL_ROWS } from '../../../src/kvm/hypercalls/rows';
import { H, statusName } from '../../../src/kvm/hypercalls/status';
import { HypercallTable } from '../../../src/kvm/hypercalls/table';
import { offsetOf } from '../../../src/state/layout';
import { GUEST, TestGuest } from './support';

const status = (value: number): bigint => BigInt(value);
const STOPPED_AT = offsetOf('STOPPED');
const ALL = -1;
const VPA = (n: number): bigint => BigInt(n) << 45n;
const bytesOf = (text: string): number[] => [...text].map((c) => c.charCodeAt(0));

describe('rows', () => {
  it('have numbers and names once each, and multiples of 4', () => {
    expect(new Set(HYPERCALL_ROWS.map(({ number }) => number)).size).toBe(HYPERCALL_ROWS.length);
    expect(new Set(HYPERCALL_ROWS.map(({ name }) => name)).size).toBe(HYPERCALL_ROWS.length);
    for (const { number } of HYPERCALL_ROWS) expect(number % 4).toBe(0);
  });

  it('are needed for a handler, and each has one at most', () => {
    const table = new HypercallTable();
    expect(() => table.add({ H_NO_SUCH: () => 0 })).toThrow('H_NO_SUCH');
    table.add({ H_CEDE: () => 0 });
    expect(() => table.add({ H_CEDE: () => 0 })).toThrow('two handlers');
  });

  it('name statuses', () => {
    expect(statusName(BigInt.asUintN(64, -4n))).toBe('H_PARAMETER');
    expect(statusName(0xe00n)).toBe('0xe00');
  });
});

describe('numbers that nobody answers', () => {
  it.each([0x0, 0x2, 0x60, 0x3a8, 0x47c, 0xf00c, 0xffff])('%i is H_FUNCTION', (number) => {
    expect(new TestGuest().call(number)).toBe(status(H.FUNCTION));
  });

  it('of more than 16 bits are H_FUNCTION, also where the low half is a number', () => {
    const guest = new TestGuest();
    guest.cpu().state.setGpr(3, 0x1_0000_0058n);
    guest.cpu().state.setGpr(5, 1n);
    guest.interrupt('systemCall', { level: 1, resume: 0x104n });
    expect(BigInt.asIntN(64, guest.cpu().state.gpr(3))).toBe(status(H.FUNCTION));
    expect(guest.output).toBe('');
  });
});

describe('sc 1', () => {
  it('goes on after the instruction', () => {
    const guest = new TestGuest();
    guest.call('H_RANDOM');
    expect(guest.cpu().nia).toBe(0x104n);
    expect(guest.taken).toEqual([]);
  });

  it('of problem state is a privileged program interrupt, and nothing is done', () => {
    const guest = new TestGuest();
    const cpu = guest.cpu();
    cpu.msr |= MSR.PR.mask;
    cpu.state.setGpr(3, 0x58n);
    cpu.state.setGpr(5, 1n);
    guest.interrupt('systemCall', { level: 1, resume: 0x104n });
    expect(guest.output).toBe('');
    expect(guest.taken).toMatchObject([{ interrupt: 'program', resume: 0x100n }]);
    expect(guest.taken[0]!.status & 0x40000n).toBe(0x40000n);
    expect(cpu.state.gpr(3)).toBe(0x58n);
  });
});

describe('terminal', () => {
  it('prints up to 16 bytes from two registers', () => {
    const guest = new TestGuest();
    const put = (length: number, unit = 0x71000000): bigint =>
      guest.call('H_PUT_TERM_CHAR', [unit, length, 0x4142434445464748n, 0x494a4b4c4d4e4f50n]);
    expect(put(3)).toBe(0n);
    expect(put(16, 0)).toBe(0n);
    expect(put(0)).toBe(0n);
    expect(guest.output).toBe('ABCABCDEFGHIJKLMNOP');
    expect(put(17)).toBe(status(H.PARAMETER));
    expect(put(-1)).toBe(status(H.PARAMETER));
    expect(put(1, 0x71000001)).toBe(status(H.PARAMETER));
    expect(guest.output.length).toBe(19);
  });

  it('gives what was typed, 16 bytes at a time', () => {
    const guest = new TestGuest();
    guest.l0.console.receive(Uint8Array.from(bytesOf('0123456789abcdefX')));
    expect(guest.call('H_GET_TERM_CHAR', [0])).toBe(0n);
    expect([guest.out(0), guest.out(1), guest.out(2)]).toEqual([
      16n,
      0x3031323334353637n,
      0x3839616263646566n,
    ]);
    expect(guest.call('H_GET_TERM_CHAR', [0x71000000])).toBe(0n);
    expect([guest.out(0), guest.out(1)]).toEqual([1n, 0x5800000000000000n]);
    expect(guest.call('H_GET_TERM_CHAR', [0])).toBe(0n);
    expect(guest.out(0)).toBe(0n);
    expect(guest.call('H_GET_TERM_CHAR', [1])).toBe(status(H.PARAMETER));
  });

  it('takes no more input than it can keep', () => {
    const { l0 } = new TestGuest();
    expect(l0.console.receive(new Uint8Array(5000))).toBe(4096);
    expect(l0.console.receive(new Uint8Array(1))).toBe(0);
  });
});

describe('waiting and waking', () => {
  const stopped = (guest: TestGuest, cpu = 0): number => guest.cpu(cpu).state.int(STOPPED_AT);

  it('H_CEDE waits with external interrupts enabled', () => {
    const guest = new TestGuest();
    expect(guest.call('H_CEDE')).toBe(0n);
    expect(guest.cpu().inState(MSR.EE)).toBe(true);
    expect(stopped(guest)).toBe(STOPPED.UNTIL_EXCEPTION);
  });

  it('H_PROD before H_CEDE lets it return at once, once', () => {
    const guest = new TestGuest();
    expect(guest.call('H_PROD', [0])).toBe(0n);
    guest.call('H_CEDE');
    expect(stopped(guest)).toBe(STOPPED.RUNNING);
    guest.call('H_CEDE');
    expect(stopped(guest)).toBe(STOPPED.UNTIL_EXCEPTION);
  });

  it('H_PROD wakes, and does not start one that was never started', () => {
    const guest = new TestGuest({ cpus: 3 });
    guest.rtas(0x2006, [1, 0x1000, 7], 1);
    guest.call('H_CEDE', [], 1);
    expect(guest.call('H_PROD', [1])).toBe(0n);
    expect(stopped(guest, 1)).toBe(STOPPED.RUNNING);
    expect(guest.call('H_PROD', [2])).toBe(0n);
    expect(stopped(guest, 2)).toBe(STOPPED.CEDED);
    expect(guest.call('H_PROD', [3])).toBe(status(H.PARAMETER));
    expect(guest.call('H_PROD', [ALL])).toBe(status(H.PARAMETER));
  });

  it('H_CONFER takes a vCPU or all', () => {
    const guest = new TestGuest();
    expect(guest.call('H_CONFER', [1, 1])).toBe(0n);
    expect(guest.call('H_CONFER', [ALL])).toBe(0n);
    expect(guest.call('H_CONFER', [2])).toBe(status(H.PARAMETER));
  });

  it('H_JOIN waits for H_PROD, and the last one goes on', () => {
    const guest = new TestGuest();
    guest.rtas(0x2006, [1, 0x1000, 0], 1);
    expect(guest.call('H_JOIN', [], 1)).toBe(0n);
    expect(stopped(guest, 1)).toBe(STOPPED.CEDED);
    expect(guest.call('H_JOIN')).toBe(status(H.CONTINUE));
    expect(stopped(guest)).toBe(STOPPED.RUNNING);
    guest.call('H_PROD', [1]);
    expect(stopped(guest, 1)).toBe(STOPPED.RUNNING);
    guest.cpu(1).msr |= MSR.EE.mask;
    expect(guest.call('H_JOIN', [], 1)).toBe(status(H.BAD_MODE));
  });

  it('H_SIGNAL_SYS_RESET reaches those that run', () => {
    const guest = new TestGuest({ cpus: 3 });
    guest.rtas(0x2006, [1, 0x1000, 0], 1);
    const pending = (): boolean[] => guest.cpus.map((cpu) => isPending(cpu, PENDING.SYSTEM_RESET));
    expect(guest.call('H_SIGNAL_SYS_RESET', [-2])).toBe(0n);
    expect(pending()).toEqual([false, true, false]);
    expect(guest.call('H_SIGNAL_SYS_RESET', [ALL])).toBe(0n);
    expect(pending()).toEqual([true, true, false]);
    expect(guest.call('H_SIGNAL_SYS_RESET', [3])).toBe(status(H.PARAMETER));
  });

  it("a system reset that is delivered is the guest's own", () => {
    const guest = new TestGuest();
    guest.interrupt('systemReset');
    expect(guest.taken).toMatchObject([{ interrupt: 'systemReset', handler: 0x100n }]);
    expect(guest.cpu().inState(MSR.HV)).toBe(false);
  });
});

describe('H_SET_MODE', () => {
  const set = (guest: TestGuest, ...args: (number | bigint)[]): bigint => guest.call('H_SET_MODE', args);
  const lpcr = (guest: TestGuest, cpu = 0): bigint => guest.cpu(cpu).state.named('LPCR');
  const UNSUPPORTED = -256n;

  it('sets the byte order of interrupts on every vCPU', () => {
    const guest = new TestGuest();
    expect(set(guest, 1, 4)).toBe(0n);
    expect([lpcr(guest) & 0x2000000n, lpcr(guest, 1) & 0x2000000n]).toEqual([0x2000000n, 0x2000000n]);
    expect(set(guest, 0, 4)).toBe(0n);
    expect(lpcr(guest, 1) & 0x2000000n).toBe(0n);
    expect(set(guest, 2, 4)).toBe(UNSUPPORTED);
    expect(set(guest, 1, 4, 1)).toBe(status(H.P3));
    expect(set(guest, 1, 4, 0, 1)).toBe(status(H.P4));
  });

  it('sets AIL 0 and 3', () => {
    const guest = new TestGuest();
    expect(set(guest, 3, 3)).toBe(0n);
    expect(lpcr(guest, 1) & 0x1800000n).toBe(0x1800000n);
    expect(set(guest, 0, 3)).toBe(0n);
    expect(lpcr(guest) & 0x1800000n).toBe(0n);
    for (const ail of [1, 2, 4, ALL]) expect(set(guest, ail, 3)).toBe(UNSUPPORTED);
    expect(set(guest, 3, 3, 1)).toBe(status(H.P3));
    expect(set(guest, 3, 3, 0, 1)).toBe(status(H.P4));
  });

  it('sets CIABR, but not to match in the hypervisor', () => {
    const guest = new TestGuest();
    expect(set(guest, 0, 1, 0x1002)).toBe(0n);
    expect(guest.cpu().state.named('CIABR')).toBe(0x1002n);
    expect(set(guest, 0, 1, 0x1003)).toBe(status(H.P3));
    expect(set(guest, 0, 1, 0, 1)).toBe(status(H.P4));
    expect(set(guest, 1, 1)).toBe(UNSUPPORTED);
    expect(guest.cpu().state.named('CIABR')).toBe(0x1002n);
  });

  it('sets as many watchpoints as the model has', () => {
    const guest = new TestGuest();
    expect(set(guest, 0, 2, 0x1000, 3)).toBe(0n);
    expect(guest.cpu().state.named('DAWR0')).toBe(0x1000n);
    expect(set(guest, 0, 2, 0, 4)).toBe(status(H.P4));
    expect(set(guest, 1, 2)).toBe(UNSUPPORTED);
    expect(set(guest, 0, 5, 0x1000, 3)).toBe(status(H.P2));
    expect(set(new TestGuest({ model: 'power10' }), 0, 5, 0x1000, 3)).toBe(0n);
  });

  it.each([0, 6, 0x100000004n, ALL])('knows no resource %p', (resource) => {
    expect(set(new TestGuest(), 0, resource)).toBe(status(H.P2));
  });
});

describe('H_REGISTER_PROC_TBL', () => {
  const register = (guest: TestGuest, ...args: (number | bigint)[]): bigint =>
    guest.call('H_REGISTER_PROC_TBL', args);

  it('writes the partition table entry and flushes the partition', () => {
    const guest = new TestGuest();
    guest.invalidations.length = 0;
    expect(register(guest, 0x1d, 0x10000, 0, 4)).toBe(0n);
    expect(guest.l0.partitions.get(guest.l0.lpid)[1]).toBe(0x8000000000010004n);
    expect(guest.invalidations).toMatchObject([{ lpid: guest.l0.lpid, structures: 255 }]);
    expect(guest.cpu().state.named('LPCR') & 0x400n).toBe(0x400n);
    expect(register(guest, 0x1c, 0x10000, 0, 4)).toBe(0n);
    expect(guest.cpu(1).state.named('LPCR') & 0x400n).toBe(0n);
  });

  it('keeps and deregisters', () => {
    const guest = new TestGuest();
    register(guest, 0x1d, 0x10000, 0, 4);
    expect(register(guest, 0x5)).toBe(0n);
    expect(guest.l0.processTable).toBe(0x8000000000010004n);
    expect(register(guest, 0x15)).toBe(0n);
    expect(guest.l0.processTable).toBe(0x8000000000000000n);
  });

  it.each([
    ['an unknown flag', [0x20], H.PARAMETER],
    ['an unknown flag far up', [1n << 63n], H.PARAMETER],
    ['radix where the entry is none', [0x4], H.PARAMETER],
    ['a table that is not aligned', [0x1d, 0x10800, 0, 0], H.P2],
    ['a table above 2^60', [0x1d, 1n << 60n, 0, 0], H.P2],
    ['a page size', [0x1d, 0x10000, 1, 0], H.P3],
    ['a size above 2^36', [0x1d, 0x10000, 0, 25], H.P4],
    ['a huge size', [0x1d, 0x10000, 0, ALL], H.P4],
    ['segment tables', [0x1a, 0x10000, 0, 0], H.PARAMETER],
    ['a hash table beyond 2^38', [0x18, 1n << 38n, 0, 0], H.P2],
    ['a hash page size', [0x18, 0, 8, 0], H.P3],
    ['a hash table size', [0x18, 0, 0, 25], H.P4],
  ] as const)('refuses %s', (_what, args, expected) => {
    const guest = new TestGuest();
    const before = guest.l0.partitions.get(guest.l0.lpid);
    expect(register(guest, ...args)).toBe(status(expected));
    expect(guest.l0.partitions.get(guest.l0.lpid)).toEqual(before);
  });
});

describe('H_REGISTER_VPA', () => {
  const register = (
    guest: TestGuest,
    f: number,
    address: number | bigint,
    vcpu: number | bigint = 0,
  ): bigint => guest.call('H_REGISTER_VPA', [VPA(f), vcpu, address]);
  const vpaAt = (guest: TestGuest, address: number, size = 640): void =>
    guest.write(address + 4, [size >> 8, size & 0xff]);

  it('registers and deregisters in order', () => {
    const guest = new TestGuest();
    vpaAt(guest, 0x8000);
    guest.words(0x9000, [0, 0x80]);
    guest.words(0xa000, [0, 0x1000]);
    expect(register(guest, 3, 0x9000)).toBe(status(H.RESOURCE));
    expect(register(guest, 2, 0xa000)).toBe(status(H.RESOURCE));
    expect(register(guest, 1, 0x8000)).toBe(0n);
    expect(register(guest, 3, 0x9000)).toBe(0n);
    expect(register(guest, 2, 0xa000)).toBe(0n);
    expect(guest.l0.vcpus[0]!.vpa).toEqual({ address: 0x8000n, length: 640 });
    expect(register(guest, 5, 0)).toBe(status(H.RESOURCE));
    expect(register(guest, 7, 0)).toBe(0n);
    expect(register(guest, 5, 0)).toBe(status(H.RESOURCE));
    expect(register(guest, 6, 0)).toBe(0n);
    expect(register(guest, 5, 0)).toBe(0n);
    expect(guest.l0.vcpus[0]!.vpa.length).toBe(0);
  });

  it.each([
    ['address 0', 1, 0, 640, H.HARDWARE],
    ['an address that is not aligned', 1, 0x8040, 640, H.PARAMETER],
    ['a size below 640', 1, 0x8000, 639, H.PARAMETER],
    ['an area across 4 KiB', 1, 0x8e00, 640, H.PARAMETER],
    ['an address outside memory', 1, GUEST, 0, H.PARAMETER],
    ['an address at the end of all', 1, 2 ** 52, 0, H.PARAMETER],
    ['a function 0', 0, 0x8000, 640, H.PARAMETER],
    ['a function 4', 4, 0x8000, 640, H.PARAMETER],
  ] as const)('refuses %s', (_what, f, address, size, expected) => {
    const guest = new TestGuest();
    if (size > 0) vpaAt(guest, address, size);
    expect(register(guest, f, address)).toBe(status(expected));
  });

  it('counts yields: odd while the vCPU waits', () => {
    const guest = new TestGuest();
    const counted = (): number | undefined => guest.read(0x8103, 1)[0];
    vpaAt(guest, 0x8000);
    register(guest, 1, 0x8000);
    guest.call('H_CEDE');
    expect(counted()).toBe(1);
    guest.l0.resumed(guest.cpu());
    expect(counted()).toBe(2);
    guest.l0.resumed(guest.cpu());
    expect(counted()).toBe(2);
    guest.call('H_CEDE');
    guest.call('H_PROD', [0], 1);
    expect(counted()).toBe(4);
    guest.write(0x8103, [7]);
    guest.call('H_CEDE');
    expect(counted()).toBe(9);
    guest.l0.mm.vmas.remove(guest.hva, guest.hva + GUEST);
    guest.l0.resumed(guest.cpu());
    expect(guest.l0.vcpus[0]!.isCeded).toBe(false);
  });

  it('refuses a vCPU that does not exist, and shadow and log areas that are none', () => {
    const guest = new TestGuest();
    vpaAt(guest, 0x8000);
    expect(register(guest, 1, 0x8000, 2)).toBe(status(H.PARAMETER));
    expect(register(guest, 1, 0x8000, ALL)).toBe(status(H.PARAMETER));
    register(guest, 1, 0x8000);
    for (const f of [2, 3]) expect(register(guest, f, 0)).toBe(status(H.HARDWARE));
    guest.words(0x9000, [0, 7]);
    expect(register(guest, 3, 0x9000)).toBe(status(H.PARAMETER));
    guest.words(0x9000, [0, 47]);
    expect(register(guest, 2, 0x9000)).toBe(status(H.PARAMETER));
    guest.words(0x9ff8, [0, 16]);
    expect(register(guest, 3, 0x9ff8)).toBe(status(H.PARAMETER));
    guest.words(0x9000, [0, -1]);
    expect(register(guest, 2, 0x9000)).toBe(status(H.PARAMETER));
    expect(register(guest, 1, 0xffffffffffffff80n)).toBe(status(H.PARAMETER));
  });
});

describe('memory', () => {
  it('loads and stores as the size says', () => {
    const guest = new TestGuest();
    guest.write(0x8000, [1, 2, 3, 4, 5, 6, 7, 8]);
    for (const [name, to] of [
      ['H_LOGICAL_CI_LOAD', 'H_LOGICAL_CI_STORE'],
      ['H_LOGICAL_CACHE_LOAD', 'H_LOGICAL_CACHE_STORE'],
    ] as const) {
      const loaded = [1, 2, 4, 8].map((size) => (guest.call(name, [size, 0x8000]), guest.out(0)));
      expect(loaded).toEqual([1n, 0x102n, 0x1020304n, 0x102030405060708n]);
      expect(guest.call(to, [2, 0x9000, 0xaabbccddeeffn])).toBe(0n);
      expect([...guest.read(0x9000, 3)]).toEqual([0xee, 0xff, 0]);
    }
  });

  it.each([
    ['size 0', 0, 0x8000n],
    ['size 3', 3, 0x8000n],
    ['size 16', 16, 0x8000n],
    ['a huge size', -1, 0x8000n],
    ['an address that is not aligned', 8, 0x8004n],
    ['an address past the end', 8, BigInt(GUEST)],
    ['an address at the end of all', 8, 0xfffffffffffffff8n],
  ])('refuses %s', (_what, size, address) => {
    const guest = new TestGuest();
    for (const name of [
      'H_LOGICAL_CI_LOAD',
      'H_LOGICAL_CACHE_LOAD',
      'H_LOGICAL_CI_STORE',
      'H_LOGICAL_CACHE_STORE',
    ])
      expect(guest.call(name, [size, address, 1])).toBe(status(H.PARAMETER));
  });

  it('has cache operations for addresses that are memory', () => {
    const guest = new TestGuest();
    for (const name of ['H_LOGICAL_ICBI', 'H_LOGICAL_DCBF']) {
      expect(guest.call(name, [0x8004])).toBe(0n);
      expect(guest.call(name, [GUEST])).toBe(status(H.PARAMETER));
      expect(guest.call(name, [ALL])).toBe(status(H.PARAMETER));
    }
  });

  it('H_PAGE_INIT zeroes and copies 4K pages', () => {
    const guest = new TestGuest();
    guest.write(0x8000, new Uint8Array(8192).fill(7));
    guest.write(0x20000, [1, 2, 3]);
    expect(guest.call('H_PAGE_INIT', [0x8000, 0x8000])).toBe(0n);
    expect([guest.read(0x8fff, 2)[0], guest.read(0x8fff, 2)[1]]).toEqual([0, 7]);
    expect(guest.call('H_PAGE_INIT', [0xc04000, 0x8000, 0x20000])).toBe(0n);
    expect([...guest.read(0x8000, 4)]).toEqual([1, 2, 3, 0]);
    expect(guest.call('H_PAGE_INIT', [0, 0x8000])).toBe(0n);
    expect(guest.read(0x8000, 1)[0]).toBe(1);
  });

  it.each([
    ['an unknown flag', [1, 0x8000, 0]],
    ['a destination that is not aligned', [0x8000, 0x8800, 0]],
    ['a destination outside memory', [0x8000, GUEST, 0]],
    ['a source that is not aligned', [0x4000, 0x8000, 0x20800]],
    ['a source outside memory', [0x4000, 0x8000, -4096]],
  ])('H_PAGE_INIT refuses %s', (_what, args) => {
    expect(new TestGuest().call('H_PAGE_INIT', args)).toBe(status(H.PARAMETER));
  });

  it('gives random numbers', () => {
    const guest = new TestGuest();
    expect(guest.call('H_RANDOM')).toBe(0n);
    expect(guest.out(0)).toBe(0x123456789abcdef0n);
  });
});

describe('others', () => {
  it('H_SET_SPRG0 sets, H_SET_DABR has none, characteristics ask for nothing', () => {
    const guest = new TestGuest();
    expect(guest.call('H_SET_SPRG0', [0xdeadbeefn])).toBe(0n);
    expect(guest.cpu().state.named('SPRG0')).toBe(0xdeadbeefn);
    expect(guest.call('H_SET_DABR', [0])).toBe(status(H.HARDWARE));
    expect(guest.call('H_GET_CPU_CHARACTERISTICS', [1, 2])).toBe(0n);
    expect([guest.out(0), guest.out(1)]).toEqual([0n, 0n]);
  });
});

describe('interrupt controller', () => {
  const SOURCE = 0x1100;
  const line = (guest: TestGuest, cpu = 0): boolean => isPending(guest.cpu(cpu), PENDING.EXTERNAL);
  const xirr = (guest: TestGuest, cpu = 0): bigint => (guest.call('H_XIRR', [0], cpu), guest.out(0, cpu));

  it('takes an IPI from its line to its end', () => {
    const guest = new TestGuest();
    guest.call('H_CPPR', [0xff], 1);
    expect(guest.call('H_IPI', [1, 4])).toBe(0n);
    expect(line(guest, 1)).toBe(true);
    expect(guest.call('H_IPOLL', [1])).toBe(0n);
    expect([guest.out(0), guest.out(1)]).toEqual([0xff000002n, 4n]);
    expect(xirr(guest, 1)).toBe(0xff000002n);
    expect(line(guest, 1)).toBe(false);
    expect(xirr(guest, 1)).toBe(0x04000000n);
    guest.call('H_IPI', [1, 0xff], 1);
    expect(guest.call('H_EOI', [0xff000002], 1)).toBe(0n);
    expect(line(guest, 1)).toBe(false);
  });

  it('holds back what is not more favoured than the priority', () => {
    const guest = new TestGuest();
    guest.call('H_CPPR', [4]);
    guest.call('H_IPI', [0, 4]);
    expect(line(guest)).toBe(false);
    guest.call('H_CPPR', [5]);
    expect(line(guest)).toBe(true);
  });

  it('delivers an edge once, masked or not', () => {
    const guest = new TestGuest();
    guest.call('H_CPPR', [0xff]);
    guest.l0.xics.pulse(SOURCE);
    expect(line(guest)).toBe(false);
    expect(guest.rtas(0x200a, [SOURCE, 0, 5], 1).results).toEqual([0]);
    expect(line(guest)).toBe(true);
    expect(guest.rtas(0x200c, [SOURCE], 1).results).toEqual([0]);
    expect(line(guest)).toBe(false);
    expect(guest.rtas(0x200b, [SOURCE], 3).results).toEqual([0, 0, 0xff]);
    expect(guest.rtas(0x200d, [SOURCE], 1).results).toEqual([0]);
    expect(guest.rtas(0x200b, [SOURCE], 3).results).toEqual([0, 0, 5]);
    guest.call('H_XIRR_X', [0]);
    expect([guest.out(0), guest.out(1)]).toEqual([0xff001100n, guest.now]);
    guest.call('H_EOI', [0xff001100]);
    expect(line(guest)).toBe(false);
  });

  it.each(['H_IPI', 'H_IPOLL'])('%s refuses servers that do not exist', (name) => {
    const guest = new TestGuest();
    for (const server of [2, ALL, 0x100000000])
      expect(guest.call(name, [server, 0])).toBe(status(H.PARAMETER));
  });

  it.each([
    [0x200a, [0xfff, 0, 5], 1],
    [0x200a, [0x1200, 0, 5], 1],
    [0x200a, [SOURCE, 2, 5], 1],
    [0x200a, [SOURCE, -1, 5], 1],
    [0x200a, [SOURCE, 0, 256], 1],
    [0x200a, [SOURCE, 0, -1], 1],
    [0x200b, [0], 3],
    [0x200c, [-1], 1],
    [0x200d, [0x7fffffff], 1],
  ])('RTAS %i refuses %p', (token, args, results) => {
    expect(new TestGuest().rtas(token, args, results).results[0]).toBe(-3);
  });
});

describe('RTAS', () => {
  it('powers off, restarts, gives up', () => {
    const guest = new TestGuest();
    guest.rtas(0x2003, [-1, -1], 1);
    guest.rtas(0x2004, [], 1);
    guest.rtas(0x2010, [0], 1);
    expect(guest.power.map(({ kind }) => kind)).toEqual(['off', 'reboot', 'crash']);
  });

  it('has a clock that follows the time base', () => {
    const guest = new TestGuest();
    expect(guest.rtas(0x2001, [], 8).results).toEqual([0, 2024, 1, 1, 0, 0, 0, 0]);
    guest.now = 512_000_000n * 90n;
    expect(guest.rtas(0x2001, [], 8).results).toEqual([0, 2024, 1, 1, 0, 1, 30, 0]);
    expect(guest.rtas(0x2002, [2030, 2, 28, 23, 59, 59, 0], 1).results).toEqual([0]);
    guest.now += 512_000_000n;
    expect(guest.rtas(0x2001, [], 8).results).toEqual([0, 2030, 3, 1, 0, 0, 0, 0]);
  });

  it.each([
    [[2030, 2, 29, 0, 0, 0, 0]],
    [[2030, 13, 1, 0, 0, 0, 0]],
    [[1969, 1, 1, 0, 0, 0, 0]],
    [[2030, 1, 1, 24, 0, 0, 0]],
    [[-1, -1, -1, -1, -1, -1, -1]],
  ])('refuses the time %p', (parts) => {
    expect(new TestGuest().rtas(0x2002, parts, 1).results).toEqual([-3]);
  });

  it('starts, asks for and stops vCPUs', () => {
    const guest = new TestGuest();
    const state = (): number[] => guest.rtas(0x2005, [1], 2).results;
    expect(state()).toEqual([0, 0]);
    expect(guest.rtas(0x2006, [1, 0x2000, 0xabc], 1).results).toEqual([0]);
    const { state: regs } = guest.cpu(1);
    expect([guest.cpu(1).nia, regs.gpr(3), regs.int(STOPPED_AT)]).toEqual([0x2000n, 0xabcn, STOPPED.RUNNING]);
    expect(guest.cpu(1).msr).toBe(MSR.SF.mask | MSR.ME.mask);
    expect(state()).toEqual([0, 2]);
    expect(guest.rtas(0x2006, [1, 0x2000, 0], 1).results).toEqual([-1]);
    guest.rtas(0x2007, [], 1, 1);
    expect(regs.int(STOPPED_AT)).toBe(STOPPED.CEDED);
    expect(state()).toEqual([0, 0]);
    for (const none of [2, -1, 0x7fffffff]) {
      expect(guest.rtas(0x2006, [none, 0, 0], 1).results).toEqual([-3]);
      expect(guest.rtas(0x2005, [none], 2).results[0]).toBe(-3);
    }
  });

  it('prints characters, has no events and no parameters', () => {
    const guest = new TestGuest();
    guest.rtas(0x2000, [0x41], 1);
    expect(guest.output).toBe('A');
    expect(guest.rtas(0x200f, [0, 0, 0, 0], 1).results).toEqual([1]);
    expect(guest.rtas(0x200e, [0, 0, 0, 0, 0, 0], 1).results).toEqual([1]);
    expect(guest.rtas(0x2008, [0, 0, 0], 1).results).toEqual([-3]);
    expect(guest.rtas(0x2009, [0, 0], 1).results).toEqual([-3]);
  });

  it('refuses tokens, counts and blocks that are none', () => {
    const guest = new TestGuest();
    expect(guest.rtas(0x1fff, [], 1)).toEqual({ status: status(H.PARAMETER), results: [-3] });
    expect(guest.rtas(0x2011, [], 1)).toEqual({ status: status(H.PARAMETER), results: [-3] });
    expect(guest.rtas(0x2003, [0], 1).results).toEqual([-3]);
    expect(guest.rtas(0x2001, [], 7).results[0]).toBe(-3);
    expect(guest.power).toEqual([]);
    for (const counts of [
      [17, 0],
      [0, 17],
      [9, 8],
      [-1, 0],
      [0, -1],
      [-1, 2],
    ] as const) {
      guest.words(0x4000, [0x2003, ...counts]);
      expect(guest.call('KVMPPC_H_RTAS', [0x4000])).toBe(status(H.PARAMETER));
    }
    for (const at of [GUEST, GUEST - 8, ALL, -8])
      expect(guest.call('KVMPPC_H_RTAS', [at])).toBe(status(H.PARAMETER));
  });

  it('answers where there is no room for a status', () => {
    const guest = new TestGuest();
    guest.words(0x4000, [0x2000, 1, 0, 0x42]);
    expect(guest.call('KVMPPC_H_RTAS', [0x4000])).toBe(status(H.SUCCESS));
    // One result is what the service gives: without room it refuses.
    expect(guest.output).toBe('');
  });

  it('reads a block that ends with memory', () => {
    const guest = new TestGuest();
    guest.words(GUEST - 20, [0x2000, 1, 1, 0x43, 0]);
    expect(guest.call('KVMPPC_H_RTAS', [GUEST - 20])).toBe(0n);
    expect(guest.output).toBe('C');
  });
});
