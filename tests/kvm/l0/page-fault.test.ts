/** Page faults of L1: real entries in a real tree, of the size that host, slot and dirty logging allow. */
import { STORAGE_CAUSE } from '../../../isa/registers/storage-interrupts';
import { MSR } from '../../../isa/registers/msr';
import { PTE } from '../../../isa/tables/radix';
import { has } from '../../../src/core/bits';
import { getDirtyLog } from '../../../src/kvm/dirty-log';
import { KVM_MEM_LOG_DIRTY_PAGES } from '../../../src/kvm/memslot';
import { makeOld, migratePages, perform, writeProtect } from '../../../src/kvm/host/operations';
import { checkL0 } from '../../../src/kvm/guest/check';
import { instantiatePage } from '../../../src/kvm/guest/page-fault';
import { setUserMemoryRegion } from '../../../src/kvm/set-memory-region';
import { ACCESS, type Access } from '../../../src/mmu/access';
import { GUEST, MIB, TestGuest, type TestGuestOptions } from './support';

const HDSI = (guest: TestGuest, gpa: number | bigint, cause = 0n, ea = BigInt(gpa)): boolean =>
  guest.interrupt('hypervisorDataStorage', { hdar: ea, hdsisr: cause, asdr: BigInt(gpa) & ~0xfffn });
const STORE = STORAGE_CAUSE.STORE.mask;
const NONE = STORAGE_CAUSE.NO_TRANSLATION.mask;

/** A guest real access by the hardware's walker. */
function access(guest: TestGuest, gpa: number, kind: Access): number | undefined {
  const cpu = guest.cpu();
  for (let i = 0; i < 3; i++) {
    const host = cpu.translate(BigInt(gpa), kind);
    if (host !== undefined) return Number(host);
    const { interrupt, ...detail } = cpu.translator.toInterrupt();
    guest.interrupt(interrupt, detail);
    if (guest.taken.length > 0) return undefined;
  }
  throw new Error(`no progress at ${gpa}`);
}

const migrate = (...range: Parameters<typeof migratePages>): number => perform(migratePages(...range));
const age = (guest: TestGuest): boolean =>
  makeOld(guest.l0.mm, { start: guest.hva, end: guest.hva + 65536 }, 'no flush');

const sized = (options: TestGuestOptions = {}): TestGuest => new TestGuest({ cpus: 1, ...options });
const logging = (guest: TestGuest, on: boolean): number =>
  setUserMemoryRegion(guest.l0.vm, {
    slot: 0,
    flags: on ? KVM_MEM_LOG_DIRTY_PAGES : 0,
    guestPhysAddr: 0n,
    memorySize: BigInt(GUEST),
    userspaceAddr: BigInt(guest.hva),
  });

