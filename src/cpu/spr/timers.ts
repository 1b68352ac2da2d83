/** SPRs of the timer facilities (Power ISA v3.1 Book III, chapter 8). */
import { field, get, put } from '../../core/bits';
import type { Cpu } from '../cpu';
import { hdecWritten } from '../asynchronous';
import { COUNTER, DEC, HDEC, readCounter, readDecrementer, writeCounter, writeDecrementer } from '../time';
import { neverRead, readOnly, type SprHandler } from './handler';

const UPPER = field([0, 31]);
const LOWER = field([32, 63]);
/** TBU40 writes this part of the time base. */
const UPPER40 = field([0, 39]);

const timeBase = (cpu: Cpu): bigint => readCounter(cpu, COUNTER.TB);

/** A write-only SPR that replaces part of the time base. */
const timeBasePart = (change: (tb: bigint, value: bigint) => bigint): SprHandler => ({
  read: neverRead,
  write(cpu, value) {
    writeCounter(cpu, COUNTER.TB, change(timeBase(cpu), value));
    return 'none';
  },
});

const counter = (offsetAt: number): SprHandler => ({
  read: (cpu) => readCounter(cpu, offsetAt),
  write(cpu, value) {
    writeCounter(cpu, offsetAt, value);
    return 'none';
  },
});

export const TIMER_SPRS: Readonly<Record<string, SprHandler>> = {
  TB: readOnly(timeBase),
  TBU: readOnly((cpu) => get(timeBase(cpu), UPPER)),
  TBL: timeBasePart((tb, value) => put(tb, LOWER, value)),
  TBUW: timeBasePart((tb, value) => put(tb, UPPER, value)),
  TBU40: timeBasePart((tb, value) => put(tb, UPPER40, get(value, UPPER40))),
  VTB: counter(COUNTER.VTB),
  PURR: counter(COUNTER.PURR),
  SPURR: counter(COUNTER.SPURR),
  DEC: {
    read: (cpu) => readDecrementer(cpu, DEC),
    write(cpu, value) {
      writeDecrementer(cpu, DEC, value);
      return 'context';
    },
  },
  HDEC: {
    read: (cpu) => readDecrementer(cpu, HDEC),
    write(cpu, value) {
      writeDecrementer(cpu, HDEC, value);
      hdecWritten(cpu);
      return 'context';
    },
  },
};
