/** What the demonstration calls the guests of fixtures/nested.s. */
const NAMES: Readonly<Record<number, string>> = { 1: 'A', 2: 'B' };

/** Name of a nested guest by the LPID that L1 uses. */
export const guestName = (lpid: number): string => NAMES[lpid] ?? `LPID ${lpid}`;

export const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
