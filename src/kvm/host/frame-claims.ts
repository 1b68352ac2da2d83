/**
 * Who uses which frame, while a snapshot is restored: references are counted anew from the users, so that none can be
 * too many or too few. Frames of the heap have one user; those of host mappings may have several.
 */
import type { StateReader } from '../../core/saved-state';
import type { FrameAllocator } from './frames';

export class FrameClaims {
  /** Frames that may have no further user. */
  private readonly owned: Uint8Array;

  /** @param frames as restored, no frame with a user yet */
  constructor(private readonly frames: FrameAllocator) {
    this.owned = new Uint8Array(frames.frameCount);
  }

  /** Makes the caller the only user; false where the frame cannot be that. */
  own(frame: number): boolean {
    if (this.frames.refCount(frame) !== 0 || !this.frames.adopt(frame)) return false;
    this.owned[frame] = 1;
    return true;
  }

  /** Makes the caller one of the users; false where the frame cannot be that. */
  share(frame: number): boolean {
    return this.owned[frame] === 0 && this.frames.adopt(frame);
  }

  /** True where the frame has a user that is not alone for ever: a page of user space. */
  isShared(frame: number): boolean {
    return this.owned[frame] === 0 && this.frames.refCount(frame) > 0;
  }

  /** To be called after every user: a frame that nobody uses and that is not free either is damage. */
  finish(reader: StateReader): void {
    const lost = this.frames.firstLost();
    if (lost >= 0) reader.fail('frames', `frame ${lost} to be free or in use`);
  }
}
