/** Branches: what the target cache and decoding expect of them, and what it costs where that is wrong. */
import { CAUSE } from './causes';
import type { Core, Place } from './core';
import type { FetchUnit } from './fetch-unit';
import type { BranchTiming, CoreTiming } from './profile';
import { CELL, ticksOf } from './state';
import type { Prediction } from './structures';

export interface BranchOutcome {
  readonly taken: boolean;
  /** Its displacement is negative: what decoding predicts as taken. */
  readonly backward: boolean;
  /** Displacement in instructions, 0 where it is absolute. */
  readonly displacement: number;
}

/** No address has this as its low half. */
const NO_ENTRY = -1;

type Redirection = 'mispredicted' | 'decoded';

/**
 * How far a branch may jump back, in instructions, so that fetching looks at its entry again before that has changed: as
 * many as pass from the redirection until `update` after the branch, less the one at which the next one's entry is read.
 */
export function lateDistance(
  { issueWidth }: CoreTiming,
  { update = 0, ...costs }: BranchTiming,
  how: Redirection,
): number {
  return Math.max(0, Math.ceil((update - 1 - costs[how]) * issueWidth) - 1);
}

export class BranchUnit {
  /** The branch is the first instruction behind a change of the stream of fetching. */
  first = false;

  constructor(
    private readonly core: Core,
    private readonly fetching: FetchUnit,
  ) {}

  /** The outcome of the branch that was begun. */
  branched(place: Place, outcome: BranchOutcome): void {
    const { cells } = this.core;
    cells.count('branches');
    if (outcome.taken) cells.count('takenBranches');
    this.outcome(place, outcome);
    if (outcome.taken && cells.get(CELL.next) >= cells.get(CELL.deadline)) cells.setHalves(CELL.line, -1, -1);
  }

  private outcome(place: Place, { taken, backward, displacement }: BranchOutcome): void {
    const { cells, structures, current } = this.core;
    const { hi, lo } = place;
    if (current!.branch === 'indirect') {
      if (taken) this.mispredicted(place);
      return;
    }
    const said = structures.targets.predict(hi, lo);
    const known = this.first ? 'unknown' : (this.late(hi, lo) ?? said);
    structures.targets.record(hi, lo, { taken });
    const decoded = current!.branch === 'always' || backward;
    const expected = known === 'unknown' ? decoded : known === 'taken';
    if (expected !== taken && taken) this.mispredicted(place);
    else if (expected !== taken) this.redirect('mispredicted');
    else if (taken && known === 'unknown') this.redirect('decoded');
    else if (taken) cells.set(CELL.redirect, cells.get(CELL.next));
    if (taken && known !== 'taken')
      this.changesLate(place, said, displacement, expected ? 'decoded' : 'mispredicted');
  }

  /** What the target cache said of a branch before its last outcome, where that is not to be seen yet. */
  private late(hi: number, lo: number): Prediction | undefined {
    const { cells } = this.core;
    if (cells.get(CELL.lateSince) !== cells.get(CELL.redirect)) return undefined;
    if (cells.hi(CELL.lateBranch) !== hi || cells.lo(CELL.lateBranch) !== lo) return undefined;
    const entry = cells.lo(CELL.lateEntry);
    return entry === NO_ENTRY ? 'unknown' : entry & 1 ? 'taken' : 'notTaken';
  }

  /** Fetching was redirected to the target of a branch: perhaps it comes back before the new entry is to be seen. */
  private changesLate({ hi, lo }: Place, said: Prediction, displacement: number, how: Redirection): void {
    const { cells, profile } = this.core;
    if (displacement >= 0 || -displacement > lateDistance(profile.core, profile.branch, how)) return;
    cells.set(CELL.lateSince, cells.get(CELL.redirect));
    cells.setHalves(CELL.lateBranch, hi, lo);
    if (said === 'unknown') cells.setHalves(CELL.lateEntry, NO_ENTRY, NO_ENTRY);
    else cells.setHalves(CELL.lateEntry, hi, lo | (said === 'taken' ? 1 : 0));
  }

  /** A branch that was not expected to be taken: fetching has gone on behind it. */
  private mispredicted(place: Place): void {
    this.fetching.onTheWrongPath(place);
    this.redirect('mispredicted');
  }

  private redirect(how: Redirection): void {
    const { core } = this;
    core.cells.count(how === 'decoded' ? 'decodedBranches' : 'mispredictions');
    const cycles = core.profile.branch[how];
    core.blame(ticksOf(cycles));
    core.refetch(cycles, CAUSE.branches);
  }
}
