/** H_SET_PARTITION_TABLE and H_ENTER_NESTED with their exits (facts, section 1; scenarios 1-24). */
import { HFSCR } from '../../../isa/registers/facilities';
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { PTE } from '../../../isa/tables/radix';
import { COUNTER, readCounter, writeCounter } from '../../../src/cpu/time';
import { PENDING, setPending } from '../../../src/cpu/pending';
import { LINUX, STRICT } from '../../../src/kvm/nested/hazards';
import { GuestStruct, HV_STATE, PT_REGS } from '../../../src/kvm/nested/hv-guest-state';
import { sanitiseCiabr, sanitiseDawrx, sanitiseHfscr, sanitiseLpcr } from '../../../src/kvm/nested/sanitise';
import { performMmio } from '../../../src/kvm/nested/mmio';
import { readXer } from '../../../src/cpu/spr/registers';
import { readGuest, writeGuest } from '../../../src/kvm/translate';
import { offsetOf } from '../../../src/state/layout';
import { L0 } from '../../../src/kvm/l0';
import { L2Tree, LPID, RC, World, type WorldOptions } from './support';

const HV_AT = 0x20_0000;
const REGS_AT = 0x20_1000;
const CALL = { partition: 0xf800, enter: 0xf804, tlbie: 0xf808, copy: 0xf80c, rpt: 0x448 };
const H = { NOT_AVAILABLE: 3, FUNCTION: -2, PARAMETER: -4, BAD_MODE: -5, AUTHORITY: -10 };
const FAR = 1n << 40n;
const NIP = 0x1234_5678_9000n;

/** An L1 about to enter a nested guest. */
class Entry {
  readonly world: World;
  readonly tree: L2Tree;
  readonly hv = new GuestStruct(0xf8);
  readonly regs = new GuestStruct(384);

  constructor(options: WorldOptions & { little?: boolean } = {}) {
    const { little = false, ...rest } = options;
    this.world = new World(rest);
    this.tree = new L2Tree(this.world);
    this.hv.little = this.regs.little = little;
    this.hv.set(HV_STATE.version, 2n);
    this.hv.setWord(HV_STATE.lpid, LPID);
    this.hv.set(HV_STATE.hdecExpiry, FAR);
    this.regs.set(PT_REGS.nip, NIP);
    this.regs.set(PT_REGS.msr, MSR.SF.mask | MSR.ME.mask);
    for (let n = 0; n < 32; n++) this.regs.set(8 * n, 0x1000n + BigInt(n));
    const { cpu } = this.world;
    cpu.msr = MSR.SF.mask | MSR.ME.mask | (little ? MSR.LE.mask : 0n);
    cpu.nia = 0x4000n;
    for (let n = 5; n < 32; n++) cpu.state.setGpr(n, 0xaa00n + BigInt(n));
  }

  store(hvAt = HV_AT, regsAt = REGS_AT, hvBytes = 0xf8): void {
    expect(writeGuest(this.world.vm, { gpa: BigInt(hvAt), bytes: this.hv.bytes.subarray(0, hvBytes) })).toBe(
      0,
    );
    expect(writeGuest(this.world.vm, { gpa: BigInt(regsAt), bytes: this.regs.bytes })).toBe(0);
  }

  enter(hvAt = HV_AT, regsAt = REGS_AT): number {
    this.store(hvAt, regsAt);
    return this.world.hypercall(CALL.enter, hvAt, regsAt);
  }

  /** Reads both structures back. */
  load(): void {
    readGuest(this.world.vm, { gpa: BigInt(HV_AT), bytes: this.hv.bytes });
    readGuest(this.world.vm, { gpa: BigInt(REGS_AT), bytes: this.regs.bytes });
  }

  named(name: string): bigint {
    return this.world.cpu.state.get(offsetOf(name));
  }
}

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

test('S6: a version 1 structure in the last bytes of L1 s memory', () => {
  const entry = new Entry();
  const { world, hv } = entry;
  hv.set(HV_STATE.version, 1n);
  hv.set(HV_STATE.hdecExpiry, 0n);
  const at = world.l1Bytes - 232;
  entry.store(at, REGS_AT, 232);
  expect(world.hypercall(CALL.enter, at, REGS_AT)).toBe(0x980);
  hv.set(HV_STATE.version, 2n);
  entry.store(at, REGS_AT, 232);
  expect(world.hypercall(CALL.enter, at, REGS_AT)).toBe(H.PARAMETER);
});

