/** `book3s dump slb|segments|hpt`: the structures of hashed translation, decoded. */
import { UserError } from '../../core/errors';
import { describeSegments, describeSlb, jsonable, type SegmentFilter } from '../../mmu/hash/describe';
import { describeHpt, type HptFilter } from '../../mmu/hash/describe-hpt';
import { hptText, segmentsText, slbText } from '../../mmu/hash/describe-text';
import { defined, isSet, parsed, type Parsed } from '../options';
import { lpidOf } from './filters';
import { parseAddress, parseCount } from '../values';
import { memoryOf, openSource, type DumpSource } from './source';
import type { Dumped, Subject } from './subject';

/** Largest number that a group can have. */
const MAX_GROUP = 2 ** 39 - 1;

function source(argv: Parsed): DumpSource {
  const opened = openSource(argv);
  if (opened.model.mmu.mechanisms === 'radix')
    throw new UserError(
      `${opened.name}: CPU ${opened.model.name} has no hashed translation, so there is no SLB and no HPT`,
    );
  return opened;
}

const segmentFilter = (argv: Parsed): SegmentFilter => ({
  ...defined('ea', parsed(argv, 'ea', parseAddress)),
  ...defined('vsid', parsed(argv, 'vsid', parseAddress)),
  ...(isSet(argv, 'invalid') ? { invalid: true } : {}),
});

const lines = (all: readonly string[], none: string): string => `${(all.length ? all : [none]).join('\n')}\n`;

const dumped = (text: () => string, data: unknown): Dumped => ({ text, json: () => jsonable(data) });

export const SLB: Subject = {
  describe: 'the entries of the SLB, decoded, and which overlap',
  options: ['ea', 'vsid', 'invalid'],
  run(argv) {
    const rows = describeSlb(source(argv).cpu, segmentFilter(argv));
    return dumped(() => lines(slbText(rows), 'no such SLB entry'), { slb: rows });
  },
};

export const SEGMENTS: Subject = {
  describe: 'the valid segments by effective address',
  options: ['ea', 'vsid'],
  run(argv) {
    const rows = describeSegments(source(argv).cpu, segmentFilter(argv));
    return dumped(() => lines(segmentsText(rows), 'no such segment'), { segments: rows });
  },
};

export const HPT: Subject = {
  describe: 'the hashed page table: place, load factor, longest probe, entries',
  options: ['ea', 'vsid', 'ra', 'group', 'limit', 'lpid'],
  run(argv) {
    const opened = source(argv);
    const { cpu, model } = opened;
    const { lpid } = lpidOf(argv);
    if (lpid !== undefined && model.mmu.mechanisms === 'hash')
      throw new UserError(`--lpid: CPU ${model.name} has one table, which SDR1 says; leave the option out`);
    const filter: HptFilter = {
      ...segmentFilter(argv),
      ...defined('ra', parsed(argv, 'ra', parseAddress)),
      ...defined(
        'group',
        parsed(argv, 'group', (o, t) => parseCount(o, t, { max: MAX_GROUP })),
      ),
      ...defined(
        'limit',
        parsed(argv, 'limit', (o, t) => parseCount(o, t)),
      ),
    };
    const hpt = { cpu, memory: memoryOf(opened), policy: model.mmu, ...defined('lpid', lpid) };
    const description = describeHpt(hpt, filter);
    return dumped(() => lines(hptText(description), ''), { hpt: description });
  },
};
