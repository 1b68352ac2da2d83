/**
 * The device tree that L1 is started with: what a Linux kernel needs of a radix partition with XICS interrupts and
 * a virtual terminal (PAPR; Linux arch/powerpc/platforms/pseries).
 */
import { SLB_ENTRIES } from '../../../isa/tables/slb-entry';
import type { CpuModel } from '../../cpu/models';
import { VTY_SOURCE } from '../../kvm/guest/xics';
import { RTAS_TOKENS } from '../../kvm/hypercalls/rtas';
import { buildFdt, cells64, node, type FdtNode, type PropertyValue } from '../../loader/fdt';
import type { HashedTranslation } from './translation';

/** A range of guest real addresses. */
export interface GuestRange {
  readonly address: number;
  readonly size: number;
}

export interface TreeOptions {
  readonly model: CpuModel;
  readonly cpus: number;
  /** Bytes of guest real memory, from 0. */
  readonly memory: number;
  readonly rtas: GuestRange;
  readonly bootArguments: string;
  readonly initrd?: GuestRange;
  /** Absent: radix translation. */
  readonly hashed?: HashedTranslation;
}

/** What the platform agreed to (option vector 5): radix translation with GTSE, XICS; or hashed, XICS. */
const VECTOR_5_RADIX = Uint8Array.from([
  0x19,
  0x00,
  0x20,
  0x00,
  0x00,
  0xa0,
  0x05,
  ...new Array<number>(16).fill(0),
  0x40,
  0x40,
  0x00,
  0x40,
]);
const VECTOR_5_HASHED = VECTOR_5_RADIX.map((byte, i) => (i > 22 ? 0 : byte));
/** Functions of the hypervisor that a guest may count on. */
const HYPERTAS = [
  'hcall-term', 'hcall-dabr', 'hcall-interrupt', 'hcall-debug', 'hcall-splpar', 'hcall-join', 'hcall-set-mode',
  'hcall-sprg0', 'hcall-copy',
]; // prettier-ignore
/** ... and one that has a hashed page table. */
const HYPERTAS_HASHED = ['hcall-pft', 'hcall-bulk', 'hcall-hpt-resize'];
/** Page sizes of radix translation: AP encoding in the top three bits, log2 of the size below. */
const RADIX_PAGES = [0x0000000c, 0xa0000010, 0x20000015, 0x4000001e];
/** Base page sizes of hashed translation: log2, L || LP, and of each page size log2 and LP: 4K and 64K. */
const SEGMENT_PAGES = [0xc, 0, 1, 0xc, 0, 0x10, 0x110, 1, 0x10, 1];
const NO_SEGMENT_SIZE = 0xffffffff;
/** log2 of the bytes of segments. */
const SEGMENT_SIZES = [0x1c, 0x28, NO_SEGMENT_SIZE, NO_SEGMENT_SIZE];
/**
 * Attributes of the processor (PAPR, `ibm,pa-features`): 0x42 0x00, then pairs that name what it has: decimal floating-point
 * arithmetic (byte 54), but no transactional memory (byte 22).
 */
const PA_FEATURES = Uint8Array.from(
  [
    '4200f63fc7c080f080000000000000000000800080008000000080008000800080008000',
    'c000800080008000800080008000800080008000800080008000800080000000',
  ]
    .join('')
    .match(/../g)!
    .map((byte) => parseInt(byte, 16)),
);
/** Logical processor versions by model. */
const LOGICAL_PVR: Readonly<Record<string, number>> = { power9: 0x0f000005, power10: 0x0f000006 };
const CACHE_BYTES = 0x8000;
/** Clock of the processor: the guest only reports it. */
const CLOCK_HZ = 1_000_000_000;
const XICS_HANDLE = 0x1111;
const VTY_PATH = '/vdevice/vty@71000000';
const VTY_UNIT = 0x71000000;
const DECREMENTER_BITS = 56;
const RTAS_LOG_BYTES = 0x800;

const translationProperties = (hashed: HashedTranslation | undefined): Record<string, PropertyValue> =>
  hashed
    ? {
        'ibm,pft-size': [0, hashed.order],
        'ibm,segment-page-sizes': SEGMENT_PAGES,
        'ibm,processor-segment-sizes': SEGMENT_SIZES,
        'ibm,slb-size': [SLB_ENTRIES],
      }
    : { 'ibm,processor-radix-AP-encodings': RADIX_PAGES };

