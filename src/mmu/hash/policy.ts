/** What differs between implementations of hashed translation, as data: v2.07 (POWER8) and v3.0 (POWER9, POWER10). */
import { HPTE0, HPTE1 } from '../../../isa/tables/hpte';
import type { Field } from '../../core/bits';
import type { FaultKind } from '../fault';
import type { MmuPolicy } from '../policy';

/** Where an HPTE has the fields that moved in v3.0. */
export interface HpteFormat {
  readonly avpn: Field;
  /** Segment size: in doubleword 0 or in doubleword 1. */
  readonly segmentSizeIn: 0 | 1;
  readonly segmentSize: Field;
  readonly rpn: Field;
}

const HPTE_V207: HpteFormat = {
  avpn: HPTE0.AVPN,
  segmentSizeIn: 0,
  segmentSize: HPTE0.B,
  rpn: HPTE1.RPN,
};

const HPTE_V3: HpteFormat = {
  avpn: HPTE0.AVPN_V3,
  segmentSizeIn: 1,
  segmentSize: HPTE1.B_V3,
  rpn: HPTE1.RPN_V3,
};

export interface HashPolicy {
  /** What says where the table is: SDR1, or the partition table entry of LPIDR. */
  readonly location: 'SDR1' | 'PATE';
  readonly format: HpteFormat;
  /** Guest real mode: always the virtual real mode area, or LPCR[VPM0] chooses it or RMOR's offset. */
  readonly guestReal: 'VRMA' | 'VPM0';
  /** log2 of the real mode limit by LPCR[RMLS]; 0: no access is below it. */
  readonly realModeLimits: readonly number[];
  /** Table sizes and page size encodings that do not exist: v3.0 has a cause for them, v2.07 only the machine check. */
  readonly badConfiguration: FaultKind;
  /** LPCR[UPRT]=1 asks for segment tables in memory. */
  readonly segmentTables: boolean;
}

const V207: HashPolicy = {
  location: 'SDR1',
  format: HPTE_V207,
  guestReal: 'VPM0',
  // 256G, 16G, 1G, 64M, 256M, -, -, 128M, 32M (POWER8 as QEMU models it; implementation-dependent).
  realModeLimits: [38, 34, 30, 26, 28, 0, 0, 27, 25, 0, 0, 0, 0, 0, 0, 0],
  badConfiguration: 'tableOutsideMemory',
  segmentTables: false,
};

const V3: HashPolicy = {
  location: 'PATE',
  format: HPTE_V3,
  guestReal: 'VRMA',
  realModeLimits: [],
  badConfiguration: 'badTree',
  segmentTables: true,
};

/** By CPU model. Microwatt never comes here: it has no hashed translation. */
export const HASH_POLICIES: Readonly<Record<MmuPolicy['name'], HashPolicy>> = {
  power8: V207,
  power9: V3,
  power10: V3,
  microwatt: V3,
};
