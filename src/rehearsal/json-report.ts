// The outcome for programs. Times are milliseconds; courses are arrays with an element for each step.
import type { Figures, Row } from './figures.ts';
import { METRICS } from './metric.ts';
import { type Outcome, pairOfAll, pairsOfBindings, pairsOfQueues, type RowPair } from './outcome.ts';

/** @param most queues shown */
export function formatJsonReport(outcome: Outcome, most: number): string {
  const { candidate, against, startsAt, lastArrivalAt, ...about } = outcome;
  const queues = pairsOfQueues(outcome);
  const shown = {
    traffic: about.traffic,
    receivers: about.receivers,
    seed: about.seed,
    notes: about.notes,
    startsAt: startsAt.toISOString(),
    lastArrivalAt: lastArrivalAt.toISOString(),
    candidate: describe(candidate),
    against: against === null ? null : describe(against),
    all: compare(pairOfAll(outcome)),
    bindings: pairsOfBindings(outcome).map(compare),
    queues: queues.slice(0, most).map(compare),
    queuesLeftOut: Math.max(0, queues.length - most),
  };
  return `${JSON.stringify(shown, null, 1)}\n`;
}

function describe({ file, stepMs, durationMs, deliveryTimes }: Figures) {
  return { file, stepMs, durationMs: rounded(durationMs), deliveryTimesByStep: mapTimes(deliveryTimes) };
}

function mapTimes({ p50, p95, p99 }: Figures['deliveryTimes']) {
  return { p50Ms: p50.map(rounded), p95Ms: p95.map(rounded), p99Ms: p99.map(rounded) };
}

function compare({ binding, domain, candidate, against }: RowPair) {
  const change = Object.fromEntries(
    METRICS.map((metric) => {
      const [from, to] = [against === null ? null : metric.of(against), metric.of(candidate)];
      return [metric.name, from === null || to === null ? null : rounded(to - from)];
    }),
  );
  return {
    binding,
    domain,
    candidate: figures(candidate),
    ...(against === null ? {} : { against: figures(against), change }),
  };
}

function figures(row: Row) {
  return {
    ...Object.fromEntries(METRICS.map((metric) => [metric.name, rounded(metric.of(row))])),
    course: row.course(),
  };
}

/** To a thousandth. */
function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1000) / 1000;
}
