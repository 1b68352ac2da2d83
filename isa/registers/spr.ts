/**
 * The special purpose registers: one row each (Power ISA Book III, 4.4.5 and the SPR tables of Books I-III).
 * What exists on which CPU model and the masks that differ are in the models (`src/cpu/models/`), not here.
 */

/** Who may read or write: problem state, privileged (PR=0), hypervisor (HV=1, PR=0), or nobody. */
export type SprAccess = 'problem' | 'privileged' | 'hypervisor' | 'none';

/**
 * How an access is carried out.
 * - `plain`: a doubleword of CPU state; a write stores `value & mask`, nothing else happens.
 * - `service`: reading or writing computes or has an effect; TypeScript carries it out.
 */
export type SprKind = 'plain' | 'service';

export interface SprRow {
  readonly num: number;
  /** Name as the ISA spells it. */
  readonly name: string;
  readonly read: SprAccess;
  readonly write: SprAccess;
  readonly kind: SprKind;
  /** Implemented bits; absent: all 64. */
  readonly mask?: bigint;
}

type Options = { kind?: SprKind; mask?: bigint };

const row = (num: number, name: string, read: SprAccess, write: SprAccess, o: Options = {}): SprRow => ({
  num,
  name,
  read,
  write,
  kind: o.kind ?? 'plain',
  ...(o.mask === undefined ? {} : { mask: o.mask }),
});
const WORD = 0xffffffffn;
const service = { kind: 'service' } as const;
const word = { mask: WORD } as const;
const wordService = { kind: 'service', mask: WORD } as const;
const problem = (num: number, name: string, o?: Options) => row(num, name, 'problem', 'problem', o);
const priv = (num: number, name: string, o?: Options) => row(num, name, 'privileged', 'privileged', o);
const hyp = (num: number, name: string, o?: Options) => row(num, name, 'hypervisor', 'hypervisor', o);

/** Every SPR number that some model knows. Aliases (two numbers, one register) are separate service rows. */
export const SPR_ROWS: readonly SprRow[] = [
  problem(1, 'XER', service),
  problem(3, 'UDSCR', service),
  problem(8, 'LR'),
  problem(9, 'CTR'),
  problem(13, 'UAMR', service),
  priv(17, 'DSCR'),
  priv(18, 'DSISR', word),
  priv(19, 'DAR'),
  priv(22, 'DEC', service),
  hyp(25, 'SDR1', service),
  priv(26, 'SRR0'),
  priv(27, 'SRR1'),
  priv(28, 'CFAR'),
  priv(29, 'AMR', service),
  priv(48, 'PIDR', service),
  priv(61, 'IAMR', service),
  problem(128, 'TFHAR'),
  problem(129, 'TFIAR'),
  problem(130, 'TEXASR'),
  problem(131, 'TEXASRU', service),
  row(136, 'CTRL', 'problem', 'none', wordService),
  priv(144, 'TIDR'),
  row(152, 'CTRLW', 'privileged', 'privileged', wordService),
  priv(153, 'FSCR', service),
  priv(157, 'UAMOR', service),
  row(158, 'GSR', 'none', 'none'),
  priv(159, 'PSPB', word),
  row(176, 'DPDES', 'privileged', 'hypervisor', service),
  hyp(180, 'DAWR0', service),
  hyp(181, 'DAWR1', service),
  hyp(186, 'RPR'),
  hyp(187, 'CIABR', service),
  hyp(188, 'DAWRX0', service),
  hyp(189, 'DAWRX1', service),
  hyp(190, 'HFSCR', service),
  problem(256, 'VRSAVE', word),
  row(259, 'USPRG3', 'problem', 'none', service),
  row(268, 'TB', 'problem', 'none', service),
  row(269, 'TBU', 'problem', 'none', service),
  priv(272, 'SPRG0'),
  priv(273, 'SPRG1'),
  priv(274, 'SPRG2'),
  priv(275, 'SPRG3'),
  row(284, 'TBL', 'none', 'hypervisor', service),
  row(285, 'TBUW', 'none', 'hypervisor', service),
  row(286, 'TBU40', 'none', 'hypervisor', service),
  row(287, 'PVR', 'privileged', 'none', wordService),
  hyp(304, 'HSPRG0'),
  hyp(305, 'HSPRG1'),
  hyp(306, 'HDSISR', word),
  hyp(307, 'HDAR'),
  row(308, 'SPURR', 'privileged', 'hypervisor', service),
  row(309, 'PURR', 'privileged', 'hypervisor', service),
  hyp(310, 'HDEC', service),
  hyp(312, 'RMOR', service),
  hyp(313, 'HRMOR', service),
  hyp(314, 'HSRR0'),
  hyp(315, 'HSRR1'),
  hyp(318, 'LPCR', service),
  hyp(319, 'LPIDR', service),
  hyp(336, 'HMER', service),
  hyp(337, 'HMEER', service),
  hyp(338, 'PCR', service),
  hyp(339, 'HEIR'),
  hyp(349, 'AMOR'),
  row(446, 'TIR', 'privileged', 'none', service),
  row(455, 'UHDEXCR', 'problem', 'none', service),
  hyp(464, 'PTCR', service),
  priv(468, 'HASHKEYR'),
  hyp(469, 'HASHPKEYR'),
  hyp(471, 'HDEXCR'),
  hyp(496, 'USPRG0'),
  hyp(497, 'USPRG1'),
  hyp(505, 'URMOR'),
  hyp(506, 'USRR0'),
  hyp(507, 'USRR1'),
  ...[...Array(16).keys()].map((i) => row(768 + i, `UPMU${i}`, 'problem', 'problem', service)),
  ...[...Array(16).keys()].map((i) => priv(784 + i, `PMU${i}`)),
  problem(800, 'BESCRS', service),
  problem(801, 'BESCRSU', service),
  problem(802, 'BESCRR', service),
  problem(803, 'BESCRRU', service),
  problem(804, 'EBBHR'),
  problem(805, 'EBBRR'),
  problem(806, 'BESCR'),
  row(812, 'DEXCRU', 'problem', 'none', service),
  problem(815, 'TAR'),
  hyp(816, 'ASDR'),
  priv(823, 'PSSCR_G', service),
  priv(828, 'DEXCR'),
  hyp(848, 'IC'),
  row(849, 'VTB', 'privileged', 'hypervisor', service),
  hyp(850, 'LDBAR'),
  hyp(855, 'PSSCR'),
  problem(896, 'PPR'),
  problem(898, 'PPR32', wordService),
  hyp(1008, 'HID0', service),
  hyp(1009, 'HID1'),
  hyp(1012, 'HID4'),
  hyp(1014, 'HID5'),
  row(1023, 'PIR', 'privileged', 'none', service),
];
