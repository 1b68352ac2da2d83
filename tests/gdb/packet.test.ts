/** Framing: whatever comes, in whatever pieces. */
import fc from 'fast-check';
import { encodePacket, PACKET_SIZE, PacketReader, type Incoming } from '../../src/gdb/packet';
import { framed, unframed } from '../support/gdb-client';

/** What comes out of a reader, with data that may be kept. */
function readAll(
  pieces: readonly Uint8Array[],
): (Exclude<Incoming, { kind: 'packet' }> | { kind: string; data: string })[] {
  const reader = new PacketReader();
  return pieces.flatMap((piece) => [...mapped(reader.feed(piece))]);
}

function* mapped(all: Iterable<Incoming>) {
  for (const incoming of all)
    yield incoming.kind === 'packet'
      ? { kind: 'packet', data: Buffer.from(incoming.data).toString('latin1') }
      : incoming;
}

const packet = (data: string) => ({ kind: 'packet', data });
const bytes = fc.uint8Array({ maxLength: 200 });

test('a packet, acknowledgements and Ctrl-C are told apart', () => {
  expect(readAll([Buffer.from('+$m0,4#fd-\x03$#00')])).toEqual([
    { kind: 'ack' },
    packet('m0,4'),
    { kind: 'nack' },
    { kind: 'interrupt' },
    packet(''),
  ]);
});

test('any data arrives however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(bytes, { maxLength: 4 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
      (all, cuts) => {
        const stream = Buffer.concat(all.map((data) => framed(data)));
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < stream.length;) {
          const length = cuts.next().value as number;
          pieces.push(stream.subarray(at, at + length));
          at += length;
        }
        expect(readAll(pieces)).toEqual(all.map((data) => packet(Buffer.from(data).toString('latin1'))));
      },
    ),
  );
});

test('what is sent is what an independent decoder reads', () => {
  fc.assert(
    fc.property(bytes, (data) => {
      expect(unframed(encodePacket(data))).toEqual([Buffer.from(data).toString('latin1')]);
    }),
  );
});

test.each(['$m0,4#fe', '$m0,4#zz', '$m0,5#fd'])('%s is damaged', (text) => {
  expect(readAll([Buffer.from(text)])).toEqual([{ kind: 'damaged' }]);
});

test('a packet that is cut off by another one is forgotten', () => {
  expect(readAll([Buffer.from('$m0,'), framed('?')])).toEqual([packet('?')]);
});

test.each([
  [PACKET_SIZE, 'packet'],
  [PACKET_SIZE + 1, 'tooLong'],
  [50 * PACKET_SIZE, 'tooLong'],
])('a packet of %d bytes is a %s', (length, kind) => {
  const [first, second] = readAll([framed('a'.repeat(length)), framed('?')]);
  expect([first!.kind, second]).toEqual([kind, packet('?')]);
});

test('garbage never makes it fail, and what follows is read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (garbage) => {
      const got = readAll([garbage, Buffer.from('#00'), framed('?')]);
      expect(got.at(-1)).toEqual(packet('?'));
    }),
  );
});
