/** Trace events of the L0 hypervisor's memory: slots, notifiers, pfn caches. Types only. */
export {};
