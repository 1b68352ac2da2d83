import type { Config } from 'jest';

/**
 * Two suites: the default one needs nothing but Node; `system` (BOOK3S_SUITE=system) compares with
 * third-party tools (binutils, QEMU) that `.ci/run` installs.
 */
const system = process.env['BOOK3S_SUITE'] === 'system';

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: system ? ['**/tests/system/**/*.test.ts'] : ['**/*.test.ts'],
  testPathIgnorePatterns: system ? ['/node_modules/'] : ['/node_modules/', '/tests/system/'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  testTimeout: system ? 600_000 : 60_000,
};

export default config;