test.each([0n, 3n, -1n, 1n << 32n])('S7: version %s is H_PARAMETER', (version) => {
  const entry = new Entry();
  entry.hv.set(HV_STATE.version, BigInt.asUintN(64, version));
  expect(entry.enter()).toBe(H.PARAMETER);
  expect(entry.world.inL2).toBe(false);
});

test('structures outside of L1 s memory are H_PARAMETER, wherever the address is', () => {
  const entry = new Entry();
  entry.store();
  const { world } = entry;
  for (const bad of [world.l1Bytes - 8, world.l1Bytes, -8n, 1n << 60n]) {
    expect(world.hypercall(CALL.enter, bad, REGS_AT)).toBe(H.PARAMETER);
    expect(world.hypercall(CALL.enter, HV_AT, bad)).toBe(H.PARAMETER);
  }
});

test.each([false, true])('S8: both structures have the byte order of L1 (little-endian: %s)', (little) => {
  const entry = new Entry({ little });
  const { hv, regs, world } = entry;
  hv.setWord(HV_STATE.vcpuToken, 0x123);
  hv.set(HV_STATE.srr0, 0x0102_0304_0506_0708n);
  hv.set(HV_STATE.sprg + 24, 0x33n);
  hv.set(HV_STATE.pidr, 0x44n);
  regs.set(PT_REGS.xer, 0xe000_0000n);
  regs.set(PT_REGS.ccr, 0x8765_4321n);
  regs.set(PT_REGS.link, 0x777n);
  entry.enter();
  expect([entry.named('SRR0'), entry.named('SPRG3'), entry.named('PIDR'), entry.named('LR')]).toEqual([
    0x0102_0304_0506_0708n,
    0x33n,
    0x44n,
    0x777n,
  ]);
  expect([world.cpu.nia, world.cpu.state.gpr(31), world.cpu.state.cr, readXer(world.cpu)]).toEqual([
    NIP,
    0x101fn,
    0x8765_4321,
    0xe000_0000n,
  ]);
  expect(world.guest().previousCpu.has(0x123)).toBe(true);
  world.cpu.state.setGpr(7, 0x0a0b_0c0d_0e0f_0001n);
  world.cpu.state.set(offsetOf('SRR1'), 0x99n);
  world.cpu.state.setNamed('CTR', 0x55n);
  world.interrupt('hypervisorEmulationAssistance', { heir: 0x1234_5678n });
  expect(world.r3).toBe(0xe40);
  entry.load();
  expect([regs.get(8 * 7), hv.get(HV_STATE.srr1), regs.get(PT_REGS.ctr), hv.get(HV_STATE.heir)]).toEqual([
    0x0a0b_0c0d_0e0f_0001n,
    0x99n,
    0x55n,
    0x1234_5678n,
  ]);
  expect([hv.word(HV_STATE.lpid), hv.word(HV_STATE.vcpuToken), regs.get(PT_REGS.ccr)]).toEqual([
    LPID,
    0x123,
    0x8765_4321n,
  ]);
});

test('L1 finds every register as it left it, but r3', () => {
  const entry = new Entry();
  const { world } = entry;
  const { cpu } = world;
  const before = Buffer.from(cpu.state.bytes);
  entry.enter();
  expect(world.inL2).toBe(true);
  for (const name of ['SRR0', 'SPRG0', 'LPCR', 'LPIDR', 'PIDR', 'CTR', 'LR'])
    cpu.state.setNamed(name, 0x1357n);
  cpu.state.cr = 0x1111_1111;
  world.interrupt('machineCheck');
  const names = [
    'NIA',
    'MSR',
    'CTR',
    'LR',
    'LPCR',
    'LPIDR',
    'PIDR',
    'PCR',
    'HFSCR',
    'TBOFFSET',
    'SRR0',
    'SPRG0',
    'CFAR',
  ];
  const old = new Map(names.map((name) => [name, before.readBigUInt64LE(offsetOf(name))]));
  for (const name of names) expect([name, entry.named(name)]).toEqual([name, old.get(name)]);
  for (let n = 6; n < 32; n++) expect(cpu.state.gpr(n)).toBe(0xaa00n + BigInt(n));
  expect([cpu.state.cr, world.r3]).toEqual([0, 0x200]);
});

