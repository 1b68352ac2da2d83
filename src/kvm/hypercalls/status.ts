/** Return codes of hypercalls, in r3 (PAPR, "hcall() return codes"; Linux arch/powerpc/include/asm/hvcall.h). */
export const H = {
  SUCCESS: 0,
  BUSY: 1,
  CLOSED: 2,
  NOT_AVAILABLE: 3,
  CONSTRAINED: 4,
  PARTIAL: 5,
  IN_PROGRESS: 14,
  PAGE_REGISTERED: 15,
  PARTIAL_STORE: 16,
  PENDING: 17,
  CONTINUE: 18,
  LONG_BUSY_ORDER_1_MSEC: 9900,
  LONG_BUSY_ORDER_10_MSEC: 9901,
  LONG_BUSY_ORDER_100_MSEC: 9902,
  HARDWARE: -1,
  FUNCTION: -2,
  PRIVILEGE: -3,
  PARAMETER: -4,
  BAD_MODE: -5,
  PTEG_FULL: -6,
  NOT_FOUND: -7,
  RESERVED_DABR: -8,
  NO_MEM: -9,
  AUTHORITY: -10,
  PERMISSION: -11,
  DROPPED: -12,
  SOURCE_PARM: -13,
  DEST_PARM: -14,
  REMOTE_PARM: -15,
  RESOURCE: -16,
  NOT_ENOUGH_RESOURCES: -44,
  ABORTED: -54,
  P2: -55,
  P3: -56,
  P4: -57,
  P5: -58,
  P6: -59,
  P7: -60,
  P8: -61,
  P9: -62,
  TOO_BIG: -64,
  UNSUPPORTED: -67,
  OVERLAP: -68,
  INTERRUPT: -69,
  STATE: -75,
  IN_USE: -77,
} as const;

const NAMES = new Map<number, string>(Object.entries(H).map(([name, value]) => [value, `H_${name}`]));

/** `H_PARAMETER` for -4; the number itself where it is no status, such as a trap number. */
export const statusName = (value: bigint): string => {
  const signed = BigInt.asIntN(64, value);
  return NAMES.get(Number(signed)) ?? `0x${value.toString(16)}`;
};
