/**
 * Linux error numbers as the KVM ioctls return them: 0 for success, the negated number for a failure
 * (include/uapi/asm-generic/errno-base.h). Numbers only; messages for people are made where they are printed.
 */
export const ENOENT = 2;
export const EINTR = 4;
export const EIO = 5;
export const ENXIO = 6;
export const E2BIG = 7;
export const EBADF = 9;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EFAULT = 14;
export const EBUSY = 16;
export const EEXIST = 17;
export const EINVAL = 22;

const NAMES: Readonly<Record<number, string>> = {
  [ENOENT]: 'ENOENT',
  [EINTR]: 'EINTR',
  [EIO]: 'EIO',
  [ENXIO]: 'ENXIO',
  [E2BIG]: 'E2BIG',
  [EBADF]: 'EBADF',
  [EAGAIN]: 'EAGAIN',
  [ENOMEM]: 'ENOMEM',
  [EFAULT]: 'EFAULT',
  [EBUSY]: 'EBUSY',
  [EEXIST]: 'EEXIST',
  [EINVAL]: 'EINVAL',
};

/** The name of a result: `OK` for 0 and above, otherwise such as `EINVAL`. */
export function errnoName(result: number): string {
  return result >= 0 ? 'OK' : (NAMES[-result] ?? `errno ${-result}`);
}
