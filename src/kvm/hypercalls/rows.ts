/**
 * The hypercalls that L0 knows, as data: number, name, arguments (r4 and up) and results (r4 and up). Which of them do
 * something is decided by who adds handlers to the table (`table.ts`); the others are answered with H_FUNCTION.
 * Numbers of PAPR and of Linux arch/powerpc/include/asm/hvcall.h; 0xF000 and up are KVM's own.
 */
export interface HypercallRow {
  readonly number: number;
  readonly name: string;
  /** Names of the arguments in r4, r5... */
  readonly args: readonly string[];
  /** Names of the results in r4, r5..., beside the status in r3. */
  readonly results: readonly string[];
}

const row = (number: number, name: string, args = '', results = ''): HypercallRow => ({
  number,
  name,
  args: args === '' ? [] : args.split(' '),
  results: results === '' ? [] : results.split(' '),
});

export const HYPERCALL_ROWS = [
  row(0x04, 'H_REMOVE', 'flags ptex avpn', 'v r'),
  row(0x08, 'H_ENTER', 'flags ptex v r', 'ptex'),
  row(0x0c, 'H_READ', 'flags ptex', 'v r'),
  row(0x10, 'H_CLEAR_MOD', 'flags ptex', 'r'),
  row(0x14, 'H_CLEAR_REF', 'flags ptex', 'r'),
  row(0x18, 'H_PROTECT', 'flags ptex avpn'),
  row(0x24, 'H_SET_SPRG0', 'value'),
  row(0x28, 'H_SET_DABR', 'value'),
  row(0x2c, 'H_PAGE_INIT', 'flags destination source'),
  row(0x3c, 'H_LOGICAL_CI_LOAD', 'size address', 'value'),
  row(0x40, 'H_LOGICAL_CI_STORE', 'size address value'),
  row(0x44, 'H_LOGICAL_CACHE_LOAD', 'size address', 'value'),
  row(0x48, 'H_LOGICAL_CACHE_STORE', 'size address value'),
  row(0x4c, 'H_LOGICAL_ICBI', 'address'),
  row(0x50, 'H_LOGICAL_DCBF', 'address'),
  row(0x54, 'H_GET_TERM_CHAR', 'termno', 'length chars0 chars1'),
  row(0x58, 'H_PUT_TERM_CHAR', 'termno length chars0 chars1'),
  row(0x60, 'H_HYPERVISOR_DATA'),
  row(0x64, 'H_EOI', 'xirr'),
  row(0x68, 'H_CPPR', 'cppr'),
  row(0x6c, 'H_IPI', 'server mfrr'),
  row(0x70, 'H_IPOLL', 'server', 'xirr mfrr'),
  row(0x74, 'H_XIRR', 'cppr', 'xirr'),
  row(0xdc, 'H_REGISTER_VPA', 'flags server address'),
  row(0xe0, 'H_CEDE'),
  row(0xe4, 'H_CONFER', 'target dispatch'),
  row(0xe8, 'H_PROD', 'target'),
  row(0xec, 'H_GET_PPP', '', 'entitled pool1 pool2 limits'),
  row(0xf0, 'H_SET_PPP', 'entitled weight'),
  row(0xf8, 'H_PIC', '', 'pool idle'),
  row(0x118, 'H_JOIN'),
  row(0x124, 'H_BULK_REMOVE', 'p0 p1 p2 p3 p4 p5 p6 p7', 'p0 p1 p2 p3 p4 p5 p6 p7'),
  row(0x1c8, 'H_GET_CPU_CHARACTERISTICS', '', 'character behaviour'),
  row(0x2d0, 'H_GET_EM_PARMS'),
  row(0x2ec, 'H_HOME_NODE_ASSOCIATIVITY', 'flags server', 'domain0 domain1 domain2 domain3 domain4 domain5'),
  row(0x2f4, 'H_GET_TERM_CHAR_EXTENDED', 'termno'),
  row(0x300, 'H_RANDOM', '', 'value'),
  row(0x31c, 'H_SET_MODE', 'mode resource value1 value2'),
  row(0x320, 'H_XIRR_X', 'cppr', 'xirr timestamp'),
  row(0x36c, 'H_RESIZE_HPT_PREPARE', 'flags order'),
  row(0x370, 'H_RESIZE_HPT_COMMIT', 'flags order'),
  row(0x37c, 'H_REGISTER_PROC_TBL', 'flags table pagesize tablesize'),
  row(0x380, 'H_SIGNAL_SYS_RESET', 'target'),
  row(0x398, 'H_QUERY_VAS_CAPABILITIES', 'flags id address'),
  row(0x448, 'H_RPT_INVALIDATE', 'id target type pages start end'),
  row(0xf000, 'KVMPPC_H_RTAS', 'args'),
  row(0xf080, 'H_GET_PERF_COUNTER_INFO', 'buffer length'),
  row(0xf800, 'H_SET_PARTITION_TABLE', 'ptcr'),
  row(0xf804, 'H_ENTER_NESTED', 'hvstate regs'),
  row(0xf808, 'H_TLB_INVALIDATE', 'instruction rs rb'),
  row(0xf80c, 'H_COPY_TOFROM_GUEST', 'lpid pid ea to from length'),
] as const satisfies readonly HypercallRow[];

export type HypercallName = string;
