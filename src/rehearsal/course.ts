// What a queue, a binding or the whole server went through, step by step: only steps in which something happened take
// memory, so that a million quiet domains cost little.

/** A step in which something happened. */
interface Step {
  step: number;
  backlogMax: number;
  openMax: number;
  /** At its end. */
  backlog: number;
  open: number;
  delivered: number;
  refused: number;
}

/** The same with every step, for plots and tables; index is the step. */
export interface FullCourse {
  readonly backlog: readonly number[];
  readonly open: readonly number[];
  readonly delivered: readonly number[];
  readonly refused: readonly number[];
}

export class Course {
  #steps: Step[] = [];

  /** The step to change; it begins as the one before ended. */
  at(step: number): Step {
    const last = this.#steps.at(-1);
    if (last !== undefined && last.step === step) return last;
    const backlog = last?.backlog ?? 0;
    const open = last?.open ?? 0;
    const made = { step, backlogMax: backlog, openMax: open, backlog, open, delivered: 0, refused: 0 };
    this.#steps.push(made);
    return made;
  }

  /** Two steps become one. */
  coarsen(): void {
    const steps: Step[] = [];
    for (const next of this.#steps) {
      next.step >>= 1;
      const last = steps.at(-1);
      if (last?.step !== next.step) {
        steps.push(next);
        continue;
      }
      last.backlogMax = Math.max(last.backlogMax, next.backlogMax);
      last.openMax = Math.max(last.openMax, next.openMax);
      last.backlog = next.backlog;
      last.open = next.open;
      last.delivered += next.delivered;
      last.refused += next.refused;
    }
    this.#steps = steps;
  }

  /** The last step in which something happened; -1 when nothing did. */
  get lastStep(): number {
    return this.#steps.at(-1)?.step ?? -1;
  }

  full(length: number): FullCourse {
    const backlog = new Array<number>(length).fill(0);
    const [open, delivered, refused] = [backlog.slice(), backlog.slice(), backlog.slice()];
    for (const [index, step] of this.#steps.entries()) {
      if (step.step >= length) break;
      backlog[step.step] = step.backlogMax;
      open[step.step] = step.openMax;
      delivered[step.step] = step.delivered;
      refused[step.step] = step.refused;
      const quietUntil = Math.min(length, this.#steps[index + 1]?.step ?? length);
      backlog.fill(step.backlog, step.step + 1, quietUntil);
      open.fill(step.open, step.step + 1, quietUntil);
    }
    return { backlog, open, delivered, refused };
  }
}
