/** Accesses of an HPT guest that hardware cannot make: whose they are, and exactly what the guest is told. */
import { AMR_KEY, at } from './faults-support';
import { getDirtyLog } from '../../../src/kvm/dirty-log';
import { discardPages, migratePages, perform, writeProtect } from '../../../src/kvm/host/operations';
import { H } from '../../../src/kvm/hypercalls/status';
import { KVM_MEM_LOG_DIRTY_PAGES } from '../../../src/kvm/memslot';
import { offsetOf } from '../../../src/state/layout';
import { AVPN, C, HptWorld, M, MIB, R, segment1T, segment256M, V } from './support';

const EA = 0x1234_5000n;
const GPA = 0x12_3000n;
const SEGMENT = segment256M(0x4321n);
/** VSID words with Ks and Kp. */
const KP = segment256M(0x4321n, 12, 0x400n);
const KS = segment256M(0x4321n, 12, 0x800n);

const STORE = 0x0200_0000n;
const PROTFAULT = 0x0800_0000n;
const NOHPTE = 0x4000_0000n;
const KEYFAULT = 0x0020_0000n;
const N_G = 0x1000_0000n;

describe('a page that L0 gives', () => {
  it.each([
    ['4K in 256M', SEGMENT, 12, 12],
    ['64K in 256M', segment256M(0x4321n, 16), 16, 16],
    ['64K in a segment of 4K', SEGMENT, 12, 16],
    ['4K in 1T', segment1T(0x4321n), 12, 12],
    ['64K in 1T', segment1T(0x4321n, 16), 16, 16],
  ])('%s: the first access brings it, the second needs nothing', (_name, segment, base, actual) => {
    const world = new HptWorld();
    const gpa = actual === 16 ? 0x12_0000n : GPA;
    world.map({ ea: EA & ~0xffffn, segment, gpa, base, actual });
    const first = world.access((EA & ~0xffffn) + 0x18n, 'store');
    expect(first).toEqual({ host: world.hostOf(gpa + 0x18n) });
    const { faults } = world.l0.hpt.counters;
    expect(world.access((EA & ~0xffffn) + 0x20n)).toEqual({ host: world.hostOf(gpa + 0x20n) });
    expect(world.l0.hpt.counters.faults).toBe(faults);
    expect(world.taken).toEqual([]);
    world.check();
  });

  it('is valid at once where the host has it already', () => {
    const world = new HptWorld();
    world.write(Number(GPA), [1]);
    world.map({ ea: EA, segment: SEGMENT, gpa: GPA });
    const { faults } = world.l0.hpt.counters;
    expect(world.access(EA)).toEqual({ host: world.hostOf(GPA) });
    expect(world.l0.hpt.counters.faults).toBe(faults);
  });

  it('is found by the secondary hash too', () => {
    const world = new HptWorld();
    world.map({ ea: EA, segment: SEGMENT, gpa: GPA, v: 2n });
    expect(world.access(EA)).toEqual({ host: world.hostOf(GPA) });
  });
});

describe('what the guest denies itself is told to it', () => {
  const { READ, WRITE, FETCH, USER } = {
    READ: 'load',
    WRITE: 'store',
    FETCH: 'fetch',
    USER: { problem: true },
  } as const;
  // Both before L0 has given the page (hardware finds nothing) and after (hardware denies): the same.
  it.each([
    ['a store, PP 3', SEGMENT, M | 3n, WRITE, {}, PROTFAULT | STORE],
    ['a store of a program, PP 1, Kp', KP, M | 1n, WRITE, USER, PROTFAULT | STORE],
    ['a load of a program, PP 0, Kp', KP, M, READ, USER, PROTFAULT],
    ['a store of the kernel, PP 1, Ks', KS, M | 1n, WRITE, {}, PROTFAULT | STORE],
    ['a load, PP 100, which is reserved', SEGMENT, M | (1n << 63n), READ, {}, PROTFAULT],
    ['a store, PP 110', SEGMENT, M | 2n | (1n << 63n), WRITE, {}, PROTFAULT | STORE],
    ['a load, key 5', SEGMENT, M | 2n | 0xa00n, READ, {}, KEYFAULT],
    ['a store, key 5', SEGMENT, M | 2n | 0xa00n, WRITE, {}, KEYFAULT | STORE],
    ['a fetch, N', SEGMENT, M | 2n | 4n, FETCH, {}, N_G],
    ['a fetch of a program, PP 0, Kp', KP, M, FETCH, USER, PROTFAULT],
  ] as const)('%s', (_name, segment, bits, kind, state, cause) => {
    const world = new HptWorld();
    world.cpu().state.set(offsetOf('AMR'), AMR_KEY(5));
    world.map({ ea: EA, segment, gpa: GPA, bits });
    at(world).denied(EA, kind, state, cause);
    world.write(Number(GPA), [1]);
    const { v } = world.table.read(world.table.find({ ea: EA, segment, valid: V | 0x20n }));
    world.call('H_REMOVE', [AVPN, world.table.find({ ea: EA, segment, valid: V | 0x20n }), v & ~0x7fn]);
    world.map({ ea: EA, segment, gpa: GPA, bits });
    expect(world.table.find({ ea: EA, segment, valid: V })).toBeGreaterThanOrEqual(0);
    at(world).denied(EA, kind, state, cause);
    world.check();
  });

  it('a page that is not entered, and one outside the virtual real mode area', () => {
    const world = new HptWorld();
    world.slb(1, EA & ~0xfffffffn, SEGMENT);
    at(world).denied(EA, 'load', {}, NOHPTE);
    at(world).denied(EA, 'store', {}, NOHPTE | STORE);
    at(world).denied(EA, 'fetch', {}, NOHPTE);
    at(world).denied(BigInt(8 * MIB), 'load', { real: true }, NOHPTE);
  });

  it('a segment that is not in the SLB never comes to L0', () => {
    const world = new HptWorld();
    expect(world.access(0x7000_0000n)).toMatchObject({ taken: { interrupt: 'dataSegment' } });
    expect(world.l0.hpt.counters.faults).toBe(0);
  });

  it('keys are for relocation on alone', () => {
    const world = new HptWorld();
    world.cpu().state.set(offsetOf('AMR'), AMR_KEY(0));
    expect(world.access(0x100n, 'store', { real: true })).toEqual({ host: world.hostOf(0x100n) });
  });
});

