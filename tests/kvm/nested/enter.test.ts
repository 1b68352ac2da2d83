/** H_ENTER_NESTED: what L1 gives, and what is made of it (facts, section 1; scenarios 6-20). */
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { readXer } from '../../../src/cpu/spr/registers';
import { COUNTER, readCounter, writeCounter } from '../../../src/cpu/time';
import { H } from '../../../src/kvm/hypercalls/status';
import { LINUX, STRICT } from '../../../src/kvm/nested/hazards';
import { HV_STATE, PT_REGS } from '../../../src/kvm/nested/hv-guest-state';
import { sanitiseCiabr, sanitiseDawrx, sanitiseHfscr, sanitiseLpcr } from '../../../src/kvm/nested/sanitise';
import { offsetOf } from '../../../src/state/layout';
import { HV_AT, REGS_AT, NIP, Entry } from './entry';
import { CALL, LPID } from './support';

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
