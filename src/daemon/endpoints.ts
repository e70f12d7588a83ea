// The endpoints that are open, by the name of their Listen stanza, brought in line with a configuration: new ones are
// opened first, and only when all of them are does anything else change.

/** Something that listens. */
export interface OpenEndpoint {
  /** Where, with the port the system chose. */
  readonly place: string;
  close(): void | Promise<void>;
}

export type Opened =
  | { readonly kind: 'open'; readonly endpoint: OpenEndpoint }
  | { readonly kind: 'failed'; readonly reason: string };

/** What a configuration asks for. */
export interface WantedEndpoint {
  /** Endpoints with the same key are the same and stay open. */
  readonly key: string;
  /** For messages: the stanza and where it stands. */
  readonly label: string;
  open(): Promise<Opened>;
}

/** A change that is ready: nothing but `commit` or `abandon` is left to do. */
export interface PreparedEndpoints {
  /** Closes what is not wanted any more. */
  commit(): void;
  abandon(): void;
}

export class Endpoints {
  #open = new Map<string, OpenEndpoint>();

  /** Where it listens now. */
  get places(): readonly string[] {
    return Array.from(this.#open.values(), (endpoint) => endpoint.place);
  }

  /** True when `wanted` needs nothing opened. */
  hasAll(wanted: readonly WantedEndpoint[]): boolean {
    return wanted.every(({ key }) => this.#open.has(key));
  }

  /** Opens what is missing. @returns the problems, a line each, when something could not be opened; then all is as before */
  async prepare(wanted: readonly WantedEndpoint[]): Promise<PreparedEndpoints | readonly string[]> {
    const fresh = new Map<string, OpenEndpoint>();
    const problems: string[] = [];
    for (const { key, label, open } of wanted) {
      if (this.#open.has(key) || fresh.has(key)) continue;
      const opened = await open();
      if (opened.kind === 'open') fresh.set(key, opened.endpoint);
      else problems.push(`${label}: ${opened.reason}`);
    }
    const abandon = (): void => closeAll(fresh.values());
    if (problems.length > 0) {
      abandon();
      return problems;
    }
    return { commit: () => this.#commit(wanted, fresh), abandon };
  }

  #commit(wanted: readonly WantedEndpoint[], fresh: ReadonlyMap<string, OpenEndpoint>): void {
    const next = new Map<string, OpenEndpoint>();
    for (const { key } of wanted) next.set(key, (this.#open.get(key) ?? fresh.get(key))!);
    const former = [...this.#open].filter(([key]) => !next.has(key));
    this.#open = next;
    closeAll(former.map(([, endpoint]) => endpoint));
  }

  async close(): Promise<void> {
    const endpoints = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(endpoints.map((endpoint) => endpoint.close()));
  }
}

function closeAll(endpoints: Iterable<OpenEndpoint>): void {
  for (const endpoint of endpoints) void endpoint.close();
}