describe('a fault on memory', () => {
  it('maps a 2 MiB page that the hardware then walks', () => {
    const guest = sized();
    const host = access(guest, 0x345678, ACCESS.store)!;
    const leaf = guest.l0.arch.tree.find(0x345678)!;
    expect(leaf.shift).toBe(21);
    expect(leaf.pte & ~PTE.RPN.mask).toBe(0xc000000000000187n);
    expect(host).toBe(Number(leaf.pte & PTE.RPN.mask) + 0x145678);
    expect(guest.l0.arch.largePages).toEqual({ 21: 1, 30: 0 });
    expect(guest.cpu().translator.pageShift).toBe(21);
  });

  it('maps 1 GiB where host and slot have it', () => {
    const gib = 2 ** 30;
    const guest = sized({ host: gib + 64 * MIB, guest: gib });
    access(guest, 0x12345678, ACCESS.load);
    expect(guest.l0.arch.tree.find(5)?.shift).toBe(30);
    expect(guest.l0.arch.largePages).toEqual({ 21: 0, 30: 1 });
  });

  it('maps base pages of 64K and of 4K where the host has no larger ones', () => {
    for (const [pageSize, shift] of [
      [65536, 16],
      [4096, 12],
    ] as const) {
      const guest = sized({ pageSize });
      const { vm } = guest.l0;
      migrate(guest.l0.mm, guest.hva + 0x30000, guest.hva + 0x30000 + pageSize);
      access(guest, 0, ACCESS.load);
      const small = guest.hva + 4 * MIB;
      vm.mm.resolve(small, 'write');
      migrate(guest.l0.mm, small, small + pageSize);
      access(guest, 4 * MIB, ACCESS.load);
      expect(guest.l0.arch.tree.find(4 * MIB)?.shift).toBe(shift);
    }
  });

  it('does not let a large page reach over the end of its slot (H-7)', () => {
    const guest = sized();
    const { vm } = guest.l0;
    const hva = guest.l0.mm.mmap({ bytes: 4 * MIB, pageSize: '2M' });
    const region = {
      slot: 1,
      flags: 0,
      guestPhysAddr: 0x40110000n,
      memorySize: 0x90000n,
      userspaceAddr: BigInt(hva + 0x110000),
    };
    expect(setUserMemoryRegion(vm, region)).toBe(0);
    access(guest, 0x40123456, ACCESS.load);
    expect(guest.l0.arch.tree.find(0x40123456)?.shift).toBe(16);
    expect(guest.l0.arch.tree.find(0x40110000)).toBeUndefined();
  });

  it('tells decoders that the frame has other bytes now', () => {
    const guest = sized();
    const changed: number[] = [];
    Object.assign(guest.cpu().hooks, {
      memoryChanged: (at: number, bytes: number) => changed.push(at, bytes),
    });
    access(guest, 0, ACCESS.fetch);
    expect(changed).toEqual([Number(guest.l0.arch.tree.find(0)!.pte & PTE.RPN.mask), 2 * MIB]);
  });
});

describe('what the host does to a page', () => {
  it.each([
    ['unmapped', (guest: TestGuest) => guest.l0.mm.discard(guest.hva, guest.hva + 65536)],
    ['moved', (guest: TestGuest) => migrate(guest.l0.mm, guest.hva, guest.hva + 65536)],
    ['protected', (guest: TestGuest) => perform(writeProtect(guest.l0.mm, guest.hva, guest.hva + 65536))],
  ])('%s: the entry is gone and flushed, and the next access finds the new page', (_what, change) => {
    const guest = sized();
    access(guest, 0, ACCESS.store);
    guest.invalidations.length = 0;
    change(guest);
    expect(guest.l0.arch.tree.find(0)).toBeUndefined();
    expect(guest.l0.arch.largePages[21]).toBe(0);
    expect(guest.invalidations).toMatchObject([
      { lpid: 1, scope: 'partition', page: { address: 0n, shift: 21 } },
    ]);
    const host = access(guest, 0, ACCESS.store)!;
    const frame = guest.l0.mm.resolve(guest.hva, 'read');
    expect(host).toBe(guest.l0.frames.addressOf(frame));
  });

  it('a page that the host protected stays so when its neighbour in the large page is mapped for writing', () => {
    const guest = sized();
    access(guest, 0, ACCESS.store);
    perform(writeProtect(guest.l0.mm, guest.hva + 0x30000, guest.hva + 0x40000));
    access(guest, 0x20000, ACCESS.store);
    expect(checkL0(guest.l0)).toEqual([]);
    access(guest, 0x30000, ACCESS.store);
    expect(guest.l0.mm.isWritable(guest.hva + 0x30000)).toBe(true);
    expect(checkL0(guest.l0)).toEqual([]);
  });

  it('between start and end nothing is mapped', () => {
    const guest = sized();
    const { l0 } = guest;
    const range = { start: guest.hva, end: guest.hva + 65536, mayBlock: true };
    l0.mm.notifyStart(range);
    HDSI(guest, 0, NONE);
    expect(l0.arch.tree.find(0)).toBeUndefined();
    expect(guest.taken).toEqual([]);
    l0.mm.notifyEnd(range);
    HDSI(guest, 0, NONE);
    expect(l0.arch.tree.find(0)).toBeDefined();
  });

  it('ages: R is taken away once, and the hardware asks for it again', () => {
    const guest = sized();
    access(guest, 0, ACCESS.load);
    expect(age(guest)).toBe(true);
    expect(has(guest.l0.arch.tree.find(0)!.pte, PTE.R)).toBe(false);
    expect(age(guest)).toBe(false);
    access(guest, 0, ACCESS.load);
    expect(has(guest.l0.arch.tree.find(0)!.pte, PTE.R)).toBe(true);
  });

  it('gone for good: the VM ends instead of faulting for ever', () => {
    const guest = sized();
    expect(guest.l0.mm.vmas.find(guest.hva)).not.toBeNull();
    guest.l0.mm.vmas.remove(guest.hva, guest.hva + GUEST);
    HDSI(guest, 0, NONE);
    expect(guest.power).toMatchObject([{ kind: 'crash', reason: expect.stringContaining('0x0') as string }]);
  });
});

