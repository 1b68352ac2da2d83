/**
 * Where Linux's L0 does something doubtful, what this one does: a choice for each, as data. `strict` is what a
 * hypervisor should do; `linux` is what the kernel does, for whoever wants to see the consequence. The ids are those of
 * the project's facts about nested guests.
 */
export type HazardChoice = 'strict' | 'linux';

/** What each hazard is about; the texts are for people. */
export const HAZARDS = {
  /** strict: lists and shadow memory are bounded, what is beyond is dropped and faulted in again. */
  'H-1': 'an L1 page mapped at very many places makes its rmap list grow without bound',
  /** strict: the flush names the shadow LPID. linux: the number that L1 uses. */
  'H-2': 'clearing reference and change bits flushes the LPID that L1 uses instead of the shadow LPID',
  /** strict: H_PARAMETER. linux: accepted, and a zero entry in a node ends every walk of its list. */
  'H-3': 'LPID 0 is accepted, and its entry for address 0 ends a list early',
  /** strict: by the address that the entry maps. linux: by its host frame number. */
  'H-4': 'entries below a table that is replaced are unmapped at an address made of their host frame number',
  /** strict: the second vCPU finds what the first made. linux: it gets H_PARAMETER. */
  'H-5': 'two vCPUs that enter a new nested guest together: one fails',
  /** strict: a guest that somebody runs is emptied but stays findable. linux: it becomes an orphan. */
  'H-6': 'a nested guest that is removed while a vCPU is inside keeps shadow entries that nobody finds',
  /** strict: a large page lies within its slot. linux: one that a nested guest asks for may begin before it. */
  'H-7': 'a large page is used without a look at the bounds of its memory slot',
  /** strict: one base page. linux: a count made with a negative shift, which reaches nothing. */
  'H-8': 'an invalidation of a page smaller than the base page',
  /** strict: reported to L1 as an unsupported configuration; memory shortage empties the shadow tables. */
  'H-9': 'an error of L0 in a nested fault looks to L1 like the fault itself',
  /** strict: under mmu_lock. linux: not. */
  'H-10': 'H_RPT_INVALIDATE looks a nested guest up without mmu_lock',
  /** strict: the LPID is checked first and a bounded buffer is used. linux: allocated as L1 asked. */
  'H-11': 'H_COPY_TOFROM_GUEST allocates what L1 asks for before it looks at the LPID',
  /** strict: every nested guest is read again. linux: nothing happens. */
  'H-12': 'a new partition table leaves the nested guests of the old one as they are',
  /** strict: there are no orphans. linux: such an invalidation is dropped, for its size is not known. */
  'H-13': 'an invalidation of an address in an orphan uses a size that nobody set',
  /** strict: H_PARAMETER on entry. linux: an empty tree, so that every access is reflected to L1. */
  'H-14': 'a partition table entry that cannot be read counts as an empty one',
  /** strict: 4 bytes as PAPR says. linux: 8 bytes, so that the other party's element is refused. */
  // No API v2 here: the choice is recorded for whoever adds it.
  'H-15': 'the two parties disagree about the length of the HEIR element of API v2',
  /**
   * strict: the old entry goes first. linux: the new bits are added to the old entry, its frame number too: an L1 that
   * changes its table without an invalidation gets a mapping of a host page that is not its own.
   */
  'H-16': 'a shadow entry of another page is not replaced: the bits of both are joined',
} as const;

export type HazardId = keyof typeof HAZARDS;
export type HazardPolicy = Readonly<Record<HazardId, HazardChoice>>;

const all = (choice: HazardChoice): HazardPolicy =>
  Object.fromEntries(Object.keys(HAZARDS).map((id) => [id, choice])) as Record<HazardId, HazardChoice>;

/** What a guest of L0 may be: a hypervisor, with one of both policies, or none. */
export const NESTED_CHOICES = ['strict', 'linux', 'off'] as const;
export type NestedChoice = (typeof NESTED_CHOICES)[number];

export const STRICT: HazardPolicy = all('strict');
export const LINUX: HazardPolicy = all('linux');