test('S9: facilities are those that L1 has; the cause byte stays', () => {
  expect(sanitiseHfscr(2n ** 64n - 1n, 0x1ffn)).toBe(0xff00_0000_0000_01ffn);
});

test('S10, S11: of LPCR only what L1 decides, without TC; an AIL other than 3 is 0', () => {
  const all = 2n ** 64n - 1n;
  expect(sanitiseLpcr(all, 0n)).toBe(0x0070_0000_0382_0a0cn & ~LPCR.TC.mask);
  expect(sanitiseLpcr(0n, all)).toBe(all & ~0x0070_0000_0382_0a0cn);
  expect(sanitiseLpcr(2n << 23n, 0n)).toBe(0n);
  expect(sanitiseLpcr(3n << 23n, 0n)).toBe(3n << 23n);
});

test('S12: watchpoints and breakpoints do not match in hypervisor state', () => {
  expect(sanitiseDawrx(0x1fn)).toBe(0x1bn);
  expect([sanitiseCiabr(0x1003n), sanitiseCiabr(0x1002n)]).toEqual([0x1000n, 0x1002n]);
});

test('S13: the nested guest runs with HV=0 and ME=1, under the shadow LPID', () => {
  const entry = new Entry();
  entry.regs.set(PT_REGS.msr, MSR.SF.mask | MSR.HV.mask | MSR.EE.mask);
  entry.enter();
  expect(entry.world.cpu.msr).toBe(MSR.SF.mask | MSR.ME.mask | MSR.EE.mask);
  expect(Number(entry.named('LPIDR'))).toBe(entry.world.guest().shadowLpid);
  expect(entry.world.events.find((event) => event.ev === 'nested.enter')!.sanitised).toContainEqual({
    register: 'MSR',
    from: MSR.SF.mask | MSR.HV.mask | MSR.EE.mask,
    to: entry.world.cpu.msr,
  });
});

test('S14: transaction states that do not fit', () => {
  const entry = new Entry();
  entry.regs.set(PT_REGS.msr, MSR.SF.mask | (1n << 33n));
  expect(entry.enter()).toBe(H.BAD_MODE);
  entry.world.cpu.msr |= 1n << 33n;
  expect(entry.enter()).not.toBe(H.BAD_MODE);
  expect(entry.world.inL2).toBe(true);
  entry.world.interrupt('machineCheck');
  expect(entry.world.cpu.msr & MSR.TS.mask).toBe(1n << 33n);
  entry.regs.set(PT_REGS.msr, MSR.SF.mask);
  expect(entry.enter()).toBe(H.BAD_MODE);
  entry.world.cpu.msr = MSR.SF.mask | (2n << 33n);
  expect(entry.enter()).toBe(H.BAD_MODE);
});

test('S15, S16: a vCPU token or an LPID beyond what there is', () => {
  const entry = new Entry();
  entry.hv.setWord(HV_STATE.vcpuToken, 2048);
  expect(entry.enter()).toBe(H.PARAMETER);
  entry.hv.setWord(HV_STATE.vcpuToken, 2047);
  for (const lpid of [256, 4095, 4096, 0xffff_ffff]) {
    entry.hv.setWord(HV_STATE.lpid, lpid);
    expect(entry.enter()).toBe(H.PARAMETER);
  }
  expect(entry.world.nested.guests.size).toBe(0);
});

test('S17, H-3: LPID 0 is refused; Linux takes it, with a warning', () => {
  for (const [hazards, result] of [[STRICT, H.PARAMETER], [LINUX, 0x1003]] as const) {
    const entry = new Entry({ hazards });
    entry.hv.setWord(HV_STATE.lpid, 0);
    expect(entry.enter()).toBe(result);
    expect(entry.world.events.some((event) => event.ev === 'nested.warning' && event.hazard === 'H-3')).toBe(true);
  }
}); // prettier-ignore

test('S18: a deadline that has passed ends the run before its first instruction', () => {
  const entry = new Entry();
  entry.world.time = 1000n;
  entry.hv.set(HV_STATE.hdecExpiry, 1000n);
  expect(entry.enter()).toBe(0x980);
  entry.load();
  expect([entry.regs.get(PT_REGS.nip), entry.regs.get(8 * 9)]).toEqual([NIP, 0x1009n]);
  entry.hv.set(HV_STATE.hdecExpiry, 1001n);
  entry.enter();
  expect(entry.world.inL2).toBe(true);
});

