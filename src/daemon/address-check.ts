// Source addresses that the machine does not have: the mail of their bindings will wait (design decision 17).

import type { Configuration } from '../core/config/configuration.ts';
import { bindAddress } from '../core/config/connection-options.ts';
import { formatPosition } from '../core/config/source.ts';

/** @returns a line for paniclog and stderr for each binding that cannot send */
export function addressWarnings(
  configuration: Configuration,
  hasLocalAddress: (address: string) => boolean,
): readonly string[] {
  return configuration.bindings().flatMap(({ name }) => {
    const { value, setBy } = configuration.resolve(bindAddress, { binding: name });
    if (value === null || hasLocalAddress(value)) return [];
    const place = setBy === 'default' ? '' : `${formatPosition(setBy.at)}: `;
    return `${place}bind_address: found ${value}, which is no address of this machine; the mail of binding "${name}" waits until it is`;
  });
}
