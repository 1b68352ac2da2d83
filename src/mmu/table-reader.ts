/** Tells which table entries a translation reads, without any effect of it. */
import type { CpuState } from '../state/cpu-state';
import type { Access } from './access';
import type { TranslationContext } from './context';
import type { HashTranslation } from './hash';
import { TableReads } from './table-reads';
import type { Translator } from './translate';

const isTree = ({ mode }: TranslationContext): boolean => mode === 'radix' || mode === 'guestReal';

export class TableReader {
  private readonly reads = new TableReads();

  constructor(
    private readonly translator: Translator,
    private readonly ctx: TranslationContext,
    private readonly hash: HashTranslation,
  ) {}

  /** The entries that a translation reads from the roots on, whatever is cached. Good until the next question. */
  all(cpu: CpuState, access: Access, eaHi: number, eaLo: number): TableReads {
    const { ctx, reads, translator } = this;
    const { recorder, caches } = ctx;
    ctx.recorder = reads;
    ctx.caches = undefined;
    translator.probe(cpu, access, eaHi, eaLo);
    ctx.recorder = recorder;
    ctx.caches = caches;
    return reads;
  }

  /**
   * The last of {@link all} alone. In radix trees that a walk has been through lately it is found without the others; the
   * mode of the translation before tells whether it is worth trying.
   */
  last(cpu: CpuState, access: Access, eaHi: number, eaLo: number): TableReads {
    const { ctx, reads } = this;
    if (!isTree(ctx) || !this.probe(cpu, access, eaHi, eaLo) || !isTree(ctx)) {
      this.all(cpu, access, eaHi, eaLo).keepLast();
      return reads;
    }
    return this.leaf();
  }

  /**
   * The same of the translation that was just made, without making it again. Undefined where that does not say all: an
   * architected TLB, real mode, and the secondary group of a hashed table.
   */
  lastOfCurrent(): TableReads | undefined {
    const { ctx, reads, hash } = this;
    if (ctx.caches !== undefined) return undefined;
    if (isTree(ctx)) return this.leaf();
    const at = ctx.mode === 'hypervisorReal' ? undefined : hash.primaryEntry;
    if (at === undefined) return undefined;
    reads.start();
    reads.hashedEntry(at);
    return reads;
  }

  private leaf(): TableReads {
    const { ctx, reads } = this;
    reads.start();
    reads.treeEntry(ctx, ctx.twoStage ? ctx.partition : ctx.process);
    return reads;
  }

  /** With nobody looking, so that what earlier walks found is used. */
  private probe(cpu: CpuState, access: Access, eaHi: number, eaLo: number): boolean {
    const { ctx, translator } = this;
    const { recorder, caches } = ctx;
    ctx.recorder = undefined;
    ctx.caches = undefined;
    const found = translator.probe(cpu, access, eaHi, eaLo);
    ctx.recorder = recorder;
    ctx.caches = caches;
    return found;
  }
}
