import { PEERS_AWAY_MAX, ROUTER_ID_KEPT_MS, ROUTER_IDS_PER_IDENTITY_MAX } from "../limits.ts";

interface Binding {
  readonly identity: string;
  /** Monotonic time at which its link was lost; undefined while there is one. */
  awaySinceMicros: number | undefined;
}

/**
 * Which credential uses which router id. A router id that has a link, or had one not long ago, is used
 * by no other credential: whoever has it may take the place of the link, and of what waits for it.
 */
export class RouterIdentities {
  /** The one that lost its link last is the last of those that are away. */
  readonly #byRouter = new Map<string, Binding>();

  /** Router ids that belong to somebody. */
  get size(): number {
    return this.#byRouter.size;
  }

  /** Whose a router id is; undefined when it is nobody's. */
  ownerOf(routerId: string, nowMicros: number): string | undefined {
    const binding = this.#byRouter.get(routerId);
    if (binding === undefined) return undefined;
    if (!isOver(binding, nowMicros)) return binding.identity;
    this.#byRouter.delete(routerId);
    return undefined;
  }

  /** A peer has registered: its router id is that of its credential. */
  registered(routerId: string, identity: string): void {
    this.#byRouter.delete(routerId);
    this.#byRouter.set(routerId, { identity, awaySinceMicros: undefined });
    // Else one credential could push out the router ids of all others.
    const own = [...this.#byRouter].filter(([, binding]) => binding.identity === identity);
    if (own.length > ROUTER_IDS_PER_IDENTITY_MAX) this.#forgetFirstAway(own);
  }

  /** The link of a router id is gone. */
  lost(routerId: string, nowMicros: number): void {
    const binding = this.#byRouter.get(routerId);
    if (binding === undefined) return;
    this.#byRouter.delete(routerId);
    this.#byRouter.set(routerId, { ...binding, awaySinceMicros: nowMicros });
    const away = [...this.#byRouter].filter(([, { awaySinceMicros }]) =>
      awaySinceMicros !== undefined
    );
    if (away.length > PEERS_AWAY_MAX) this.#forgetFirstAway(away);
  }

  #forgetFirstAway(bindings: readonly (readonly [string, Binding])[]): void {
    const first = bindings.find(([, { awaySinceMicros }]) => awaySinceMicros !== undefined);
    if (first !== undefined) this.#byRouter.delete(first[0]);
  }
}

function isOver({ awaySinceMicros }: Binding, nowMicros: number): boolean {
  return awaySinceMicros !== undefined &&
    nowMicros - awaySinceMicros >= ROUTER_ID_KEPT_MS * 1_000;
}
