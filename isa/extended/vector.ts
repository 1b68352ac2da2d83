/** Extended mnemonics of the vector and vector-scalar instructions (Power ISA Book I, appendix C). */
import { printed, type Extended } from './model';

/** Moves between GPRs and VSRs, by the name of an FPR (VSR 0 to 31) or a VR (VSR 32 to 63). */
const MOVES: readonly Extended[] = [
  ...['d', 'wz'].flatMap((size) => [
    printed([`mffpr${size}`, `mfvsr${size}`], 'RA,FRS', { XS: 'FRS' }),
    printed([`mfvr${size}`, `mfvsr${size}`], 'RA,VRS', { XS: 'VRS+32' }),
  ]),
  ...['d', 'wa', 'wz'].flatMap((size) => [
    printed([`mtfpr${size}`, `mtvsr${size}`], 'FRT,RA', { XT: 'FRT' }),
    printed([`mtvr${size}`, `mtvsr${size}`], 'VRT,RA', { XT: 'VRT+32' }),
  ]),
];

const SAME = { VRB: 'VRA' } as const;
const SAME_VSR = { XB: 'XA' } as const;

export const EXTENDED_VECTOR: readonly Extended[] = [
  printed(['vmr', 'vor'], 'VRT,VRA', SAME),
  printed(['vnot', 'vnor'], 'VRT,VRA', SAME),
  printed(['xxspltd', 'xxpermdi'], 'XT,XA,n', { ...SAME_VSR, DM: '3*n' }, { ranges: { n: [0, 1] } }),
  printed(['xxswapd', 'xxpermdi'], 'XT,XA', { ...SAME_VSR, DM: 2 }),
  printed(['xxmrghd', 'xxpermdi'], 'XT,XA,XB', { DM: 0 }),
  printed(['xxmrgld', 'xxpermdi'], 'XT,XA,XB', { DM: 3 }),
  ...MOVES,
  printed(['xxlnot', 'xxlnor'], 'XT,XA', SAME_VSR),
  printed(['xxmr', 'xxlor'], 'XT,XA', SAME_VSR),
  printed(['xvmovdp', 'xvcpsgndp'], 'XT,XA', SAME_VSR),
  printed(['xvmovsp', 'xvcpsgnsp'], 'XT,XA', SAME_VSR),
];
