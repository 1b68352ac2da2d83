/**
 * One trace of three levels: what L1 asks for, what L0 does, what the nested guests (L2) run into. One line an event;
 * the first nested page fault is told in full, a guest's further exits of the same kind are counted.
 */
import type { Chalk } from 'chalk';
import { STORAGE_CAUSE } from '../../../isa/registers/storage-interrupts';
import { has } from '../../core/bits';
import type { HypercallEvent } from '../../trace/events/hypervisor';
import type {
  NestedEnterEvent,
  NestedExitEvent,
  NestedFaultEvent,
  ShadowInvalidateEvent,
} from '../../trace/events/nested';
import { leafText } from '../../trace/sinks/text-nested';
import { sizeText } from '../../trace/sinks/text-walk';
import { guestName, hex } from './guests';
import type { DemoEvent, HostMove } from './play';

type Level = 'L0' | 'L1' | 'L2';

interface Line {
  readonly t: number;
  readonly level: Level;
  readonly text: string;
  /** Further lines of the same event. */
  readonly story?: readonly string[];
  /** Lines with the same key in a row become one: with the items of all, or with their number. */
  readonly key?: string;
  readonly items: string[];
  times: number;
}

/** What a line has besides its text. */
interface LineParts {
  readonly key?: string;
  readonly item?: string;
  readonly story?: readonly string[];
}

const FETCH_TRAP = 0xe20;
const HYPERCALL_TRAP = 0xc00;
/** Told otherwise: the terminal by what was printed, an entry by its own event. */
const HIDDEN_CALLS: ReadonlySet<string> = new Set(['H_PUT_TERM_CHAR', 'H_ENTER_NESTED']);
const TIME_COLUMNS = 6;
const MARGIN = ' '.repeat(TIME_COLUMNS + 8);

/** The lines for events; none for those that say nothing new. */
export function levelLines(events: readonly DemoEvent[], paint: Chalk): string[] {
  const narrator = new Narrator();
  for (const event of events) narrator.tell(event);
  return narrator.lines.flatMap((line) => format(line, paint));
}

class Narrator {
  readonly lines: Line[] = [];
  /** Address at which each nested guest was left. */
  private readonly left = new Map<number, bigint>();
  private faultTold = false;
  private moved = false;

  tell(event: DemoEvent): void {
    switch (event.ev) {
      case 'hcall':
        this.hypercall(event);
        return;
      case 'nested.enter':
        this.enter(event);
        return;
      case 'nested.exit':
        this.exit(event);
        return;
      case 'nested.fault':
        this.fault(event);
        return;
      case 'shadow.invalidate':
        this.invalidated(event);
        return;
      case 'host':
        this.host(event);
        return;
      default:
    }
  }

  private say(level: Level, { t }: { t: number }, text: string, { item, ...parts }: LineParts = {}): void {
    const last = this.lines.at(-1);
    const same = parts.key !== undefined && last?.key === parts.key;
    const line = same ? last : { t, level, text, times: 0, items: [], ...parts };
    line.times++;
    if (item !== undefined) line.items.push(item);
    if (!same) this.lines.push(line);
  }

  /** A hypercall is told when it returns: what L0 did for it comes after it here. */
  private hypercall(event: HypercallEvent): void {
    if (HIDDEN_CALLS.has(event.name)) return;
    let caused = this.lines.length;
    while (this.lines[caused - 1]?.level === 'L0' && this.lines[caused - 1]!.t === event.t) caused--;
    const lines = this.lines.splice(caused);
    this.say('L1', event, `${event.name} = ${event.result}: ${event.effect ?? 'done'}`);
    this.lines.push(...lines);
  }

  private invalidated({ t, lpid, nGpa, cause }: ShadowInvalidateEvent): void {
    if (nGpa === undefined) return;
    const item = `${guestName(lpid)} ${hex(nGpa)}`;
    this.say('L0', { t }, `shadow entries removed by ${cause}`, { key: `removed ${cause}`, item });
  }

  /** A guest that goes on where it was left is not mentioned. */
  private enter(event: NestedEnterEvent): void {
    const { lpid, shadowLpid, nip } = event;
    if (this.left.get(lpid) === nip) return;
    this.say(
      'L1',
      event,
      `H_ENTER_NESTED: ${guestName(lpid)}, LPID ${lpid}, at ${hex(nip)}; LPID ${shadowLpid} for the hardware`,
    );
  }

  private exit(event: NestedExitEvent): void {
    const { lpid, trap, nip } = event;
    this.left.set(lpid, nip);
    const why = trap === HYPERCALL_TRAP ? 'makes a hypercall' : "has a page fault that is L1's";
    this.say('L2', event, `${guestName(lpid)} ${why}: exit to L1 with ${hex(trap)}`, {
      key: `${lpid} ${trap}`,
    });
  }

  private fault(event: NestedFaultEvent): void {
    const { trap, dsisr, lpid, nGpa, l1, l0, shadow, rmapGfn, rmap } = event;
    const access = trap === FETCH_TRAP ? 'fetches' : has(dsisr, STORAGE_CAUSE.STORE) ? 'stores to' : 'loads';
    const who = has(dsisr, STORAGE_CAUSE.TABLE_WALK)
      ? `${guestName(lpid)}'s tables at`
      : `${guestName(lpid)} ${access}`;
    const head = `${who} ${hex(nGpa)}`;
    if (!l1 || !l0 || !shadow) this.say('L0', event, `${head}: L1's tree has nothing there`);
    else if (this.moved)
      this.say('L0', event, `${guestName(lpid)} faults and its shadow entries are made again`, {
        key: `again ${lpid}`,
        item: `${hex(nGpa)} (${sizeText(shadow.shift)})`,
      });
    else if (!this.faultTold) {
      this.faultTold = true;
      this.say('L0', event, `${head}: no shadow entry. The fault as one story:`, { story: storyOf(event) });
    } else {
      const sizes = `${sizeText(l1.shift)} of L1, ${sizeText(l0.shift)} of L0: shadow page of ${sizeText(shadow.shift)}`;
      this.say('L0', event, `${head}: ${sizes}; frame ${hex(rmapGfn!)}, ${rmap}`);
    }
  }

  private host(event: HostMove): void {
    this.moved = true;
    this.say('L0', event, `the host moves the ${event.pages} pages behind frame ${hex(event.gfn)} of L1`);
  }
}

/** The walk of L1's tree, L0's entry, what both make, where it is filed. */
function storyOf({ walk, l1, l0, shadow, rmapGfn, rmap }: NestedFaultEvent): string[] {
  return [
    `L1's tree   ${walk.length} entries, the last @${hex(walk.at(-1)!.guestRa)}: ${leafText(l1!)} at ${hex(l1!.ra)} of L1`,
    `L0's tree   ${leafText(l0!)} at ${hex(l0!.ra)} of the host`,
    `shadow      ${leafText(shadow!)}: what both permit, the smaller page`,
    `reverse map frame ${hex(rmapGfn!)} of L1: ${rmap} entry`,
  ];
}

function format({ t, level, text, story, times, items }: Line, paint: Chalk): string[] {
  const tint = { L0: paint.cyan, L1: paint.yellow, L2: paint.green }[level];
  const more = items.length > 0 ? `: ${items.join(', ')}` : times > 1 ? ` x ${times}` : '';
  const head = `${String(t).padStart(TIME_COLUMNS)}  ${tint(level)}  ${text}${more}`;
  return [head, ...(story ?? []).map((line) => `${MARGIN}${paint.dim(line)}`)];
}
