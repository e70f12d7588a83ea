// Where mail is counted: at its queue, at its binding and in the whole. A place is what a queue is to the scheduler, and
// outlives it.
import type { Limit } from '../core/base/limit.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import { NO_ID } from '../core/mail/ids.ts';
import type { Recipient } from '../core/mail/message.ts';
import { Histogram } from './histogram.ts';
import type { ReceiverBehaviour } from './receiver.ts';
import { type RefusalKind, Tally } from './tally.ts';
import { TimeScale } from './time-scale.ts';

/** What is known of a queue before any of its mail. */
export interface PlaceOrigin {
  readonly binding: string;
  /** Of routing. */
  readonly domain: DomainName;
  /** The lowest that any option sets for its connections, hosts aside. */
  readonly limit: Limit;
  readonly bindingLimit: Limit;
  readonly behaviour: ReceiverBehaviour;
}

export class Place {
  readonly origin: PlaceOrigin;
  readonly own = new Tally();
  readonly #scale: TimeScale;
  /** Its own, that of its binding, and that of all. */
  readonly #tallies: readonly Tally[];
  readonly #deliveriesByStep: Histogram[];
  readonly #recipients: (readonly Recipient[])[] = [];

  constructor(origin: PlaceOrigin, scale: TimeScale, binding: Tally, all: Tally, deliveriesByStep: Histogram[]) {
    this.origin = origin;
    this.#scale = scale;
    this.#tallies = [this.own, binding, all];
    this.#deliveriesByStep = deliveriesByStep;
  }

  /** The same for every message with as many: nobody looks at their mailboxes. */
  recipients(count: number): readonly Recipient[] {
    const { binding, domain: routingDomain } = this.origin;
    this.#recipients[count] ??= new Array<Recipient>(count).fill({
      messageId: NO_ID,
      mailbox: '',
      routingDomain,
      binding,
    });
    return this.#recipients[count];
  }

  received(messages: number, now: number): void {
    const step = this.#scale.stepOf(now);
    for (const tally of this.#tallies) tally.addReceived(messages, step);
  }

  opened(now: number): void {
    for (const tally of this.#tallies) tally.addConnection();
    this.counted(now);
  }

  /** A connection takes slots here: it is opened, or comes from a sibling. */
  counted(now: number): void {
    const step = this.#scale.stepOf(now);
    for (const tally of this.#tallies) tally.addOpen(step);
  }

  /** It gives them back: it is closed, or goes to a sibling. */
  uncounted(now: number): void {
    const step = this.#scale.stepOf(now);
    for (const tally of this.#tallies) tally.removeOpen(step);
  }

  delivered(afterMs: number, now: number): void {
    const step = this.#scale.stepOf(now);
    for (const tally of this.#tallies) tally.addDelivered(afterMs, step, now);
    this.#deliveriesByStep[step] ??= new Histogram();
    this.#deliveriesByStep[step].add(afterMs);
  }

  failed(now: number): void {
    const step = this.#scale.stepOf(now);
    for (const tally of this.#tallies) tally.addFailed(step, now);
  }

  refused(kind: RefusalKind, count: number, now: number): void {
    const step = this.#scale.stepOf(now);
    for (const tally of this.#tallies) tally.addRefused(kind, count, step);
  }
}

export interface BindingPlace {
  readonly limit: Limit;
  readonly tally: Tally;
}

export class Places {
  readonly all = new Tally();
  readonly bindings = new Map<string, BindingPlace>();
  /** Times of delivery in each step, of all mail. */
  readonly deliveriesByStep: Histogram[] = [];
  readonly scale = new TimeScale(() => this.#coarsen());
  readonly #places = new Map<string, Map<DomainName, Place>>();

  find(binding: string, domain: DomainName): Place | undefined {
    return this.#places.get(binding)?.get(domain);
  }

  add(origin: PlaceOrigin): Place {
    const { binding, domain, bindingLimit } = origin;
    let ofBinding = this.bindings.get(binding);
    let places = this.#places.get(binding);
    if (ofBinding === undefined || places === undefined) {
      ofBinding = { limit: bindingLimit, tally: new Tally() };
      places = new Map();
      this.bindings.set(binding, ofBinding);
      this.#places.set(binding, places);
    }
    const place = new Place(origin, this.scale, ofBinding.tally, this.all, this.deliveriesByStep);
    places.set(domain, place);
    return place;
  }

  *values(): Generator<Place> {
    for (const places of this.#places.values()) yield* places.values();
  }

  #coarsen(): void {
    this.all.course.coarsen();
    for (const { tally } of this.bindings.values()) tally.course.coarsen();
    for (const { own } of this.values()) own.course.coarsen();
    const histograms = this.deliveriesByStep;
    for (let step = 0; step < histograms.length; step += 2) {
      const [first, second] = [histograms[step], histograms[step + 1]];
      if (first !== undefined && second !== undefined) first.addAll(second);
      histograms[step >> 1] = (first ?? second)!; // a hole stays one
      if (first === undefined && second === undefined) delete histograms[step >> 1];
    }
    histograms.length = (histograms.length + 1) >> 1;
  }
}
