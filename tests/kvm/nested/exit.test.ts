/** Interrupts of a nested guest: served in L0, or exits to L1 (facts, section 1; scenarios 21-24, 41). */
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { PTE } from '../../../isa/tables/radix';
import { PENDING, setPending } from '../../../src/cpu/pending';
import { HV_STATE, PT_REGS } from '../../../src/kvm/nested/hv-guest-state';
import { performMmio } from '../../../src/kvm/nested/mmio';
import { offsetOf } from '../../../src/state/layout';
import { NIP, Entry } from './entry';
import { RC } from './support';

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

test('switching between L1 and L2 invalidates nothing', () => {
  const entry = new Entry();
  entry.enter();
  entry.world.interrupt('machineCheck');
  entry.world.invalidations.length = 0;
  entry.enter();
  entry.world.interrupt('machineCheck');
  expect(entry.world.invalidations).toEqual([]);
});
