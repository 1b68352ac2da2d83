/** Schedules of instruction images under one profile, made when an image is first met. */
import { INSTRUCTIONS } from '../../isa/index';
import { extractField } from '../../isa/vocabulary/field-bits';
import { fieldBits } from '../../isa/vocabulary/forms';
import type { Instruction } from '../../isa/vocabulary/row';
import { handlersOf, type Handler } from '../engine/specialise';
import type { TimingProfile } from './profile';
import { bind, isRegular, templateOf, type Schedule, type Template } from './schedule';

const { handlers: HANDLERS, special: SPECIAL } = handlersOf(INSTRUCTIONS);
const numberOf = new Map(INSTRUCTIONS.map((instruction, i) => [instruction, i]));

/** Images that are remembered: enough for any program, and a bound for hostile ones. */
const KEPT = 65536;

export class ScheduleLibrary {
  private readonly schedules = new Map<bigint, Schedule>();
  private readonly byWord = new Map<number, Schedule>();
  private readonly templates = new Map<Handler, Template | undefined>();

  constructor(readonly profile: TimingProfile) {}

  /** The template of a handler of the engine; undefined where only the image tells. */
  template(handler: Handler): Template | undefined {
    if (!this.templates.has(handler)) {
      const { instruction, fixed } = handler;
      const regular = isRegular(instruction, fixed);
      this.templates.set(handler, regular ? templateOf(this.profile, instruction, fixed) : undefined);
    }
    return this.templates.get(handler);
  }

  /** The schedule of an unprefixed instruction word that was met before. */
  known(word: number): Schedule | undefined {
    return this.byWord.get(word);
  }

  /** The schedule of an instruction. @param image 32 bits, or prefix and suffix */
  schedule(instruction: Instruction, image: bigint): Schedule {
    let schedule = this.schedules.get(image);
    if (!schedule) {
      const handler = handlerOf(instruction, image);
      const template = this.template(handler) ?? templateOf(this.profile, instruction, handler.fixed, image);
      schedule = bind(template, instruction, image);
      if (this.schedules.size >= KEPT) {
        this.schedules.clear();
        this.byWord.clear();
      }
      if (instruction.size === 32) this.byWord.set(Number(image) | 0, schedule);
      this.schedules.set(image, schedule);
    }
    return schedule;
  }
}

/** The handler that the engine gives an image. */
function handlerOf(instruction: Instruction, image: bigint): Handler {
  const index = numberOf.get(instruction)!;
  const special = SPECIAL.get(index);
  if (!special) return HANDLERS[index]!;
  const value = Number(extractField(image, instruction.size, fieldBits(instruction.row.form, special.field)));
  return HANDLERS[special.byValue.get(value) ?? index]!;
}
