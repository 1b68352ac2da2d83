/**
 * How the hypervisor reports what it does. Without an observer no event is made; with one, each is stamped with the
 * machine's time and CPU. Which format a trace takes is none of this file's business.
 */
import type { EventBase } from '../trace/events';
import type { MemslotEvent } from '../trace/events/memslot';

/** An event before it is stamped. */
export type Unstamped<E> = E extends EventBase ? Omit<E, keyof EventBase> : never;

export interface KvmObserver {
  /** Instructions that the CPU has retired. */
  time(): number;
  /** The CPU on whose behalf the hypervisor works. */
  cpu(): number;
  emit(event: MemslotEvent): void;
}

/** Stamps an event and hands it to the observer. */
export function report(observer: KvmObserver, event: Unstamped<MemslotEvent>): void {
  observer.emit({ t: observer.time(), cpu: observer.cpu(), ...event });
}
