/**
 * Power control of `powernv`: one 32-bit big-endian register at offset 0, by which the guest ends the run. The values
 * are those of the "test finisher" that other emulators have.
 *
 * | value written | effect |
 * |---|---|
 * | 0x5555 | power off: the guest ended well |
 * | code << 16 | 0x3333 | power off: the guest reports failure `code` |
 *
 * Anything else is ignored; the register reads as 0.
 */
import { StateReader, type Json } from '../../core/saved-state';
import { reverseBytes, type AccessSize, type Device } from './device';

export const POWER = { OFF: 0x5555, FAIL: 0x3333, SIZE: 0x1000 } as const;
const COMMAND_MASK = 0xffffn;
const CODE_SHIFT = 16n;

/** How the guest wants to end. */
export type PowerRequest =
  | { readonly kind: 'off' }
  | { readonly kind: 'fail'; readonly code: number }
  /** It wants to start again. */
  | { readonly kind: 'reboot' }
  /** It cannot go on, or the hypervisor below it cannot. */
  | { readonly kind: 'crash'; readonly reason: string };

export class PowerControl implements Device {
  constructor(private readonly onRequest: (request: PowerRequest) => void) {}

  read(): bigint {
    return 0n;
  }

  /** Only a 32-bit write of the whole register is a request. */
  write(offset: number, size: AccessSize, value: bigint): void {
    if (offset !== 0 || size !== 4) return;
    const register = reverseBytes(value, 4);
    const command = Number(register & COMMAND_MASK);
    if (command === POWER.OFF) this.onRequest({ kind: 'off' });
    else if (command === POWER.FAIL) this.onRequest({ kind: 'fail', code: Number(register >> CODE_SHIFT) });
  }

  save(): Json {
    return {};
  }

  restore(state: Json): void {
    new StateReader('snapshot: power', state).done();
  }
}
