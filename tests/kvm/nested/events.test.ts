/** What the events of nested guests tell: decoded calls, what a run changed, who set HDEC, causes of what goes. */
import fc from 'fast-check';
import { performHypercall } from '../../../src/kvm/hypercalls/perform';
import { decodeCall } from '../../../src/kvm/nested/decode-call';
import { GuestStruct, HV_STATE, PT_REGS } from '../../../src/kvm/nested/hv-guest-state';
import { discardPages, perform } from '../../../src/kvm/host/operations';
import { StateCopy } from '../../../src/kvm/nested/state-diff';
import { writeGuest } from '../../../src/kvm/translate';
import type { HypercallEvent } from '../../../src/trace/events/hypervisor';
import type { NestedEvent } from '../../../src/trace/events/nested';
import { CALL, L2Tree, LPID, TLBIE, World, type WorldOptions } from './support';

const HV_AT = 0x20_0000;
const REGS_AT = 0x20_1000;
const NGPA = 0x5000_0000;
const GPA = 0x40_0000;

/** An L1 whose hypercalls come with their events. */
class Traced {
  readonly world: World;
  readonly tree: L2Tree;
  readonly calls: HypercallEvent[] = [];

  constructor(options: WorldOptions = {}) {
    this.world = new World(options);
    this.tree = new L2Tree(this.world);
    this.world.l0.observer = (event) => {
      if (event.ev === 'hcall') this.calls.push(event);
    };
  }

  call(number: number, ...args: (bigint | number)[]): HypercallEvent {
    const { state } = this.world.cpu;
    state.setGpr(3, BigInt(number));
    args.forEach((value, i) => state.setGpr(4 + i, BigInt.asUintN(64, BigInt(value))));
    performHypercall(this.world.l0, this.world.l0.vcpus[0]!);
    return this.calls.at(-1)!;
  }

  /** H_ENTER_NESTED. @param expiry L1's deadline */
  enter(expiry: bigint): HypercallEvent {
    const hv = new GuestStruct(0xf8);
    hv.set(HV_STATE.version, 2n);
    hv.setWord(HV_STATE.lpid, LPID);
    hv.setWord(HV_STATE.vcpuToken, 3);
    hv.set(HV_STATE.hdecExpiry, expiry);
    const regs = new GuestStruct(384);
    regs.set(PT_REGS.nip, 0x1000n);
    const { vm } = this.world;
    writeGuest(vm, { gpa: BigInt(HV_AT), bytes: hv.bytes });
    writeGuest(vm, { gpa: BigInt(REGS_AT), bytes: regs.bytes });
    return this.call(CALL.enter, HV_AT, REGS_AT);
  }

  events<E extends NestedEvent['ev']>(ev: E): Extract<NestedEvent, { ev: E }>[] {
    return this.world.events.filter((event): event is Extract<NestedEvent, { ev: E }> => event.ev === ev);
  }
}

const effect = (name: string, ...args: bigint[]): string => decodeCall(name, args)!.effect;
const fieldsOf = (name: string, ...args: bigint[]): Record<string, bigint> =>
  Object.fromEntries(decodeCall(name, args)!.fields.map((field) => [field.name, field.value]));

