// Draws what happens to a run from outside: operators, administrators, deaths of the process.
import type { Random } from '../core/base/random.ts';
import type { Mailbox } from '../core/mail/mailbox.ts';
import type { TextSetting } from './configuration-text.ts';
import {
  type BindingPlan,
  bindingPath,
  type ConfigurationPlan,
  type Knob,
  limitKnobs,
  scope,
  throttleKnobs,
  turnKnob,
  turnThrottle,
} from './plan-configuration.ts';
import type { NetworkPlan } from './plan-network.ts';
import type { TextChange } from './text-on-disk.ts';
import { between, pick, WALL_ORIGIN_MS } from './world.ts';

export type Action =
  /** `config set` on the console; gone with the next reload or start. */
  | { readonly kind: 'set'; readonly setting: TextSetting }
  /** `config unset` on the console, where the option is set in that scope. */
  | { readonly kind: 'unset'; readonly knob: Knob }
  /** The text on disk changes, and `config reload`. */
  | { readonly kind: 'reload'; readonly change: TextChange }
  | { readonly kind: 'flush'; readonly domain: string | null; readonly binding: string | null }
  | { readonly kind: 'failDomain'; readonly domain: string; readonly binding: string | null; readonly quiet: boolean }
  /** One message: that for the mailbox, or the oldest that waits. */
  | { readonly kind: 'failMessage'; readonly mailbox: Mailbox; readonly quiet: boolean }
  | { readonly kind: 'retryMessage'; readonly mailbox: Mailbox }
  | {
      readonly kind: 'delay';
      readonly domain: string | null;
      readonly binding: string | null;
      readonly seconds: number;
    }
  /** Mail that waits for a domain goes to the queues of another. */
  | { readonly kind: 'reroute'; readonly domain: string; readonly to: string }
  | { readonly kind: 'rebind'; readonly binding: string; readonly domain: string | null; readonly to: string }
  | { readonly kind: 'exchangerDown'; readonly address: string; readonly isDown: boolean }
  | { readonly kind: 'localAddress'; readonly address: string; readonly isPresent: boolean }
  | { readonly kind: 'descriptors'; readonly limit: number; readonly exhausted: number }
  | { readonly kind: 'wallClock'; readonly ms: number }
  /** The process dies after so many more effects. */
  | { readonly kind: 'death'; readonly effects: number }
  | { readonly kind: 'stop' };

export interface TimedAction {
  readonly atMs: number;
  readonly action: Action;
}

const MISTAKES = [
  'Max_Outbound_Connections = -2',
  'Max_Outbound_Connectoins = 3',
  'domain "d0.example" {',
  'Idle_Timeout = soon',
];

/** Far above what a run can use. */
export const PLENTY_OF_DESCRIPTORS = 100_000;

export class ActionPlanner {
  readonly actions: TimedAction[] = [];
  readonly #random: Random;
  readonly #configuration: ConfigurationPlan;
  readonly #network: NetworkPlan;
  /** Bindings that are out of the text at the end of what was planned so far; actions are planned in order of time. */
  readonly #absent = new Set<string>();

  constructor(random: Random, configuration: ConfigurationPlan, network: NetworkPlan) {
    this.#random = random;
    this.#configuration = configuration;
    this.#network = network;
  }

