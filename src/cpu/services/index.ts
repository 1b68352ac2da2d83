/** All services by name: what the engine calls for an instruction that is more than arithmetic and storage. */
import type { ServiceName } from '../../../isa/vocabulary/services';
import { decimalFloat } from '../decimal';
import { quadFloat } from '../quad';
import { mfspr, mtspr } from '../spr';
import { ATOMIC_SERVICES } from './atomic-memory';
import { CONTEXT_SERVICES } from './context';
import { HASH_SERVICES } from './hash';
import { PROCESSOR_SERVICES } from './processor-control';
import { ordering, valueService, type Service } from './service';
import { STORAGE_SERVICES } from './storage-instructions';
import { TRANSLATION_SERVICES } from './translation-management';

export const SERVICE_TABLE: Readonly<Record<ServiceName, Service>> = {
  mfspr,
  mtspr,
  isync: ordering,
  sync: ordering,
  eieio: ordering,
  msgsync: ordering,
  ...CONTEXT_SERVICES,
  ...PROCESSOR_SERVICES,
  ...TRANSLATION_SERVICES,
  ...STORAGE_SERVICES,
  ...ATOMIC_SERVICES,
  ...HASH_SERVICES,
  quadFloat: valueService((cpu) => quadFloat([0, 1, 2, 3, 4, 5, 6].map((n) => cpu.arg(n)))),
  decimalFloat: valueService((cpu) => decimalFloat([0, 1, 2, 3, 4].map((n) => cpu.arg(n)))),
};

export type { Service } from './service';