function cpuNode({ model, hashed }: TreeOptions, index: number): FdtNode {
  const line = 1 << model.cacheBlockShift;
  const name = `PowerPC,${model.name.toUpperCase()}`;
  return node(`${name}@${index.toString(16)}`, {
    device_type: 'cpu',
    reg: [index],
    status: 'okay',
    'ibm,dec-bits': [DECREMENTER_BITS],
    ...translationProperties(hashed),
    'ibm,ppc-interrupt-server#s': [index],
    'ibm,ppc-interrupt-gserver#s': [index, 0],
    'ibm,pa-features': PA_FEATURES,
    'ibm,vmx': [2],
    'ibm,dfp': [1],
    'ibm,spurr': [1],
    'ibm,purr': [1],
    '64-bit': true,
    'clock-frequency': [CLOCK_HZ],
    'timebase-frequency': [model.timebase.frequency],
    'i-cache-size': [CACHE_BYTES],
    'd-cache-size': [CACHE_BYTES],
    'i-cache-line-size': [line],
    'i-cache-block-size': [line],
    'd-cache-line-size': [line],
    'd-cache-block-size': [line],
    'cpu-version': [LOGICAL_PVR[model.name] ?? Number(model.pvr)],
  });
}

function chosenNode({ bootArguments, initrd, hashed }: TreeOptions): FdtNode {
  const range: Record<string, PropertyValue> = initrd
    ? {
        'linux,initrd-start': cells64(initrd.address),
        'linux,initrd-end': cells64(initrd.address + initrd.size),
      }
    : {};
  return node('chosen', {
    'ibm,architecture-vec-5': hashed ? VECTOR_5_HASHED : VECTOR_5_RADIX,
    bootargs: bootArguments,
    ...range,
    'linux,stdout-path': VTY_PATH,
    'stdout-path': VTY_PATH,
  });
}

const rtasNode = ({ rtas, hashed }: TreeOptions): FdtNode =>
  node('rtas', {
    'ibm,hypertas-functions': hashed ? [...HYPERTAS_HASHED, ...HYPERTAS] : HYPERTAS,
    ...Object.fromEntries(RTAS_TOKENS.map(([name, token]) => [name, [token]])),
    'rtas-event-scan-rate': [1],
    'rtas-error-log-max': [RTAS_LOG_BYTES],
    'ibm,extended-os-term': true,
    'rtas-size': [rtas.size],
    'linux,rtas-base': [rtas.address],
    'linux,rtas-entry': [rtas.address],
  });

const vdeviceNode = (): FdtNode =>
  node(
    'vdevice',
    {
      compatible: 'IBM,vdevice',
      device_type: 'vdevice',
      '#address-cells': [1],
      '#size-cells': [0],
      'interrupt-controller': true,
      '#interrupt-cells': [2],
    },
    [
      node('vty@71000000', {
        compatible: 'hvterm1',
        device_type: 'serial',
        reg: [VTY_UNIT],
        interrupts: [VTY_SOURCE, 0],
      }),
    ],
  );

const controllerNode = (cpus: number): FdtNode =>
  node('interrupt-controller', {
    compatible: 'IBM,ppc-xicp',
    device_type: 'PowerPC-External-Interrupt-Presentation',
    phandle: [XICS_HANDLE],
    'linux,phandle': [XICS_HANDLE],
    'interrupt-controller': true,
    '#address-cells': [0],
    '#interrupt-cells': [2],
    'ibm,interrupt-server-ranges': [0, cpus],
  });

/** The blob. */
export function pseriesTree(options: TreeOptions): Uint8Array {
  const { cpus, memory, rtas } = options;
  const cpuNodes = Array.from({ length: cpus }, (_, i) => cpuNode(options, i));
  const root = node(
    '',
    {
      '#address-cells': [2],
      '#size-cells': [2],
      compatible: 'qemu,pseries',
      model: 'book3s pseries',
      device_type: 'chrp',
    },
    [
      chosenNode(options),
      rtasNode(options),
      node('cpus', { '#address-cells': [1], '#size-cells': [0] }, cpuNodes),
      node('memory@0', { device_type: 'memory', reg: [...cells64(0), ...cells64(memory)] }),
      vdeviceNode(),
      controllerNode(cpus),
    ],
  );
  const reservations = [{ address: BigInt(rtas.address), size: BigInt(rtas.size) }];
  return buildFdt({ root, reservations, bootCpu: 0 });
}
