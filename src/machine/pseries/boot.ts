/**
 * Puts an image into L1's memory and starts it as PAPR firmware does: r3 is the device tree, r5 is 0, guest real
 * mode, big-endian (a little-endian kernel switches itself). Image at its own addresses; RTAS, device tree and initial
 * RAM disk at the end of memory.
 */
import { UserError } from '../../core/errors';
import type { CpuModel } from '../../cpu/models';
import type { L0 } from '../../kvm/l0';
import { startVcpu } from '../../kvm/guest/start';
import { switchToHpt } from '../../kvm/hpt/switch';
import type { Image } from '../../loader';
import { findNode, parseFdt } from '../../loader/fdt';
import { pseriesTree, type GuestRange } from './device-tree';
import { translationOf, type HashedTranslation } from './translation';

/** A file as the user named it. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What is started beside the image. */
export interface BootExtras {
  readonly initrd?: NamedBytes;
  /** Kernel command line; not with `deviceTree`. */
  readonly append?: string;
  /** Takes the place of the generated tree, unchanged. */
  readonly deviceTree?: NamedBytes;
  /** Gets the tree that the guest is started with. */
  readonly onDeviceTree?: (tree: Uint8Array) => void;
}

const UNIT = 65536;
const RTAS_BYTES = UNIT;
/** Everything but the image ends below this: RTAS is entered in 32-bit mode. */
const HIGHEST_END = 2 ** 31;
/**
 * The RTAS entry, big-endian: mr r4,r3; lis r3,0; ori r3,r3,0xf000; sc 1; blr. The block's address is in r3 and the
 * return address in LR.
 */
const RTAS_ENTRY = Uint8Array.from([
  0x7c, 0x64, 0x1b, 0x78, 0x3c, 0x60, 0x00, 0x00, 0x60, 0x63, 0xf0, 0x00, 0x44, 0x00, 0x00, 0x22, 0x4e, 0x80,
  0x00, 0x20,
]);

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

/** What is put at the end of memory, from the end down. */
class Placement {
  private end: number;

  constructor(
    memory: number,
    private readonly imageEnd: bigint,
  ) {
    this.end = Math.min(memory, HIGHEST_END);
  }

  take(what: string, size: number): GuestRange {
    const address = Math.floor((this.end - size) / UNIT) * UNIT;
    if (BigInt(Math.max(address, 0)) < this.imageEnd || address < 0)
      throw new UserError(
        `${what}: ${size} bytes do not fit between the image, which ends at ${hex(this.imageEnd)}, and ` +
          `${hex(this.end)}; give the machine more memory (-m)`,
      );
    this.end = address;
    return { address, size };
  }
}

export interface BootContext {
  readonly l0: L0;
  readonly model: CpuModel;
  /** Bytes of L1's memory. */
  readonly memory: number;
}

/** @throws UserError where something does not fit or is no device tree; L1 is then not started */
export function bootGuest(context: BootContext, image: Image, extras: BootExtras): void {
  const { l0, memory } = context;
  const last = image.segments.reduce((end, s) => (s.address + s.size > end ? s.address + s.size : end), 0n);
  if (last > BigInt(memory))
    throw new UserError(
      `${image.name}: expected an end of at most ${hex(memory)}, found ${hex(last)}: give the machine more memory ` +
        '(-m) or another --load-addr',
    );
  const hashed = translationOf(extras, memory);
  const placement = new Placement(memory, last);
  const rtas = placement.take('RTAS', RTAS_BYTES);
  const initrd = extras.initrd && placement.take(extras.initrd.name, extras.initrd.bytes.length);
  const tree = treeOf(context, extras, { rtas, initrd, hashed });
  const at = placement.take(extras.deviceTree?.name ?? 'device tree', tree.length);
  const put = (address: number | bigint, bytes: Uint8Array): void => {
    if (!l0.guestMemory.write(BigInt(address), bytes))
      throw new UserError(
        `the host has no memory for ${bytes.length} bytes at ${hex(address)}; give more with -m`,
      );
  };
  if (hashed && !switchToHpt(l0, hashed.order))
    throw new UserError(
      `the host has no memory for a hashed page table of 2^${hashed.order} bytes and its reverse map of as many; give more with -m`,
    );
  for (const segment of image.segments) put(segment.address, segment.data);
  if (initrd) put(initrd.address, extras.initrd.bytes);
  put(at.address, tree);
  extras.onDeviceTree?.(tree);
  put(rtasBase(extras) ?? rtas.address, RTAS_ENTRY);
  startVcpu(l0, l0.vcpus[0]!, { entry: image.entry, argument: BigInt(at.address) });
}

function treeOf(
  { model, memory, l0 }: BootContext,
  { deviceTree, append = '' }: BootExtras,
  {
    rtas,
    initrd,
    hashed,
  }: { rtas: GuestRange; initrd: GuestRange | undefined; hashed: HashedTranslation | undefined },
): Uint8Array {
  if (deviceTree) return deviceTree.bytes;
  const cpus = l0.vcpus.length;
  return pseriesTree({
    model,
    cpus,
    memory,
    rtas,
    bootArguments: append,
    ...(initrd ? { initrd } : {}),
    ...(hashed ? { hashed } : {}),
  });
}

const CELL = 4;

/** Where a given tree wants RTAS to be; undefined where the tree is generated or has none. */
function rtasBase({ deviceTree }: BootExtras): number | undefined {
  if (!deviceTree) return undefined;
  const { root } = parseFdt(deviceTree.name, deviceTree.bytes);
  const cell = findNode(root, '/rtas')?.properties.get('linux,rtas-base');
  return cell?.length === CELL ? new DataView(cell.buffer, cell.byteOffset).getUint32(0) : undefined;
}
