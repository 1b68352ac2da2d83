/** Where cycles go: the rows of the CPI stack. The position of a cause is its number in the model's state. */
export const CAUSES = [
  /** One slot per instruction: what is left when nothing is waited for. */
  'issue',
  'dependencies',
  'multiplyDivide',
  /** The latency of a load that hits. */
  'loadUse',
  'dataCache',
  'instructionCache',
  'dataTranslation',
  'instructionTranslation',
  'branches',
  'serialisation',
  'interrupts',
  /** Unaligned accesses, cache and TLB instructions, device accesses. */
  'storageUnit',
  /** The built-in hypervisor's own work. */
  'hypervisor',
  /** The CPU was stopped, and waited for an interrupt. */
  'idle',
] as const;
export type Cause = (typeof CAUSES)[number];

export const CAUSE = Object.fromEntries(CAUSES.map((name, i) => [name, i])) as Readonly<
  Record<Cause, number>
>;
