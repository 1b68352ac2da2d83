/** The virtual terminal of L1: what it prints goes out at once, what is typed waits until the guest asks. */
import type { Json, StateReader } from '../../core/saved-state';

export class GuestConsole {
  private readonly queue: number[] = [];

  /** @param capacity bytes of input that may wait */
  constructor(
    private readonly output: (byte: number) => void,
    private readonly capacity = 4096,
  ) {}

  /** Bytes of input that wait. */
  get waiting(): number {
    return this.queue.length;
  }

  put(bytes: Uint8Array): void {
    bytes.forEach((byte) => this.output(byte));
  }

  /** Takes up to `most` bytes of input. */
  take(most: number): number[] {
    return this.queue.splice(0, most);
  }

  /** Queues input; returns how many bytes were taken. */
  receive(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.capacity - this.queue.length);
    this.queue.push(...bytes.subarray(0, taken));
    return taken;
  }

  save(): Json {
    return { queue: [...this.queue] };
  }

  /** @throws UserError for more than can wait, or what is no byte */
  restore(reader: StateReader): void {
    const queue = reader.integers('queue', 0xff, this.capacity);
    reader.done();
    this.queue.splice(0, this.queue.length, ...queue);
  }
}
