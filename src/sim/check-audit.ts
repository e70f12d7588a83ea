// The limit audit of every run, written by the engine and checked as `headgate audit` does it: whatever happens, it proves
// that no limit was passed, and contradicts nothing. A death of the process takes the last lines with it.
import { createHash } from 'node:crypto';
import type { Random } from '../core/base/random.ts';
import { AuditChain, findChainEnd } from '../core/records/audit-chain.ts';
import { AuditCheck } from '../core/records/audit-check.ts';
import type { Engine } from '../engine/engine.ts';
import { happens, type World } from './world.ts';

/** Lines that a death of the process may take: they wait to be written with others. */
const LINES_LOST_MAX = 5;
const ROTATION_CHANCE = 0.3;

export class AuditLogCheck {
  readonly #world: World;
  readonly #random: Random;
  readonly #check = new AuditCheck(sha256);
  /** Not in the file yet. */
  #gathered: string[] = [];
  #lastLine = '';
  /** The last process came to no orderly end. */
  #wasUnclean = false;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.stream('audit');
    this.#check.startFile('audit');
  }

  /** A life of the process begins. */
  begin(engine: Engine): void {
    const end = findChainEnd(this.#lastLine);
    const trail = { chain: new AuditChain(sha256, end), write: (line: string) => this.#write(line) };
    engine.limitAudit.start(trail, 'start', this.#wasUnclean, this.#world.moment.wall);
    this.#wasUnclean = true; // unless it ends in order
  }

  /** Now and then the log is rotated when the configuration was changed. */
  configured(engine: Engine): void {
    if (!happens(this.#random, ROTATION_CHANCE)) return;
    engine.limitAudit.rotate(this.#world.moment.wall, () => {});
  }

  /** An orderly stop. */
  end(engine: Engine): void {
    engine.limitAudit.stop('stop', this.#world.moment.wall);
    this.#wasUnclean = false;
    this.#flush(0);
  }

  died(): void {
    this.#gathered.length -= this.#random.below(this.#gathered.length + 1);
    this.#flush(0);
  }

  /** At the end of the run, while the process is up. */
  finish(): void {
    this.#flush(0);
    const { violations } = this.#check.finish(true).findings;
    for (const { line, text } of violations) this.#world.violation(`the audit, line ${line}: ${text}`);
  }

  #write(line: string): void {
    this.#gathered.push(line);
    this.#flush(LINES_LOST_MAX);
  }

  #flush(keep: number): void {
    while (this.#gathered.length > keep) {
      const line = this.#gathered.shift()!;
      this.#check.line(line);
      this.#lastLine = `${line}\n`;
    }
  }
}

function sha256(octets: string): string {
  return createHash('sha256').update(octets, 'latin1').digest('hex');
}