describe('rights that change', () => {
  it('H_PROTECT takes them at once and gives them with the next access', () => {
    const world = new HptWorld();
    const ptex = world.map({ ea: EA, segment: SEGMENT, gpa: GPA });
    world.access(EA, 'store');
    expect(world.call('H_PROTECT', [3, ptex])).toBe(0n);
    at(world).denied(EA, 'store', {}, PROTFAULT | STORE);
    expect(world.call('H_PROTECT', [2, ptex])).toBe(0n);
    expect(world.table.read(ptex).r & 3n).toBe(3n);
    expect(world.access(EA, 'store')).toEqual({ host: world.hostOf(GPA) });
    expect(world.table.read(ptex).r & 3n).toBe(2n);
    expect(world.call('H_PROTECT', [AVPN | 2n, ptex, 0x80])).toBe(BigInt(H.NOT_FOUND));
    world.check();
  });

  it('H_PROTECT puts PP0, key and N where they belong', () => {
    const world = new HptWorld();
    const ptex = world.map({ ea: EA, segment: SEGMENT, gpa: GPA });
    world.access(EA, 'store');
    world.call('H_PROTECT', [0x100 | 0x3000 | 0xe00 | 4 | 2, ptex]);
    const want = (1n << 63n) | (3n << 60n) | 0xe00n | 4n | 2n;
    expect(world.table.guestR(ptex) & (want | 1n)).toBe(want);
    expect(world.table.read(ptex).r & (want | 1n)).toBe(want);
  });
});

describe('no memory', () => {
  const HOLE = 0x8000_0000n;

  it('is a machine check, which is remembered until memory appears', () => {
    const world = new HptWorld();
    const ptex = world.map({ ea: EA, segment: SEGMENT, gpa: HOLE });
    // Key 31 in the hardware's entry, whatever the guest's is; it sees its own.
    expect(world.table.read(ptex)).toMatchObject({ r: expect.anything() as bigint });
    expect(world.table.read(ptex).r & 0x3000000000000e00n).toBe(0x3000000000000e00n);
    expect(world.call('H_READ', [0, ptex])).toBe(0n);
    expect(world.out(1)).toBe(HOLE | M | 2n);
    expect(world.access(EA)).toMatchObject({ taken: { interrupt: 'machineCheck' } });
    const search = jest.spyOn(world.table, 'find');
    expect(world.access(EA + 8n)).toMatchObject({ taken: { interrupt: 'machineCheck' } });
    expect(search).not.toHaveBeenCalled();
    const hva = world.l0.mm.mmap({ bytes: MIB });
    expect(world.slot({ id: 1, gpa: HOLE, bytes: MIB, hva })).toBe(0);
    expect(world.access(EA)).toEqual({ host: world.hostOf(HOLE) });
    expect(search).toHaveBeenCalled();
    world.check();
  });

  it.each(['H_REMOVE', 'H_PROTECT'])('%s of such an entry makes it forgotten', (name) => {
    const world = new HptWorld();
    const ptex = world.map({ ea: EA, segment: SEGMENT, gpa: HOLE });
    world.access(EA);
    expect(world.call(name, [name === 'H_PROTECT' ? 3 : 0, ptex])).toBe(0n);
    expect(world.access(EA, 'store')).toMatchObject({ taken: { interrupt: 'dataStorage' } });
    expect(world.dsisr).toBe(name === 'H_PROTECT' ? PROTFAULT | STORE : NOHPTE | STORE);
  });
});

