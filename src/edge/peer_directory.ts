import { matches, parsePattern, type Pattern } from "../address/pattern.ts";
import { PEERS_KNOWN_MAX } from "../limits.ts";
import type { LinkEvent, PeerState } from "../federation/link_event.ts";

/** What is known of a peer router. */
export interface PeerInfo {
  /** Unique in the federation. */
  readonly routerId: string;
  /** Patterns that it, and those behind it, own. */
  readonly namespaces: readonly string[];
  /** The hub's URL, when this router dialled. */
  readonly endpoint?: string;
  /** Whether this router dialled. */
  readonly outbound: boolean;
  /** State of the link to it. */
  readonly state: PeerState;
  /** Why it is not connected. */
  readonly reason?: string;
}

interface Entry {
  info: PeerInfo;
  patterns: readonly Pattern[];
}

/** The peers that a stream of link events tells of. */
export class PeerDirectory {
  readonly #entries = new Map<string, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  get(routerId: string): PeerInfo | undefined {
    return this.#entries.get(routerId)?.info;
  }

  all(): readonly PeerInfo[] {
    return [...this.#entries.values()].map(({ info }) => info);
  }

  /** Ids of the connected peers that own an address, the one it came from left out. */
  ownersOf(address: string, exceptRouterId: string | undefined): readonly string[] {
    return [...this.#entries.values()]
      .filter(({ info, patterns }) =>
        info.routerId !== exceptRouterId && info.state !== "Disconnected" &&
        info.state !== "Failed" && patterns.some((pattern) => matches(pattern, address))
      )
      .map(({ info }) => info.routerId);
  }

  /** Takes in an event; the same one twice changes nothing. */
  apply(event: LinkEvent, endpoint?: { readonly routerId: string; readonly url: string }): void {
    switch (event.type) {
      case "peerNamespaces": {
        const entry = this.#entry(event.routerId, endpoint);
        entry.patterns = event.patterns.map(parsePattern);
        const state = entry.info.state === "Active" ? "Active" : "Syncing";
        entry.info = { ...entry.info, namespaces: event.patterns, state };
        return;
      }
      case "connected":
        return this.#setState(event.routerId, "Active", undefined, endpoint);
      case "disconnected":
        return this.#setState(event.routerId, "Disconnected", event.reason, endpoint);
      case "stateChanged":
        if (event.routerId === "") return;
        return this.#setState(event.routerId, event.state, event.reason, endpoint);
      case "remoteSet":
      case "remotePublish":
      case "eventLost":
      case "syncComplete":
      case "timeMoved":
      case "refused":
        return;
    }
  }

  #setState(
    routerId: string,
    state: PeerState,
    reason: string | undefined,
    endpoint: { readonly routerId: string; readonly url: string } | undefined,
  ): void {
    const entry = this.#entry(routerId, endpoint);
    const { reason: _old, ...info } = entry.info;
    entry.info = { ...info, state, ...(reason === undefined ? {} : { reason }) };
  }

  #entry(
    routerId: string,
    endpoint: { readonly routerId: string; readonly url: string } | undefined,
  ): Entry {
    const known = this.#entries.get(routerId);
    if (known !== undefined) return known;
    if (this.#entries.size >= PEERS_KNOWN_MAX) this.#forgetOne();
    const outbound = endpoint?.routerId === routerId;
    const info: PeerInfo = {
      routerId,
      namespaces: [],
      ...(outbound ? { endpoint: endpoint.url } : {}),
      outbound,
      state: "Handshaking",
    };
    const entry: Entry = { info, patterns: [] };
    this.#entries.set(routerId, entry);
    return entry;
  }

  // Routers without a configured id come back under another one each time.
  #forgetOne(): void {
    for (const [routerId, { info }] of this.#entries) {
      if (info.state !== "Disconnected" && info.state !== "Failed") continue;
      this.#entries.delete(routerId);
      return;
    }
  }
}