describe('dirty logging', () => {
  const dirty = (guest: TestGuest): number[] => {
    const pages: number[] = [];
    getDirtyLog(guest.l0.vm, 0, (bitmap) => {
      bitmap.forEach((byte, i) => {
        for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) pages.push(8 * i + bit);
      });
      return true;
    });
    return pages;
  };

  it('reports what was written, by base pages, once', () => {
    const guest = sized();
    access(guest, 0, ACCESS.store);
    expect(logging(guest, true)).toBe(0);
    expect(guest.l0.arch.tree.find(0)).toBeUndefined();
    // What was dirty when logging began is reported too: the change bit of the large page does not say which of it.
    expect(dirty(guest).length).toBe(32);
    access(guest, 0x10000, ACCESS.load);
    access(guest, 0x20000, ACCESS.store);
    access(guest, 0x50000, ACCESS.store);
    expect(guest.l0.arch.tree.find(0x20000)?.shift).toBe(16);
    expect(dirty(guest)).toEqual([2, 5]);
    expect(dirty(guest)).toEqual([]);
    access(guest, 0x50000, ACCESS.load);
    expect(dirty(guest)).toEqual([]);
    access(guest, 0x50008, ACCESS.store);
    access(guest, 0x10000, ACCESS.store);
    expect(dirty(guest)).toEqual([1, 5]);
    expect(logging(guest, false)).toBe(0);
    access(guest, 0x10000, ACCESS.store);
    expect(guest.l0.arch.tree.find(0x10000)?.shift).toBe(21);
  });

  it('keeps the dirty state of a page that the host takes away', () => {
    const guest = sized();
    logging(guest, true);
    access(guest, 0x20000, ACCESS.store);
    migrate(guest.l0.mm, guest.hva + 0x20000, guest.hva + 0x30000);
    expect(dirty(guest)).toEqual([2]);
  });

  it("sees the hypervisor's own writes", () => {
    const guest = sized();
    logging(guest, true);
    guest.write(0x30000, [1]);
    expect(dirty(guest)).toEqual([3]);
  });
});

