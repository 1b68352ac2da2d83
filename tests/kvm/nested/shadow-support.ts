/** A page of the nested guest whose indices differ on every level, and causes of faults in HDSISR. */

export const NGPA = 0x1234_5000_0000;
export const STORE = 0x0200_0000;
export const NOHPTE = 0x4000_0000;
export const PROTFAULT = 0x0800_0000;
export const UNSUPP = 0x0008_0000;
export const SET_RC = 0x0004_0000;
