// The configuration file of a run: what it says now, how administrators change it, and what the product makes of it.
import { type LoadResult, loadConfiguration } from '../core/config/load.ts';
import { renderConfiguration, type TextSetting, withoutStanza, withSetting } from './configuration-text.ts';
import { InForce } from './in-force.ts';

export type TextChange =
  | { readonly kind: 'setting'; readonly setting: TextSetting }
  /** The stanza of a binding goes with all that is in it, or is back as it was. */
  | { readonly kind: 'binding'; readonly name: string; readonly isPresent: boolean }
  /** A line that does not load. It is taken out again when the reload was refused. */
  | { readonly kind: 'mistake'; readonly line: string };

export class TextOnDisk {
  /** With what stands in the stanzas that were taken out. */
  #settings: readonly TextSetting[];
  /** Bindings whose stanzas were taken out. */
  readonly #absent = new Set<string>();
  #loads = 0;

  constructor(settings: readonly TextSetting[]) {
    this.#settings = settings;
  }

  /** What a start, or a reload, goes by from now on. */
  load(): InForce {
    const settings = this.#present();
    const loaded = this.#read(renderConfiguration(settings));
    if (loaded.kind === 'problems')
      throw new Error(`a configuration does not load: ${JSON.stringify(loaded.problems)}`);
    return new InForce(loaded.configuration, settings);
  }

  /** Whether the text as it was changed loads. */
  change(change: TextChange): boolean {
    if (change.kind === 'mistake') {
      return this.#read(`${renderConfiguration(this.#present())}${change.line}\n`).kind === 'loaded';
    }
    if (change.kind === 'setting') this.#settings = withSetting(this.#settings, change.setting);
    else if (change.isPresent) this.#absent.delete(change.name);
    else this.#absent.add(change.name);
    return true;
  }

  #present(): readonly TextSetting[] {
    return [...this.#absent].reduce((text, name) => withoutStanza(text, 'binding', name), this.#settings);
  }

  #read(text: string): LoadResult {
    return loadConfiguration('sim.conf', () => ({ text }), { version: ++this.#loads });
  }
}
