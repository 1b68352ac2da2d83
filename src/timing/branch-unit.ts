/** Branches: what the target cache and decoding expect of them, and what it costs where that is wrong. */
import { CAUSE } from './causes';
import type { Core, Place } from './core';
import type { FetchUnit } from './fetch-unit';
import { CELL, ticksOf } from './state';

export interface BranchOutcome {
  readonly taken: boolean;
  /** Its displacement is negative: what decoding predicts as taken. */
  readonly backward: boolean;
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

  private outcome(place: Place, { taken, backward }: BranchOutcome): void {
    const { cells, structures, current } = this.core;
    const { hi, lo } = place;
    if (current!.branch === 'indirect') {
      if (taken) this.mispredicted(place);
      return;
    }
    const known = this.first ? 'unknown' : structures.targets.predict(hi, lo);
    structures.targets.record(hi, lo, { taken });
    const decoded = current!.branch === 'always' || backward;
    const expected = known === 'unknown' ? decoded : known === 'taken';
    if (expected !== taken && taken) this.mispredicted(place);
    else if (expected !== taken) this.redirect('mispredicted');
    else if (taken && known === 'unknown') this.redirect('decoded');
    else if (taken) cells.set(CELL.redirect, cells.get(CELL.next));
  }

  /** A branch that was not expected to be taken: fetching has gone on behind it. */
  private mispredicted(place: Place): void {
    this.fetching.onTheWrongPath(place);
    this.redirect('mispredicted');
  }

  private redirect(how: 'mispredicted' | 'decoded'): void {
    const { core } = this;
    core.cells.count(how === 'decoded' ? 'decodedBranches' : 'mispredictions');
    const cycles = core.profile.branch[how];
    core.blame(ticksOf(cycles));
    core.refetch(cycles, CAUSE.branches);
  }
}
