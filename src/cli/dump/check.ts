/** `book3s dump check`: every invariant of the built-in hypervisor's state in a snapshot; exit code 7 for a broken one. */
import type { Chalk } from 'chalk';
import { checkInvariants } from '../../kvm/check-invariants';
import { checkL0 } from '../../kvm/guest/check';
import type { L0 } from '../../kvm/l0';
import { checkNested } from '../../kvm/nested/check';
import { NestedGuests } from '../../kvm/nested/part';
import { EXIT } from '../exit-codes';
import { isSet, type Parsed } from '../options';
import { limitOf } from './filters';
import { restorePseries } from './nested';
import type { Dumped, Subject } from './subject';

/** One thing that is broken. */
interface Problem {
  /** `memslots`, `L0's tables`, or the kind of a problem of nested guests. */
  readonly kind: string;
  readonly message: string;
}

/** Entries that L1 has made stale break nothing: they are told only with `stale`. */
const LEGAL = 'stale';

function dumpCheck(l0: L0, { stale, limit }: { stale: boolean; limit: number }): Dumped {
  const { nested } = l0;
  const problems: Problem[] = [
    ...checkInvariants(l0.vm).map((message) => ({ kind: 'memslots', message })),
    ...checkL0(l0).map((message) => ({ kind: "L0's tables", message })),
    ...(nested instanceof NestedGuests ? checkNested(nested.nested, { withStale: stale }) : []),
  ];
  const broken = problems.filter(({ kind }) => kind !== LEGAL).length;
  const listed = problems.slice(0, limit).map(({ kind, message }) => ({ kind, message }));
  const omitted = problems.length - listed.length;
  const text = (color: Chalk): string =>
    [
      broken === 0 ? color.green('every invariant holds') : color.red(`${broken} broken`),
      ...listed.map(({ kind, message }) => `${kind}: ${message}`),
      ...(omitted === 0 ? [] : [`${omitted} more not listed`]),
    ].join('\n') + '\n';
  return {
    text,
    json: () => ({ broken, problems: listed, omitted }),
    ...(broken ? { exitCode: EXIT.BROKEN } : {}),
  };
}

export const CHECK: Subject = {
  describe:
    "machine pseries: the invariants of memory slots, L0's tables and nested guests; exit code 7 if one is broken",
  options: ['stale', 'limit'],
  run(argv: Parsed) {
    const { machine } = restorePseries(argv, 'built-in hypervisor');
    return dumpCheck(machine.l0!, { stale: isSet(argv, 'stale'), limit: limitOf(argv) });
  },
};
