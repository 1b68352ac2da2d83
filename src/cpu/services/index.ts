/** All services by name: what the engine calls for an instruction that is more than arithmetic and storage. */
import type { ServiceName } from '../../../isa/vocabulary/services';
import { mfspr, mtspr } from '../spr';
import { ATOMIC_SERVICES } from './atomic-memory';
import { CONTEXT_SERVICES } from './context';
import { HASH_SERVICES } from './hash';
import { PROCESSOR_SERVICES } from './processor-control';
import { ordering, type Service } from './service';
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
};

export type { Service } from './service';
