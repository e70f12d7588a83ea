// Commands on the console that concern mail, and what the checkers may then see. A command does all of it before it returns.
import type { Engine } from '../engine/engine.ts';
import type { MailCheck } from './check-mail.ts';
import type { RecordCheck } from './check-records.ts';
import type { Action } from './plan-actions.ts';
import type { Situation } from './situation.ts';

export type MailMove = Extract<
  Action,
  { kind: 'flush' | 'failDomain' | 'failMessage' | 'retryMessage' | 'delay' | 'reroute' | 'rebind' }
>;

const PURGED = '554 5.7.0 [internal] Message manually purged';
const FAILED = '554 5.7.0 [internal] manually failed';

export class Operator {
  readonly #situation: Situation;
  readonly #mail: MailCheck;
  readonly #records: RecordCheck;

  constructor(situation: Situation, mail: MailCheck, records: RecordCheck) {
    this.#situation = situation;
    this.#mail = mail;
    this.#records = records;
  }

  move({ server }: Engine, move: MailMove): void {
    try {
      switch (move.kind) {
        case 'flush':
          void server.flush({ domain: move.domain, binding: move.binding });
          return;
        case 'failDomain': {
          const { domain, binding, quiet } = move;
          this.#mail.quietReply = quiet ? PURGED : null;
          this.#records.purging = 'all';
          void server.failDomain({ domain, binding, header: null, quiet, reply: PURGED, dryRun: false });
          return;
        }
        case 'failMessage': {
          const messageId = this.#mail.openIdOf(move.mailbox);
          if (messageId === null) return;
          this.#mail.quietReply = move.quiet ? FAILED : null;
          this.#records.purging = { messageId };
          void server.failMessage(messageId, FAILED, move.quiet);
          return;
        }
        case 'retryMessage': {
          const messageId = this.#mail.openIdOf(move.mailbox);
          if (messageId !== null) void server.retryMessage(messageId);
          return;
        }
        case 'delay': {
          const { domain, binding, seconds } = move;
          this.#mail.delayingMs = seconds * 1000;
          void server.delay({ domain, binding, header: null, delayMs: seconds * 1000 });
          return;
        }
        case 'reroute':
          this.#mail.movingTo = { binding: null, domain: move.to };
          void server.requeue({ ...PLAIN, binding: null, domain: move.domain, toBinding: null, toDomain: move.to });
          return;
        case 'rebind': {
          const { binding, domain, to } = move;
          // The console refuses a binding that is not there.
          if (!this.#situation.configuration.hasBinding(to)) return;
          this.#mail.movingTo = { binding: to, domain: null };
          void server.requeue({ ...PLAIN, binding, domain, toBinding: to, toDomain: null });
          return;
        }
      }
    } finally {
      this.#mail.quietReply = null;
      this.#mail.delayingMs = null;
      this.#mail.movingTo = null;
      this.#records.purging = null;
    }
  }
}

const PLAIN = { header: null, dryRun: false } as const;
