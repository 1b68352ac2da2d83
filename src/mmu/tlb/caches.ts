/** The architected translation caches of one CPU, as the walkers use them. */
export interface ArchitectedCaches {
  readonly placeholder?: never;
}