describe("faults that are the guest's own", () => {
  const last = (guest: TestGuest): unknown => guest.taken.at(-1)?.interrupt;

  it('an address that is no memory is a machine check of the guest, with HV off', () => {
    for (const gpa of [GUEST, 2 ** 50, 2n ** 55n, 2n ** 59n]) {
      const guest = sized();
      HDSI(guest, gpa, NONE);
      expect(last(guest)).toBe('machineCheck');
      expect(guest.cpu().inState(MSR.HV)).toBe(false);
      expect(guest.cpu().inState(MSR.ME)).toBe(true);
      expect(guest.cpu().nia).toBe(0x200n);
      expect(guest.cpu().state.named('DAR')).toBe(BigInt(gpa));
      expect(guest.taken[0]!.status & 0x200000n).toBe(0x200000n);
    }
  });

  it('a fetch from there too', () => {
    const guest = sized();
    guest.cpu().nia = BigInt(GUEST);
    guest.interrupt('hypervisorInstructionStorage', { cause: NONE, asdr: BigInt(GUEST) });
    expect(last(guest)).toBe('machineCheck');
    expect(guest.taken[0]!.status & 0x80c0000n).toBe(0x80c0000n);
  });

  it('a table that is no memory is a storage interrupt', () => {
    const guest = sized();
    const cause = NONE | STORAGE_CAUSE.TABLE_WALK.mask;
    HDSI(guest, GUEST, cause, 0xc000000000000123n);
    expect(last(guest)).toBe('dataStorage');
    expect([guest.cpu().state.named('DAR'), guest.cpu().state.named('DSISR')]).toEqual([
      0xc000000000000123n,
      cause,
    ]);
    guest.interrupt('hypervisorInstructionStorage', { cause, asdr: BigInt(GUEST) });
    expect(last(guest)).toBe('instructionStorage');
  });

  it('an access that no mapping makes right is a storage interrupt', () => {
    const guest = sized();
    HDSI(guest, 0, STORAGE_CAUSE.ATTRIBUTE.mask);
    expect(last(guest)).toBe('dataStorage');
    expect(guest.l0.arch.tree.find(0)).toBeUndefined();
  });

  it('an illegal instruction is a program interrupt', () => {
    for (const name of ['hypervisorEmulationAssistance', 'hypervisorFacilityUnavailable'] as const) {
      const guest = sized();
      guest.interrupt(name, { heir: 0n });
      expect(guest.taken).toMatchObject([{ interrupt: 'program', handler: 0x700n, resume: 0x100n }]);
      expect(guest.taken[0]!.status & 0x80000n).toBe(0x80000n);
    }
  });

  it("an external interrupt that came to L0 is the guest's", () => {
    const guest = sized();
    guest.interrupt('external');
    expect(guest.taken).toMatchObject([{ interrupt: 'external', handler: 0x500n }]);
    expect(guest.cpu().inState(MSR.HV)).toBe(false);
  });

  it("what is L0's alone needs nothing", () => {
    const guest = sized();
    for (const name of ['hypervisorDecrementer', 'hypervisorDoorbell', 'hypervisorMaintenance'] as const)
      expect(guest.interrupt(name)).toBe(true);
    expect([guest.taken, guest.cpu().nia]).toEqual([[], 0x100n]);
    expect(guest.interrupt('decrementer')).toBe(false);
  });
});

it('tells of faults and hypercalls', () => {
  const guest = sized();
  const events: unknown[] = [];
  guest.l0.observer = (event) => events.push(event);
  HDSI(guest, 0x10, NONE | STORE);
  guest.call('H_RANDOM');
  guest.call(0xf00c);
  expect(events).toMatchObject([
    { ev: 'l0.fault', gpa: 0x10n, access: 'store', outcome: 'mapped', shift: 21 },
    {
      ev: 'hcall',
      name: 'H_RANDOM',
      args: [],
      result: 'H_SUCCESS',
      results: [{ name: 'value', value: 0x123456789abcdef0n }],
    },
    { ev: 'hcall', number: 0xf00c, name: '0xf00c', result: 'H_FUNCTION' },
  ]);
});

it('reports that the host has no memory', () => {
  const guest = sized({ host: 20 * MIB });
  const { vm } = guest.l0;
  const slot = vm.gfnToMemslot(0)!;
  let result = 0;
  for (let gfn = 0; gfn < slot.npages && result === 0; gfn++)
    ({ result } = instantiatePage(guest.l0, { slot, gfn, store: true }));
  const hva = guest.l0.mm.mmap({ bytes: 16 * MIB });
  expect(
    setUserMemoryRegion(vm, {
      slot: 1,
      flags: 0,
      guestPhysAddr: 0x80000000n,
      memorySize: 16n << 20n,
      userspaceAddr: BigInt(hva),
    }),
  ).toBe(0);
  const second = vm.gfnToMemslot(0x8000)!;
  for (let gfn = second.baseGfn; gfn < second.endGfn && result === 0; gfn++)
    ({ result } = instantiatePage(guest.l0, { slot: second, gfn, store: true }));
  expect(result).toBe(-12);
});
