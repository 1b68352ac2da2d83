/** Tests that need something from outside the project: where it is missing they are skipped, and say so. */
import { spawnSync } from 'node:child_process';

/** Which of these programs cannot be run, or undefined. `debian` names the package that has them. */
export function missingTools(tools: readonly string[], debian: string): string | undefined {
  const missing = tools.filter((tool) => spawnSync(tool, ['--version']).status !== 0);
  return missing.length === 0 ? undefined : `no ${missing.join(', ')} (Debian: ${debian})`;
}

export const QEMU = 'qemu-system-ppc64';
/** Why the machines of QEMU cannot be used, or undefined. */
export const qemuMissing = (): string | undefined => missingTools([QEMU], 'qemu-system-ppc');

/** Why the compiler of device trees cannot be used, or undefined. */
export const dtcMissing = (): string | undefined => missingTools(['dtc'], 'device-tree-compiler');

/** A skipped test, and a message: Jest names those that it skips only where a file has nothing else. */
function skip(name: string, missing: string): void {
  process.stderr.write(`skipped: ${name}: ${missing}\n`);
  test.skip(`${name}: ${missing}`, () => undefined);
}

/** `describe`; where something is missing its body, which may need it, is not called. */
export function describeUnless(missing: string | undefined, name: string, body: () => void): void {
  if (missing === undefined) describe(name, body);
  else skip(name, missing);
}

/** `test`; skipped where something is missing. */
export function testUnless(
  missing: string | undefined,
  name: string,
  body: (() => void) | (() => Promise<void>),
): void {
  if (missing === undefined) test(name, body);
  else skip(name, missing);
}
