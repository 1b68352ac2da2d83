/** H_SET_PARTITION_TABLE: where the table may be, and what is read of it (facts, section 1; scenarios 1-5, hazards H-12 and H-14). */
import { HFSCR } from '../../../isa/registers/facilities';
import { H } from '../../../src/kvm/hypercalls/status';
import { L0 } from '../../../src/kvm/l0';
import { LINUX, STRICT } from '../../../src/kvm/nested/hazards';
import { HV_STATE, PT_REGS } from '../../../src/kvm/nested/hv-guest-state';
import { offsetOf } from '../../../src/state/layout';
import { NIP, Entry } from './entry';
import { CALL, GPA, L2Tree, LPID, NGPA, PARTITION_TABLE, setup } from './support';

test('S1: a guest that may not be a hypervisor has none of the calls', () => {
  const { world } = new Entry();
  const plain = new L0({
    memory: world.memory,
    cpus: [world.cpu],
    range: { start: 0x200_0000, end: 0x400_0000 },
  });
  for (const number of [CALL.partition, CALL.enter, CALL.tlbie, CALL.copy])
    expect(plain.hypercalls.answers(number)).toBe(false);
});

test('S2, S3, S4: the size and the place of the partition table', () => {
  const { world } = new Entry();
  const { nested } = world;
  expect(world.hypercall(CALL.partition, 0x10_0004)).toBe(0);
  expect(nested.tableEntries).toBe(4096);
  expect(world.hypercall(CALL.partition, 0x10_0005)).toBe(H.PARAMETER);
  expect(world.hypercall(CALL.partition, 0x10_001f)).toBe(H.PARAMETER);
  expect(world.hypercall(CALL.partition, 0x7000_0000)).toBe(H.PARAMETER);
  expect(world.hypercall(CALL.partition, 0x0fff_ffff_ffff_f000n)).toBe(H.PARAMETER);
  expect(nested.l1Ptcr).toBe(0x10_0004n);
});

test('S5: without a table nothing can be entered', () => {
  const entry = new Entry();
  expect(entry.world.hypercall(CALL.partition, 0)).toBe(0);
  expect(entry.enter()).toBe(H.NOT_AVAILABLE);
});

test('S20: results that cannot be written are H_AUTHORITY', () => {
  const entry = new Entry();
  entry.enter();
  const slot = entry.world.vm.gfnToMemslot(0)!;
  slot.flags |= 2;
  entry.world.interrupt('machineCheck');
  expect([entry.world.r3, entry.world.inL2, entry.world.guest().references]).toEqual([H.AUTHORITY, false, 1]);
});

test('S21: an invalidation of the nested guest s own translations is done in L0, one of its guests is not', () => {
  const entry = new Entry();
  const { world } = entry;
  entry.regs.set(8 * 3, 0x448n);
  entry.regs.set(8 * 6, 0x2n);
  entry.enter();
  world.invalidations.length = 0;
  world.interrupt('systemCall', { level: 1, resume: NIP + 4n });
  expect([world.inL2, world.cpu.state.gpr(3), world.cpu.nia]).toEqual([true, 0n, NIP + 4n]);
  expect(world.invalidations.map(({ lpid }) => lpid)).toEqual([world.guest().shadowLpid]);
  world.cpu.state.setGpr(3, 0x448n);
  world.cpu.state.setGpr(6, 0x3n);
  world.interrupt('systemCall', { level: 1, resume: NIP + 8n });
  expect([world.inL2, world.r3]).toEqual([false, 0xc00]);
  entry.load();
  expect([entry.regs.get(PT_REGS.nip), entry.regs.get(8 * 3)]).toEqual([NIP + 8n, 0x448n]);
});

test('S22, S23: a facility that L1 denies, and one that L1 does not have', () => {
  const cause = HFSCR.TAR;
  const interrupt = (entry: Entry): void => {
    const { state } = entry.world.cpu;
    state.set(offsetOf('HFSCR'), (state.get(offsetOf('HFSCR')) & ~HFSCR.IC.mask) | (8n << 56n));
    entry.world.cpu.imageLo = 0x7c6f_03a6;
    entry.world.interrupt('hypervisorFacilityUnavailable', { byInstruction: true });
    entry.load();
  };
  const denied = new Entry();
  denied.hv.set(HV_STATE.hfscr, HFSCR.FP.mask);
  denied.enter();
  interrupt(denied);
  expect([denied.world.r3, denied.hv.get(HV_STATE.hfscr)]).toEqual([0xf80, (8n << 56n) | HFSCR.FP.mask]);
  const absent = new Entry();
  absent.world.cpu.state.set(offsetOf('HFSCR'), HFSCR.FP.mask);
  absent.hv.set(HV_STATE.hfscr, cause.mask);
  absent.enter();
  interrupt(absent);
  expect([absent.world.r3, absent.hv.get(HV_STATE.heir)]).toEqual([0xe40, 0x7c6f_03a6n]);
});

test('H-14: an entry that cannot be read: refused on entry; in Linux an empty tree', () => {
  for (const hazards of [STRICT, LINUX]) {
    const entry = new Entry({ hazards });
    const { world } = entry;
    // The table begins in the last page of L1's memory; LPID 255 is behind it.
    world.nested.l1Ptcr = BigInt(world.l1Bytes - 0x1000) | 4n;
    entry.hv.setWord(HV_STATE.lpid, 300);
    const result = entry.enter();
    expect(result).toBe(hazards === STRICT ? H.PARAMETER : 0x1003);
    if (hazards === LINUX) {
      world.interrupt('hypervisorDataStorage', { hdar: 0n, asdr: 0n, hdsisr: 0x4000_0000n });
      expect(world.r3).toBe(0xe00);
    }
  }
});

test('H-12: a new partition table is read for the guests that exist; Linux goes on with the old one', () => {
  for (const choice of ['strict', 'linux'] as const) {
    const { world, tree } = setup({ hazards: { ...STRICT, 'H-12': choice } });
    new L2Tree(world, 200);
    tree.map(NGPA, GPA);
    world.access(NGPA);
    world.access(NGPA, 'load', 200);
    const table = 0x70_0000;
    const other = new L2Tree(world, 3);
    other.map(NGPA, GPA + 65536);
    world.write(table + LPID * 16, other.pate0);
    expect(world.hypercall(CALL.partition, table)).toBe(0);
    const expected = choice === 'strict' ? world.hostOf(GPA + 65536) : world.hostOf(GPA);
    expect(world.access(NGPA)).toEqual({ host: expected });
    expect(world.hypercall(CALL.partition, 0)).toBe(0);
    expect(world.nested.guests.size).toBe(choice === 'strict' ? 0 : 2);
  }
});

test('H-12 strict: a table with the same entries costs nothing: shadow entries stay, and nothing is flushed', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA);
  world.access(NGPA);
  const table = 0x70_0000;
  world.write(table + LPID * 16, tree.pate0);
  const before = world.invalidations.length;
  expect(world.hypercall(CALL.partition, table)).toBe(0);
  expect(world.invalidations.length).toBe(before);
  expect(world.shadow(NGPA)).toBeDefined();
  // Doubleword 1 alone is another process table.
  world.write(PARTITION_TABLE + LPID * 16 + 8, 1n);
  expect(world.hypercall(CALL.partition, PARTITION_TABLE)).toBe(0);
  expect(world.shadow(NGPA)).toBeUndefined();
  expect(world.l0.partitions.get(world.guest().shadowLpid)[1]).toBe(1n);
});
