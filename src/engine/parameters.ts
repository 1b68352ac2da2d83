/**
 * Parameters of every generated handler: the CPU block, the decoded record of the instruction and the number of
 * instructions left; see `tier1.ts`.
 */
export const CPU = 0;
export const IP = 1;
export const LEFT = 2;
