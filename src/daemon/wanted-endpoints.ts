// The Listen stanzas of a configuration as endpoints that can be opened.
import type { Configuration, Listener } from '../core/config/configuration.ts';
import { consoleTimeout, fileMode } from '../core/config/options/listener-options.ts';
import { formatPosition } from '../core/config/source.ts';
import type { InboundConnection, InboundEvents } from '../engine/ports.ts';
import { openControlServer } from '../shell/control/control-server.ts';
import type { ControlAnswers } from '../shell/control/control-session.ts';
import { openListener } from '../shell/net/listener.ts';
import type { WantedEndpoint } from './endpoints.ts';

/** A client connected to `listener`. */
export type Accept = (listener: Listener, connection: InboundConnection) => InboundEvents;

/** Listeners of several threads at one port, between which the system chooses. */
export interface PortSharing {
  /** Where the others listen, by the key of the endpoint: `0` in the configuration is the same port for all of them. */
  readonly portByKey: Map<string, number>;
}

export function wantedEsmtpEndpoints(
  configuration: Configuration,
  accept: Accept,
  sharing?: PortSharing,
): readonly WantedEndpoint[] {
  return configuration.esmtpListeners().map((listener) => {
    const { endpoint, name, at } = listener;
    return {
      key: name,
      label: `${formatPosition(at)}: esmtp_listener listen "${name}"`,
      async open() {
        if (endpoint.kind === 'unix') return { kind: 'failed', reason: 'mail is taken over TCP only' };
        const { host, port } = endpoint;
        const address = host === 'localhost' ? '127.0.0.1' : host;
        const opened = await openListener({
          host: address,
          port: sharing?.portByKey.get(name) ?? port,
          reusePort: sharing !== undefined,
          accept: (connection) => accept(listener, connection),
        });
        if (opened.kind === 'failed') return opened;
        const { listener: socket } = opened;
        sharing?.portByKey.set(name, socket.port);
        return { kind: 'open', endpoint: { place: socket.endpoint, close: () => socket.close() } };
      },
    };
  });
}

/** Mode and timeout of an endpoint are taken when it is opened. */
/** Whoever asked for that could not take it back, and nobody could look at the server any more. */
export const NO_CONSOLE_LEFT =
  'no Control_Listener with a listen is left, and this console could not take that back; keep one, or stop the server and start it without';

export function wantedControlEndpoints(
  configuration: Configuration,
  answers: ControlAnswers,
): readonly WantedEndpoint[] {
  return configuration.controlListeners().map((listener) => {
    const { endpoint, name, at } = listener;
    const timeoutMs = configuration.value(consoleTimeout, listener.subject()) * 1000;
    const mode = configuration.value(fileMode, listener.subject());
    return {
      key: name,
      label: `${formatPosition(at)}: control_listener listen "${name}"`,
      async open() {
        const control =
          endpoint.kind === 'unix' ? { ...endpoint, fileMode: mode, timeoutMs } : { ...endpoint, timeoutMs };
        const opened = await openControlServer({ ...answers, endpoints: [control] });
        if (opened.kind === 'failed') return opened;
        const { server } = opened;
        return { kind: 'open', endpoint: { place: server.endpoints[0]!, close: () => server.close() } };
      },
    };
  });
}