describe('what the host does', () => {
  const mapped = (options = {}) => {
    const world = new HptWorld(options);
    const ptex = world.map({ ea: EA, segment: SEGMENT, gpa: GPA });
    world.access(EA, 'store');
    const hva = world.hva + Number(GPA & ~0xffffn);
    return { world, ptex, hva, page: [hva, hva + 65536] as const, before: world.hostOf(GPA) };
  };

  it.each(['migrate', 'discard'])(
    '%s: the entry is absent, keeps what was recorded, and finds the new page',
    (what) => {
      const { world, ptex, page, before } = mapped();
      world.invalidations.length = 0;
      perform(
        what === 'migrate'
          ? migratePages(world.l0.mm, ...page)
          : discardPages(world.l0.mm, { start: page[0], end: page[1] }),
      );
      expect(world.table.read(ptex).v & 0x21n).toBe(0x20n);
      expect(world.invalidations).toContainEqual(
        expect.objectContaining({
          scope: 'hash',
          lpid: world.l0.lpid,
          page: { address: (0x4321n << 28n) | (EA & 0xfffffffn), shift: 12 },
        }),
      );
      world.check();
      expect(world.call('H_READ', [0, ptex])).toBe(0n);
      expect(world.out(0) & 1n).toBe(1n);
      expect(world.out(1)).toBe(GPA | M | 2n | R | C);
      const after = world.access(EA);
      expect(after).toEqual({ host: world.hostOf(GPA) });
      if (what === 'migrate') expect(after).not.toEqual({ host: before });
      world.check();
    },
  );

  it('write protection: loads go on, the next store asks the host again', () => {
    const { world, ptex, page } = mapped();
    perform(writeProtect(world.l0.mm, ...page));
    expect(world.access(EA)).toHaveProperty('host');
    expect(world.access(EA, 'store')).toEqual({ host: world.hostOf(GPA) });
    expect(world.table.read(ptex).r & 3n).toBe(2n);
    world.check();
  });

  it.each([false, true])('ageing: young once, and again after an access (with a TLB: %p)', (tlb) => {
    const { world, page } = mapped({ tlb });
    const young = (): boolean => world.l0.vm.notifier.clearYoung(...page);
    expect(young()).toBe(true);
    expect(young()).toBe(false);
    world.access(EA);
    expect(world.l0.vm.notifier.testYoung(page[0])).toBe(true);
    expect(young()).toBe(true);
    world.check();
  });

  it('a dirty log has each page once that was stored to, also one whose entry was removed', () => {
    const { world, ptex } = mapped();
    const log = (flags: number): number =>
      world.slot({ id: 0, gpa: 0n, bytes: 4 * MIB, hva: world.hva, flags });
    expect(log(KVM_MEM_LOG_DIRTY_PAGES)).toBe(0);
    const dirty = (): number[] => {
      const pages: number[] = [];
      getDirtyLog(world.l0.vm, 0, (bytes) => {
        bytes.forEach((byte, i) => {
          for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) pages.push(8 * i + bit);
        });
        return true;
      });
      return pages;
    };
    dirty();
    world.access(EA);
    expect(dirty()).toEqual([]);
    world.access(EA, 'store');
    expect(dirty()).toEqual([0x12]);
    expect(dirty()).toEqual([]);
    world.access(EA, 'store');
    world.call('H_CLEAR_MOD', [0, ptex]);
    expect(dirty()).toEqual([0x12]);
    world.access(EA, 'store');
    world.call('H_REMOVE', [0, ptex]);
    expect(dirty()).toEqual([0x12]);
    expect(log(0)).toBe(0);
    world.check();
  });

  it('a slot that is deleted takes its pages along; one that moves takes them elsewhere', () => {
    const world = new HptWorld();
    const hva = world.l0.mm.mmap({ bytes: MIB });
    const region = { id: 1, bytes: MIB, hva };
    world.slot({ ...region, gpa: 0x1000_0000n });
    world.map({ ea: EA, segment: SEGMENT, gpa: 0x1000_1000n });
    world.map({ ea: EA + 0x1000n, segment: SEGMENT, gpa: 0x2000_1000n });
    const there = world.access(EA, 'store');
    expect(there).toHaveProperty('host');
    expect(world.slot({ ...region, gpa: 0x2000_0000n })).toBe(0);
    expect(world.access(EA)).toMatchObject({ taken: { interrupt: 'machineCheck' } });
    expect(world.access(EA + 0x1000n)).toEqual(there);
    world.check();
    expect(world.slot({ id: 1, bytes: 0, hva: 0, gpa: 0n })).toBe(0);
    expect(world.access(EA + 0x1000n)).toMatchObject({ taken: { interrupt: 'machineCheck' } });
    world.check();
  });

  it('a page of 16M that the host has only in pieces cannot be given: the guest ends', () => {
    const world = new HptWorld({ host: 96 * MIB });
    const hva = world.l0.mm.mmap({ bytes: 32 * MIB, pageSize: '2M' });
    world.slot({ id: 1, gpa: 0x1000_0000n, bytes: 32 * MIB, hva });
    const ea = EA & ~0xffffffn;
    world.map({ ea, segment: segment256M(0x77n, 16), gpa: 0x1000_0000n, base: 16, actual: 24 });
    expect(world.access(ea)).toBe('crash');
  });
});
