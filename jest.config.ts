import type { Config } from 'jest';

/**
 * Two suites: the default one needs nothing but Node; `system` (BOOK3S_SUITE=system) compares with
 * third-party tools (binutils, QEMU) that `.ci/run` installs.
 */
const system = process.env['BOOK3S_SUITE'] === 'system';

/** Seed of all that is random in the tests, so that they do the same in every run. */
const DEFAULT_SEED = 20261121;

/** `BOOK3S_SEED=<whole number>` or `random` asks for another seed. */
function seedOf(asked: string | undefined): number {
  if (asked === undefined || asked === '') return DEFAULT_SEED;
  if (asked === 'random') return Math.floor(Math.random() * 2 ** 31);
  const seed = Number(asked);
  if (!Number.isInteger(seed) || Math.abs(seed) >= 2 ** 31)
    throw new Error(`BOOK3S_SEED: expected a whole number of 31 bits, or random, got ${asked}`);
  return seed;
}

// The workers have the environment of this process.
process.env['BOOK3S_SEED'] = String(seedOf(process.env['BOOK3S_SEED']));

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: system ? ['**/tests/system/**/*.test.ts'] : ['**/*.test.ts'],
  testPathIgnorePatterns: system ? ['/node_modules/'] : ['/node_modules/', '/tests/system/'],
  reporters: ['default', '<rootDir>/tests/support/seed-reporter.mjs'],
  setupFiles: ['<rootDir>/tests/support/seed-fast-check.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  // On two processors Jest would leave one to itself. Nothing that is tested depends on time.
  maxWorkers: 2,
  testTimeout: system ? 600_000 : 60_000,
};

export default config;
