import { parsePattern } from "../address/pattern.ts";
import { PEERS_AWAY_MAX } from "../limits.ts";
import { PeerRecord, type RecordSurroundings } from "./peer_record.ts";

/** All peers that this router has had a link with, as far as they are remembered. */
export class PeerRecords {
  /** The hub, whichever router that is; undefined on the root. */
  readonly hub: PeerRecord | undefined;
  readonly #around: RecordSurroundings;
  readonly #leaves = new Map<string, PeerRecord>();
  /** Leaves without a link, the one away longest first. */
  readonly #away = new Set<PeerRecord>();

  constructor(around: RecordSurroundings, options: { readonly hasHub: boolean }) {
    this.#around = around;
    // Before it has said what it wants: a hub passes on all that its leaves publish.
    this.hub = options.hasHub
      ? new PeerRecord(around, { routerId: "", interest: parsePattern("/**") })
      : undefined;
  }

  /** A leaf that has registered: known, or from now on. */
  leaf(routerId: string): PeerRecord {
    const known = this.#leaves.get(routerId);
    if (known !== undefined) {
      this.#away.delete(known);
      return known;
    }
    const record = new PeerRecord(this.#around, { routerId });
    this.#leaves.set(routerId, record);
    return record;
  }

  /** A record for a connection that is no peer's yet: nobody finds it, and nothing is kept in it. */
  unregistered(routerId: string): PeerRecord {
    return new PeerRecord(this.#around, { routerId });
  }

  /** What is known of a peer; undefined when it was never here, or is forgotten. */
  get(routerId: string): PeerRecord | undefined {
    return routerId === this.hub?.routerId ? this.hub : this.#leaves.get(routerId);
  }

  /** All, the hub first. */
  all(): readonly PeerRecord[] {
    return [...(this.hub === undefined ? [] : [this.hub]), ...this.#leaves.values()];
  }

  /** A peer has no link any more. Routers without a configured id come back under another one. */
  wentAway(record: PeerRecord): void {
    if (record === this.hub) return;
    if (this.#leaves.get(record.routerId) !== record) return record.release();
    this.#away.add(record);
    const [longest] = this.#away;
    if (this.#away.size <= PEERS_AWAY_MAX || longest === undefined) return;
    longest.release();
    this.#away.delete(longest);
    this.#leaves.delete(longest.routerId);
  }
}
