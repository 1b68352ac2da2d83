/**
 * The kinds of storage access, as far as translation distinguishes them: what permission they need and what they do
 * on caching-inhibited storage. Alignment of the operand is the caller's business.
 */

/** What an access needs, and what a translation grants: a set of bits. */
export const RIGHT = { READ: 1, WRITE: 2, FETCH: 4, ALL: 7 } as const;

/** What happens when the storage is caching inhibited (Power ISA v3.1 Book II, 4.6; Book III, 7.5.3). */
export type OnInhibited =
  | 'permitted'
  /** Data storage interrupt: larx, stcx., lq/stq as atomics, atomic memory operations. */
  | 'attribute'
  /** Data storage interrupt of its own: copy and paste. */
  | 'copyPaste'
  /** Alignment interrupt: dcbz. */
  | 'alignment';

export interface Access {
  readonly name: string;
  /** The one right that the access needs. */
  readonly needs: number;
  readonly fetch: boolean;
  readonly store: boolean;
  readonly onInhibited: OnInhibited;
  /** lbzcix and its family: hypervisor real mode only, always caching inhibited. */
  readonly inhibitedForm: boolean;
}

const access = (name: string, needs: number, onInhibited: OnInhibited = 'permitted'): Access => ({
  name,
  needs,
  fetch: needs === RIGHT.FETCH,
  store: needs === RIGHT.WRITE,
  onInhibited,
  inhibitedForm: false,
});

/** Every kind of access. dcbst, dcbf and icbi are loads; dcbt and its like are probes of a load and never fault. */
export const ACCESS = {
  load: access('load', RIGHT.READ),
  store: access('store', RIGHT.WRITE),
  fetch: access('fetch', RIGHT.FETCH),
  /** lbarx .. lqarx, and lq where it is an atomic access. */
  reserve: access('reserve', RIGHT.READ, 'attribute'),
  /** stbcx. .. stqcx., and stq where it is an atomic access. */
  conditional: access('conditional', RIGHT.WRITE, 'attribute'),
  /** lwat, ldat, stwat, stdat: all are updates. */
  atomic: access('atomic', RIGHT.WRITE, 'attribute'),
  copy: access('copy', RIGHT.READ, 'copyPaste'),
  paste: access('paste', RIGHT.WRITE, 'copyPaste'),
  dcbz: access('dcbz', RIGHT.WRITE, 'alignment'),
  /** lbzcix, lhzcix, lwzcix, ldcix. */
  inhibitedLoad: { ...access('inhibitedLoad', RIGHT.READ), inhibitedForm: true },
  /** stbcix, sthcix, stwcix, stdcix. */
  inhibitedStore: { ...access('inhibitedStore', RIGHT.WRITE), inhibitedForm: true },
} as const satisfies Record<string, Access>;

export type AccessName = keyof typeof ACCESS;

/** `rwx` with `-` for what is missing, for traces. */
export const rightsText = (rights: number): string =>
  (rights & RIGHT.READ ? 'r' : '-') + (rights & RIGHT.WRITE ? 'w' : '-') + (rights & RIGHT.FETCH ? 'x' : '-');
