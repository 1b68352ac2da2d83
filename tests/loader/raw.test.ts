/** Raw images. */
import { UserError } from '../../src/core/errors';
import { placeImage, readRaw } from '../../src/loader';

const WORD = Uint8Array.of(1, 2, 3, 4);

it('is loaded at 0 and starts there unless the user says otherwise', () => {
  expect(readRaw('f', WORD)).toMatchObject({ entry: 0n, segments: [{ address: 0n, size: 4n }] });
  const image = readRaw('f', WORD, { loadAddress: 0x1002n, entry: 0x2000n });
  expect(image).toMatchObject({ entry: 0x2000n, segments: [{ address: 0x1002n }] });
  expect(readRaw('f', WORD, { loadAddress: 0x100n }).entry).toBe(0x100n);
});

it('is refused when it is empty', () => {
  expect(() => readRaw('f', new Uint8Array())).toThrow(
    new UserError('f: the file is empty; expected an image'),
  );
});

it('is refused when its entry is not a word', () => {
  expect(() => readRaw('f', WORD, { loadAddress: 2n })).toThrow(/entry 0x2 is not a multiple of 4/);
});

it('is refused when it is larger than memory or lies beyond it', () => {
  expect(() => placeImage(readRaw('f', new Uint8Array(33)), new Uint8Array(32))).toThrow(UserError);
  const far = readRaw('f', WORD, { loadAddress: (1n << 64n) - 4n });
  expect(() => placeImage(far, new Uint8Array(32))).toThrow(/do not fit into 32 bytes/);
});