test('the deadline counts in L1 s time base; the nested guest has its own', () => {
  const entry = new Entry();
  const { world } = entry;
  writeCounter(world.cpu, COUNTER.TB, 500n);
  entry.hv.set(HV_STATE.hdecExpiry, 600n);
  entry.hv.set(HV_STATE.tbOffset, BigInt.asUintN(64, -200n));
  entry.hv.set(HV_STATE.purr, 7n);
  entry.enter();
  expect(readCounter(world.cpu, COUNTER.TB)).toBe(300n);
  expect(entry.named('HDECEXPIRY')).toBe(100n);
  world.time = 99n;
  world.interrupt('hypervisorDecrementer');
  expect(world.inL2).toBe(true);
  world.time = 100n;
  world.interrupt('hypervisorDecrementer');
  expect([world.inL2, world.r3, readCounter(world.cpu, COUNTER.TB)]).toEqual([false, 0x980, 600n]);
  entry.load();
  expect(entry.hv.get(HV_STATE.purr)).toBe(107n);
});

test('S19: a timer of L0 s own is no affair of L1', () => {
  const entry = new Entry();
  const { world } = entry;
  world.nested.l0Timer = 50n;
  entry.hv.set(HV_STATE.hdecExpiry, 90n);
  entry.enter();
  expect(entry.named('HDECEXPIRY')).toBe(50n);
  world.time = 50n;
  world.interrupt('hypervisorDecrementer');
  expect([world.inL2, entry.named('HDECEXPIRY')]).toEqual([true, 90n]);
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

test.each([
  ['ld r9', 0xe92a_0000, 9, 8, 0x8877_6655_4433_2211n],
  ['lwz r9', 0x812a_0000, 9, 4, 0x4433_2211n],
  ['lwbrx r9', 0x7d20_542c, 9, 4, 0x1122_3344n],
  ['lha r9', 0xa92a_0000, 9, 2, 0x2211n],
] as const)('S24: %s from a device address of L1', (_name, image, register, bytes, value) => {
  for (const little of [false, true]) {
    const asked: unknown[] = [];
    const entry = new Entry({
      little,
      mmio: (gpa, access) => {
        asked.push([gpa, access.bytes]);
        return 0x1122_3344_5566_7788n >> BigInt(64 - 8 * access.bytes);
      },
    });
    const { world } = entry;
    entry.tree.map(0x50_0000, 0x8000_0000);
    entry.regs.set(PT_REGS.msr, MSR.SF.mask | MSR.LE.mask);
    entry.enter();
    world.cpu.imageLo = image | 0;
    const address = { hdar: 0x50_0010n, asdr: 0x50_0000n };
    world.interrupt('hypervisorDataStorage', { ...address, hdsisr: 0x4000_0000n, byInstruction: true });
    expect([world.inL2, world.r3]).toEqual([false, 0]);
    expect(asked).toEqual([[0x8000_0010n, bytes]]);
    entry.load();
    expect([entry.regs.get(8 * register), entry.regs.get(PT_REGS.nip)]).toEqual([value, NIP + 4n]);
  }
});

test('MMIO stores put the bytes in order, and update forms their address', () => {
  const entry = new Entry();
  const { cpu } = entry.world;
  const stores: bigint[] = [];
  const bus = (_gpa: bigint, access: { store?: bigint }): bigint => (stores.push(access.store!), 0n);
  cpu.state.setGpr(9, 0x1122_3344n);
  cpu.imageLo = 0x952a_0004 | 0; // stwu r9, 4(r10)
  expect(performMmio(cpu, bus, { gpa: 0n, ea: 0x77n, store: true })).toBe(true);
  cpu.msr |= MSR.LE.mask;
  expect(performMmio(cpu, bus, { gpa: 0n, ea: 0x78n, store: true })).toBe(true);
  expect([stores, cpu.state.gpr(10)]).toEqual([[0x1122_3344n, 0x4433_2211n], 0x78n]);
  // An instruction that is no load although a load faulted: nothing is done.
  expect(performMmio(cpu, bus, { gpa: 0n, ea: 0n, store: false })).toBe(false);
  cpu.imageLo = 0x7c00_04ac;
  expect(performMmio(cpu, bus, { gpa: 0n, ea: 0n, store: true })).toBe(false);
});

test('without a device at the address the nested guest gets a machine check, as L1 would', () => {
  const entry = new Entry();
  entry.tree.map(0x50_0000, 0x8000_0000);
  entry.enter();
  entry.world.interrupt('hypervisorDataStorage', {
    hdar: 0x50_0010n,
    asdr: 0x50_0000n,
    hdsisr: 0x4000_0000n,
  });
  expect([entry.world.inL2, entry.world.cpu.nia, entry.named('DAR')]).toEqual([true, 0x200n, 0x50_0010n]);
});

test('a reflected data fault sets HDAR, HDSISR and ASDR; a served one does not leave', () => {
  const entry = new Entry();
  const { world, hv } = entry;
  entry.tree.map(0x50_0000, 0x60_0000, { bits: PTE.READ.mask | RC });
  entry.enter();
  const fault = { hdar: 0xc000_0000_0050_0010n, asdr: 0x50_0000n };
  world.interrupt('hypervisorDataStorage', { ...fault, hdsisr: 0x4000_0000n });
  expect([world.inL2, world.cpu.nia]).toEqual([true, NIP]);
  world.interrupt('hypervisorDataStorage', { ...fault, hdsisr: 0x4200_0000n });
  expect(world.r3).toBe(0xe00);
  entry.load();
  expect([hv.get(HV_STATE.hdar), hv.get(HV_STATE.hdsisr), hv.get(HV_STATE.asdr)]).toEqual([
    0xc000_0000_0050_0010n,
    0x0a00_0000n,
    0x50_0000n,
  ]);
  const { trap, reason, faults } = world.events.find((event) => event.ev === 'nested.exit')!;
  expect([trap, reason, faults]).toEqual([0xe00, 'hypervisorDataStorage', 2]);
});

test('S41: a reflected fetch fault sets ASDR and the cause in the MSR; HISI without R counts as a store', () => {
  const entry = new Entry();
  entry.tree.map(0x50_0000, 0x60_0000, { bits: PTE.READ.mask | RC });
  entry.regs.set(PT_REGS.nip, 0x50_0020n);
  entry.enter();
  entry.world.interrupt('hypervisorInstructionStorage', { asdr: 0x50_0000n, cause: 0x4000_0000n });
  expect(entry.world.r3).toBe(0xe20);
  entry.load();
  expect([entry.regs.get(PT_REGS.msr), entry.hv.get(HV_STATE.asdr), entry.hv.get(HV_STATE.hdsisr)]).toEqual([
    MSR.SF.mask | MSR.ME.mask | 0x1000_0000n,
    0x50_0000n,
    0n,
  ]);
  entry.regs.set(PT_REGS.msr, MSR.SF.mask);
  entry.enter();
  entry.world.interrupt('hypervisorInstructionStorage', { asdr: 0x70_0000n, cause: 0x4003_0000n });
  entry.load();
  expect(entry.regs.get(PT_REGS.msr) & 0x783f_0000n).toBe(0x4000_0000n);
});

test('an interrupt of L1 ends the run; one that L1 mediates by LPCR[MER] is the nested guest s own', () => {
  const entry = new Entry();
  const { world } = entry;
  setPending(world.cpu, PENDING.EXTERNAL, { on: true });
  expect(entry.enter()).toBe(0);
  setPending(world.cpu, PENDING.EXTERNAL, { on: false });
  entry.hv.set(HV_STATE.lpcr, LPCR.MER.mask | LPCR.LPES.mask);
  entry.enter();
  expect(world.cpu.state.get(offsetOf('LPCR')) & LPCR.LPES.mask).toBe(0n);
  world.interrupt('external');
  expect([world.inL2, world.cpu.nia, entry.named('SRR0')]).toEqual([true, 0x500n, NIP]);
  setPending(world.cpu, PENDING.EXTERNAL, { on: true });
  world.interrupt('external');
  expect([world.inL2, world.r3]).toEqual([false, 0x500]);
});

test('what is L0 s alone leaves the nested guest where it is', () => {
  const entry = new Entry();
  entry.enter();
  for (const name of ['hypervisorDoorbell', 'hypervisorVirtualization', 'hypervisorMaintenance'] as const)
    entry.world.interrupt(name);
  expect([entry.world.inL2, entry.world.cpu.nia]).toEqual([true, NIP]);
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

test('switching between L1 and L2 invalidates nothing', () => {
  const entry = new Entry();
  entry.enter();
  entry.world.interrupt('machineCheck');
  entry.world.invalidations.length = 0;
  entry.enter();
  entry.world.interrupt('machineCheck');
  expect(entry.world.invalidations).toEqual([]);
});