  addOperators(count: number, untilMs: number): void {
    const times = Array.from({ length: count }, () => between(this.#random, 0, untilMs)).sort((a, b) => a - b);
    for (const atMs of times) this.#operator(atMs, untilMs);
  }

  /** Limits change, most of them on the console and some in the text. */
  addTurns(count: number, untilMs: number): void {
    const random = this.#random;
    const knobs = limitKnobs(this.#configuration.bindings, this.#network.domains);
    const times = Array.from({ length: count }, () => between(random, 0, untilMs)).sort((a, b) => a - b);
    for (const atMs of times) {
      const way = random.below(8);
      // Wide scopes concern most connections, so these are turned as often as all others together.
      const wide = knobs.filter(({ path }) => path.length === 0);
      const setting = turnKnob(random, random.below(2) === 0 ? knobs : wide);
      if (way < 5) this.#add(atMs, { kind: 'set', setting });
      else if (way < 7) this.#reload(atMs, { kind: 'setting', setting });
      else this.#unset(atMs);
    }
  }

  addDeaths(count: number, untilMs: number): void {
    for (let at = 0; at < count; at++) {
      const effects = this.#random.below(40);
      this.#add(between(this.#random, 0, untilMs), { kind: 'death', effects });
    }
  }

  #operator(atMs: number, untilMs: number): void {
    const random = this.#random;
    const { bindings } = this.#configuration;
    const { domains, exchangers } = this.#network;
    const binding = pick(random, bindings);
    const later = between(random, atMs, untilMs);
    const knobs = limitKnobs(bindings, domains);
    switch (random.below(21)) {
      case 0:
      case 1:
      case 2:
        this.#add(atMs, { kind: 'set', setting: turnKnob(random, knobs) });
        break;
      case 3:
        this.#reload(atMs, { kind: 'setting', setting: turnKnob(random, knobs) });
        break;
      case 15:
        this.#unset(atMs);
        break;
      case 16:
        this.#reload(atMs, { kind: 'mistake', line: pick(random, MISTAKES) });
        break;
      case 4:
        this.#removeBinding(atMs, later);
        break;
      case 5: {
        const setting = { path: this.#anywhere(binding), option: 'Suspend_Delivery', value: 'true' };
        this.#add(atMs, { kind: 'set', setting });
        this.#add(later, { kind: 'set', setting: { ...setting, value: 'false' } });
        break;
      }
      case 17: {
        // The suspension ends by itself.
        const until = new Date(WALL_ORIGIN_MS + atMs + between(random, 1000, 30_000));
        const value = until.toISOString().replace(/\.\d+Z$/, 'Z');
        this.#add(atMs, { kind: 'set', setting: { path: this.#anywhere(binding), option: 'Suspend_Delivery', value } });
        break;
      }
      case 18: {
        const setting = {
          path: this.#anywhere(binding),
          option: 'Blackhole',
          value: pick(random, ['inline', 'internal']),
        };
        this.#add(atMs, { kind: 'set', setting });
        this.#add(later, { kind: 'set', setting: { ...setting, value: 'false' } });
        break;
      }
      case 19:
      case 20: {
        const option = pick(random, ['Never_Retry', 'Never_Attempt_Expired_Messages']);
        this.#reload(atMs, { kind: 'setting', setting: { path: this.#anywhere(binding), option, value: 'true' } });
        break;
      }
      case 6:
        this.#add(atMs, {
          kind: 'flush',
          domain: pick(random, [null, pick(random, domains).name]),
          binding: pick(random, [null, binding.name]),
        });
        break;
      case 7:
        this.#add(atMs, {
          kind: 'failDomain',
          domain: pick(random, domains).name,
          binding: pick(random, [null, binding.name]),
          quiet: random.below(3) === 0,
        });
        break;
      case 8:
        if (exchangers.length === 0) break;
        this.#pair(atMs, later, { kind: 'exchangerDown', address: pick(random, exchangers).address, isDown: true });
        break;
      case 9:
        if (binding.name === 'default') break;
        this.#add(atMs, { kind: 'localAddress', address: binding.address, isPresent: false });
        this.#add(later, { kind: 'localAddress', address: binding.address, isPresent: true });
        break;
      case 10:
        this.#add(atMs, { kind: 'descriptors', limit: pick(random, [16, 40, 600]), exhausted: random.next() * 0.3 });
        this.#add(later, { kind: 'descriptors', limit: PLENTY_OF_DESCRIPTORS, exhausted: 0 });
        break;
      case 12:
      case 13: {
        const knob = turnThrottle(random, throttleKnobs(bindings, domains));
        if (random.below(4) === 0) this.#reload(atMs, { kind: 'setting', setting: knob });
        else this.#add(atMs, { kind: 'set', setting: knob });
        break;
      }
      case 11:
        this.#add(atMs, { kind: 'wallClock', ms: pick(random, [-100_000, -3_000, 3_000, 60_000]) });
        break;
      default:
        this.#add(atMs, { kind: 'stop' });
    }
  }

  /** A scope that an order for mail may stand in. */
  #anywhere(binding: BindingPlan): TextSetting['path'] {
    const domain = scope('domain', pick(this.#random, this.#network.domains).name);
    return pick(this.#random, [[], bindingPath(binding), [domain], [...bindingPath(binding), domain]]);
  }

  /** Something that the text sets, or that was set before. */
  #unset(atMs: number): void {
    const set = this.actions.flatMap(({ action }) => (action.kind === 'set' ? [action.setting] : []));
    const knobs = [...this.#configuration.settings, ...set].filter(({ option }) => /_outbound_/i.test(option));
    const { path, option } = pick(this.#random, knobs);
    this.#add(atMs, { kind: 'unset', knob: { path, option } });
  }

  /** A binding's stanza goes with a reload, and mostly comes back with another. */
  #removeBinding(atMs: number, later: number): void {
    const { name, group } = pick(this.#random, this.#configuration.bindings);
    if (name === 'default' || this.#absent.has(name)) return;
    // A listener may not name a group that is left without a binding.
    const isLast = !this.#configuration.bindings.some(
      (other) => other.group === group && other.name !== name && !this.#absent.has(other.name),
    );
    if (group !== null && isLast) return;
    this.#absent.add(name);
    this.#reload(atMs, { kind: 'binding', name, isPresent: false });
    if (this.#random.below(4) > 0) this.#reload(later, { kind: 'binding', name, isPresent: true });
  }

  #pair(atMs: number, later: number, action: Extract<Action, { kind: 'exchangerDown' }>): void {
    this.#add(atMs, action);
    this.#add(later, { ...action, isDown: false });
  }

  #reload(atMs: number, change: TextChange): void {
    this.#add(atMs, { kind: 'reload', change });
  }

  #add(atMs: number, action: Action): void {
    this.actions.push({ atMs, action });
  }
}
