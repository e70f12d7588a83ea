// Traffic that is made up (docs/rehearsal.md, "Synthetic traffic"): half of it follows the day, half comes in campaigns of
// one binding each, and few domains have most of it. In order of time, one message at a time, so that the number of messages costs no memory.
import { addWall, type WallMs, wallMs } from '../core/base/moment.ts';
import { type Random, seededRandom } from '../core/base/random.ts';
import type { DomainName } from '../core/mail/domain-name.ts';
import type { Arrival } from './rehearsal.ts';
import type { SyntheticShape } from './synthetic-shape.ts';

/** Thursday, 1 January 2026, 00:00 UTC. */
export const SYNTHETIC_START: WallMs = wallMs(1_767_225_600_000);

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Of the curve of the day: most mail at that hour, least twelve hours before. */
const BUSIEST_HOUR = 14;
/** How far it goes above and below the mean. */
const SWING = 0.7;

/** A minute of the traffic. */
interface Minute {
  /** Mail that follows the day, in shares of all mail. */
  readonly daily: number;
  /** Campaigns that run in it, and the share of all mail that each has in it. */
  readonly campaigns: readonly number[];
  readonly perCampaign: number;
}

/** @param bindings those that mail comes from; not empty */
export function* syntheticTraffic(
  shape: SyntheticShape,
  bindings: readonly string[],
  seed: number,
): Generator<Arrival> {
  const random = seededRandom(seed).stream('synthetic');
  const [when, what, where] = [random.stream('when'), random.stream('what'), random.stream('where')];
  const minutes = minutesOf(shape, random.stream('campaigns'));
  const domainAt = domainChoice(shape);
  const shares = minutes.map(({ daily, campaigns, perCampaign }) => daily + campaigns.length * perCampaign);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  let [place, passed] = [0, 0];
  for (let index = 0; index < shape.messages; index++) {
    // One in each of as many equal parts of the whole, anywhere in its part: in order without sorting.
    const at = ((index + when.next()) / shape.messages) * whole;
    while (place < minutes.length - 1 && passed + shares[place]! <= at) passed += shares[place++]!;
    const minute = minutes[place]!;
    const share = shares[place]!;
    const within = share === 0 ? 0 : Math.min(1, (at - passed) / share);
    const chance = what.next() * share;
    const campaign =
      chance < minute.daily || minute.campaigns.length === 0
        ? null
        : minute.campaigns[Math.floor(((chance - minute.daily) / (share - minute.daily)) * minute.campaigns.length)]!;
    const binding = campaign === null ? what.below(bindings.length) : campaign % bindings.length;
    yield {
      at: addWall(SYNTHETIC_START, (place + within) * MINUTE_MS),
      binding: bindings[binding]!,
      domain: domainAt(where.next()),
      recipients: 1,
      size: Math.round(shape.size * 4 ** (2 * what.next() - 1)),
    };
  }
}

function minutesOf(shape: SyntheticShape, random: Random): readonly Minute[] {
  const length = shape.hours * 60;
  const { campaigns, campaignMinutes } = shape;
  const campaignShare = campaigns === 0 ? 0 : shape.campaignShare;
  const lasts = Math.min(campaignMinutes, length);
  const running: number[][] = Array.from({ length }, () => []);
  for (let campaign = 0; campaign < campaigns; campaign++) {
    // Evenly over the time, each up to half a distance later.
    const begins = Math.floor(((campaign + random.next() / 2) / campaigns) * (length - lasts + 1));
    for (let minute = begins; minute < begins + lasts; minute++) running[minute]!.push(campaign);
  }
  const daily = Array.from({ length }, (_, minute) => dayCurve((minute * MINUTE_MS) / HOUR_MS));
  const sum = daily.reduce((total, one) => total + one, 0);
  const perCampaign = campaigns === 0 ? 0 : campaignShare / campaigns / lasts;
  return running.map((ofMinute, minute) => ({
    daily: ((1 - campaignShare) * daily[minute]!) / sum,
    campaigns: ofMinute,
    perCampaign,
  }));
}

function dayCurve(hour: number): number {
  return 1 + SWING * Math.cos(((hour - BUSIEST_HOUR) / 24) * 2 * Math.PI);
}

/** @returns the domain of a number in [0, 1) */
function domainChoice({ domains, names, zipf }: SyntheticShape): (at: number) => DomainName {
  const upTo = new Float64Array(domains);
  let sum = 0;
  for (let index = 0; index < domains; index++) {
    sum += 1 / (index + 1) ** zipf;
    upTo[index] = sum;
  }
  const made: DomainName[] = [...names];
  return (at) => {
    const wanted = at * sum;
    let [low, high] = [0, domains - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (upTo[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    const domain = made[low] ?? `domain-${low + 1}.example`;
    made[low] = domain;
    return domain;
  };
}
