// Source addresses that the machine does not have: the mail of their bindings will wait (design decision 17).
import { hostname } from 'node:os';
import type { Configuration } from '../core/config/configuration.ts';
import { bindAddress } from '../core/config/options/connection-options.ts';
import { formatPosition } from '../core/config/source.ts';
import type { ConfigMachine } from '../core/console/config-holder.ts';

/** @returns a line for paniclog and stderr for each binding that cannot send, with the place that says so */
export function addressWarnings(
  configuration: Configuration,
  hasLocalAddress: (address: string) => boolean,
): readonly string[] {
  return missingAddresses(configuration, hasLocalAddress).map(({ place, text }) => place + text);
}

/** This machine, for answers of the console: who has just set an address hears at once that it is missing. */
export function machineOf(hasLocalAddress: (address: string) => boolean): ConfigMachine {
  return {
    hostname: hostname(),
    cautions: (configuration) => missingAddresses(configuration, hasLocalAddress).map(({ text }) => text),
  };
}

function missingAddresses(
  configuration: Configuration,
  hasLocalAddress: (address: string) => boolean,
): readonly { readonly place: string; readonly text: string }[] {
  return configuration.bindings().flatMap(({ name }) => {
    const { value, setBy } = configuration.resolve(bindAddress, { binding: name });
    if (value === null || hasLocalAddress(value)) return [];
    const place = setBy === 'default' ? '' : `${formatPosition(setBy.at)}: `;
    const text = `bind_address: found ${value}, which is no address of this machine; the mail of binding "${name}" waits until it is`;
    return [{ place, text }];
  });
}