describe('decoded calls', () => {
  test('H_TLB_INVALIDATE: the fields of the instruction, and what they ask for or why they are refused', () => {
    expect(fieldsOf('H_TLB_INVALIDATE', 0x9_0000n, 5n, 0x4000_0c20n)).toEqual({
      RIC: 2n, PRS: 0n, R: 1n, IS: 3n, AP: 1n, EPN: 0x4000_0000n, LPID: 5n,
    }); // prettier-ignore
    const of = (r4: bigint, rb: bigint): string => effect('H_TLB_INVALIDATE', r4, 5n, rb);
    expect(of(0x1_0000n, 0x4000_0020n)).toBe('LPID 5: shadow entries of the 2M page at 0x40000000');
    expect(of(0x1_0000n, 0x60n)).toBe('refused: AP=3 is no page size');
    expect(of(0x1_0000n, 0x800n)).toBe('LPID 5: all shadow entries');
    expect(of(0x5_0000n, 0x800n)).toBe('LPID 5: the page walk cache (L0 keeps none)');
    expect(of(0x9_0000n, 0xc00n)).toBe(
      'every nested guest: all shadow entries and the cached partition table entry',
    );
    expect([
      of(0n, 0n),
      of(0x3_0000n, 0n),
      of(0xd_0000n, 0n),
      of(0x1_0000n, 0x400n),
      of(0x9_0000n, 0n),
    ]).toEqual([
      'refused: R=0 is a hashed table',
      'refused: PRS=1 is process-scoped',
      'refused: RIC=3',
      'refused: IS=1',
      'refused: IS=0 needs RIC=0',
    ]);
  });

  test('property: what is said to be refused is what is refused', () => {
    const bit = fc.constantFrom(0n, 1n);
    fc.assert(
      fc.property(
        bit,
        bit,
        fc.bigInt(0n, 3n),
        fc.bigInt(0n, 3n),
        fc.bigInt(0n, 7n),
        (r, prs, ric, is, ap) => {
          const traced = new Traced({ memory: 16 * 2 ** 20, l1: 8 * 2 ** 20 });
          const instruction = (r << 16n) | (prs << 17n) | (ric << 18n);
          const call = traced.call(CALL.tlbie, instruction, LPID, (is << 10n) | (ap << 5n));
          expect(call.result === 'H_PARAMETER').toBe(call.effect!.startsWith('refused'));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('H_RPT_INVALIDATE: types, targets, page sizes and the range', () => {
    expect(effect('H_RPT_INVALIDATE', 5n, 1n, 7n, 6n, 0x1_0000n, 0x2_0000n)).toBe(
      'LPID 5: TLB+PWC on CMMU, pages of 64K+2M in 0x10000..0x20000',
    );
    expect(effect('H_RPT_INVALIDATE', 9n, 6n, 0xen, 0n, 0n, 1n)).toBe(
      'PID 9: TLB+PWC+PRT/PAT on local+NMMU, pages of no size in 0x0..0x1',
    );
    expect(fieldsOf('H_RPT_INVALIDATE', 5n, 1n, 3n)).toEqual({ NESTED: 1n, TLB: 1n, PWC: 0n, 'PRT/PAT': 0n });
  });

  test('H_COPY_TOFROM_GUEST: direction, quadrant, all six arguments', () => {
    expect(effect('H_COPY_TOFROM_GUEST', 5n, 7n, 0x1000n, 0x2000n, 0n, 16n)).toBe(
      '16 bytes from LPID 5 PID 7 EA 0x1000 (quadrant 1) to L1 0x2000',
    );
    expect(effect('H_COPY_TOFROM_GUEST', 5n, 0n, 0x1000n, 0n, 0x3000n, 16n)).toBe(
      '16 bytes from L1 0x3000 to LPID 5 PID 0 EA 0x1000 (quadrant 2)',
    );
    expect(effect('H_COPY_TOFROM_GUEST', 5n, 0n, 0n, 1n, 1n, 1n)).toBe(
      'refused: both "to" and "from" are given',
    );
    const { args } = new Traced().call(0xf80c, 5, 7, 0x1000, 0x2000, 0, 16);
    expect(args.map(({ name }) => name)).toEqual(['lpid', 'pid', 'ea', 'to', 'from', 'length']);
  });

  test('H_SET_PARTITION_TABLE, and calls that need no decoding', () => {
    expect(effect('H_SET_PARTITION_TABLE', 0x10_0004n)).toBe('4096 entries at L1 0x100000');
    expect(effect('H_SET_PARTITION_TABLE', 0n)).toBe('no partition table');
    expect(decodeCall('H_CEDE', [])).toBeUndefined();
  });

  test('an entry that is made says so: r3 is the nested guest s then', () => {
    const traced = new Traced();
    expect(traced.enter(1n << 40n)).toMatchObject({ name: 'H_ENTER_NESTED', result: 'entered' });
    expect(new Traced().enter(0n).result).toBe('trap 0x980');
    const without = new Traced();
    without.world.nested.l1Ptcr = 0n;
    expect(without.enter(1n << 40n).result).toBe('H_NOT_AVAILABLE');
  });
});

describe('runs', () => {
  test('who set HDEC: L1 s deadline, a timer of L0 s, the most that HDEC can be', () => {
    const budget = (expiry: bigint, timer?: bigint) => {
      const traced = new Traced();
      traced.world.nested.l0Timer = timer;
      traced.enter(expiry);
      const [event] = traced.events('nested.enter');
      return [event!.hdecBy, event!.budget, event!.wanted];
    };
    expect(budget(1000n)).toEqual(["L1's deadline", 1000n, 1000n]);
    expect(budget(1000n, 400n)).toEqual(["L0's timer", 400n, 1000n]);
    expect(budget(1n << 60n)).toEqual(['the largest HDEC', 1n << 54n, 1n << 60n]);
    expect(budget(-5n & (2n ** 64n - 1n))).toEqual(["L1's deadline", 0n, 0n]);
  });

  test('an exit tells what L1 finds changed, and nothing that is as it was', () => {
    const traced = new Traced();
    const { world } = traced;
    traced.enter(1n << 40n);
    world.cpu.state.setGpr(20, 0x77n);
    world.cpu.nia = 0x1008n;
    world.interrupt('systemCall');
    const [exit] = traced.events('nested.exit');
    expect(exit).toMatchObject({ trap: 0xc00, reason: 'systemCall', instructions: 0 });
    const changed = Object.fromEntries(
      exit!.changed!.map(({ register, from, to }) => [register, [from, to]]),
    );
    expect(changed).toMatchObject({ GPR20: [0n, 0x77n], NIP: [0x1000n, 0x1008n] });
    expect(changed['GPR21']).toBeUndefined();
  });

  test('property: the difference of two structures is what was set in one of them, whatever the byte order', () => {
    const value = fc.bigInt(0n, 2n ** 64n - 1n);
    fc.assert(
      fc.property(fc.boolean(), value, value, fc.integer({ min: 0, max: 31 }), (little, srr0, gpr, n) => {
        const [hv, regs] = [new GuestStruct(0xf8), new GuestStruct(384)];
        hv.little = regs.little = little;
        hv.set(HV_STATE.srr0, 1n);
        const copy = new StateCopy(hv, regs);
        hv.set(HV_STATE.srr0, srr0);
        regs.set(8 * n, gpr);
        expect(copy.changes(hv, regs)).toEqual([
          ...(srr0 === 1n ? [] : [{ register: 'SRR0', from: 1n, to: srr0 }]),
          ...(gpr === 0n ? [] : [{ register: `GPR${n}`, from: 0n, to: gpr }]),
        ]);
      }),
    );
  });
});

test('what goes says why: an entry dropped by the host, a guest removed by a call', () => {
  const traced = new Traced();
  const { world, tree } = traced;
  tree.map(NGPA, GPA);
  world.access(NGPA);
  perform(discardPages(world.l0.mm, { start: world.hva + GPA, end: world.hva + GPA + 65536 }));
  expect(traced.events('rmap').at(-1)).toMatchObject({ op: 'drop', live: true, cause: 'host unmap' });
  world.setEntry(LPID, 0n);
  traced.call(CALL.tlbie, TLBIE.full, LPID, 0x800);
  const removed = traced.events('nested.guest').find(({ op }) => op === 'remove');
  expect(removed).toMatchObject({ lpid: LPID, cause: 'H_TLB_INVALIDATE' });
});
