/** GNU as and objdump for Power, as oracles of encodings and syntax. Absent tools are told by {@link binutilsMissing}. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { inFolder } from './folder';
import { missingTools } from './requirements';

const PREFIX = 'powerpc64-linux-gnu-';
export type ByteOrder = 'big' | 'little';

/** Why the tools cannot be used, or undefined. */
export const binutilsMissing = (): string | undefined =>
  missingTools(
    ['as', 'objdump', 'objcopy'].map((tool) => PREFIX + tool),
    'binutils-powerpc64-linux-gnu',
  );

function run(tool: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(PREFIX + tool, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${tool} failed:\n${stderr.split('\n').slice(0, 20).join('\n')}`);
  return stdout;
}

export interface Dialect {
  /** `power10`, as -m and -M take it. */
  readonly cpu: string;
  readonly byteOrder: ByteOrder;
}

function assembleTo(object: string, file: string, text: string, { cpu, byteOrder }: Dialect): void {
  writeFileSync(file, text);
  run('as', [`-m${cpu}`, `-m${byteOrder}`, '-mregnames', file, '-o', object]);
}

/** The bytes of .text that GNU as makes of a source. */
export const gnuAssemble = (text: string, dialect: Dialect): Uint8Array =>
  inFolder((file) => {
    assembleTo(file('a.o'), file('a.s'), text, dialect);
    run('objcopy', ['-O', 'binary', '--only-section=.text', file('a.o'), file('a.bin')]);
    return new Uint8Array(readFileSync(file('a.bin')));
  });

/** objdump's text of words that begin at address 0, by address; symbols of targets removed. */
export const gnuDisassemble = (words: readonly number[], dialect: Dialect): Map<number, string> =>
  inFolder((file) => {
    assembleTo(file('a.o'), file('a.s'), words.map((word) => `.long ${word >>> 0}\n`).join(''), dialect);
    const output = run('objdump', ['-d', '-z', `-M${dialect.cpu}`, file('a.o')]);
    const lines = output.matchAll(/^\s*([0-9a-f]+):\t[0-9a-f ]+\t(.*)$/gm);
    return new Map([...lines].map(([, address, text]) => [parseInt(address!, 16), text!.trimEnd()]));
  });
