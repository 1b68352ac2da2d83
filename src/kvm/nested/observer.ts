/** How nested virtualisation reports what it does; without an observer no event is made. */
import type { NestedEvent } from '../../trace/events/nested';
import type { Unstamped } from '../observer';

export interface NestedObserver {
  /** Instructions that the CPU has retired. */
  time(): number;
  /** The CPU on whose behalf the hypervisor works. */
  cpu(): number;
  emit(event: NestedEvent): void;
}

/** Stamps an event and hands it to the observer. */
export function note(observer: NestedObserver, event: Unstamped<NestedEvent>): void {
  observer.emit({ t: observer.time(), cpu: observer.cpu(), ...event });
}
