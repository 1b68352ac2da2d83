/**
 * The four kinds of address in a Book3S machine, as types that do not mix (Power ISA Book III, chapter 6: storage
 * addressing). All are 64-bit values; a plain `bigint` becomes one by an explicit call.
 */
declare const kind: unique symbol;

/** Effective address: what an instruction computes. */
export type EA = bigint & { readonly [kind]: 'EA' };
/** Virtual address of hashed translation: 78 bits architected. */
export type VA = bigint & { readonly [kind]: 'VA' };
/** Real address as a guest sees it: the input of partition-scoped translation. */
export type GuestRA = bigint & { readonly [kind]: 'guestRA' };
/** Real address of the machine itself: what memory and devices are addressed by. */
export type HostRA = bigint & { readonly [kind]: 'hostRA' };

export const ea = (value: bigint): EA => BigInt.asUintN(64, value) as EA;
export const va = (value: bigint): VA => value as VA;
export const guestRA = (value: bigint): GuestRA => BigInt.asUintN(64, value) as GuestRA;
export const hostRA = (value: bigint): HostRA => BigInt.asUintN(64, value) as HostRA;
