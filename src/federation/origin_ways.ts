import { ORIGINS_MAX } from "../limits.ts";
import { ERROR_CODE, type ErrorCode } from "../router/error_code.ts";
import { directLink } from "./direct_link.ts";
import type { FederationCore } from "./federation_core.ts";
import { PeerLink } from "./link.ts";

/** Whether the way of a router is still the same is looked up no more often. */
const CHECK_INTERVAL_MICROS = 1_000_000;

/** What an {@linkcode OriginWays} goes by. */
export interface OriginWaysOptions {
  /** How long a way counts after its last use, when nothing else tells where a router is. */
  readonly lifeMs: number;
  /** How long the old way counts beside the new one: what is on its way there is still to come. */
  readonly graceMs: number;
}

/**
 * By which link each router is reached that is no peer itself, so that no other peer speaks for it.
 *
 * A router that is a peer here is reached by its own link only, else one that owns something by the
 * link on which its claims are declared as live. Of any other is known what was used last.
 */
export class OriginWays {
  readonly #core: FederationCore;
  readonly #lifeMicros: number;
  readonly #graceMicros: number;
  /** When each way was used last, by monotonic time; the newest is the last. */
  readonly #ways = new Map<string, Map<PeerLink, number>>();
  #nextExpiryMicros = 0;

  constructor(core: FederationCore, { lifeMs, graceMs }: OriginWaysOptions) {
    this.#core = core;
    this.#lifeMicros = lifeMs * 1_000;
    this.#graceMicros = graceMs * 1_000;
  }

  /** Routers of which a way is remembered. */
  get size(): number {
    return this.#ways.size;
  }

  /** The way back to a router. */
  linkTo(origin: string): PeerLink | undefined {
    return directLink(this.#core, origin) ?? [...this.#ways.get(origin)?.keys() ?? []].at(-1);
  }

  /** Why a link may not speak for a router, or undefined; then the router is reached by that link. */
  problem(
    link: PeerLink,
    origin: string,
  ): { readonly code: ErrorCode; readonly why: string } | undefined {
    if (origin === link.routerId) return undefined;
    const { nowMicros } = this.#core.router;
    this.expire(nowMicros);
    const age = nowMicros - (this.#ways.get(origin)?.get(link) ?? -Infinity);
    if (age < Math.min(this.#graceMicros, CHECK_INTERVAL_MICROS)) return undefined;
    const right = this.#rightLinks(origin);
    if (right.size > 0 && !right.has(link)) {
      return age < this.#graceMicros ? undefined : elsewhere(origin, right);
    }
    if (right.size === 0) {
      const known = new Set(this.#ways.get(origin)?.keys());
      if (known.size > 0 && !known.has(link)) return elsewhere(origin, known);
      if (known.size === 0 && this.#ways.size >= ORIGINS_MAX) {
        return {
          code: ERROR_CODE.overload,
          why: `the ways of ${ORIGINS_MAX} routers are known here, the limit; try again later`,
        };
      }
    }
    this.#use(link, origin);
    return undefined;
  }

  linkLost(link: PeerLink): void {
    for (const [origin, ways] of this.#ways) {
      if (ways.delete(link) && ways.size === 0) this.#ways.delete(origin);
    }
  }

  /** Forgets ways that were not used for their life. */
  expire(nowMicros: number): void {
    if (nowMicros < this.#nextExpiryMicros) return;
    this.#nextExpiryMicros = nowMicros + this.#lifeMicros / 40;
    for (const [origin, ways] of this.#ways) {
      for (const [link, usedMicros] of ways) {
        if (nowMicros - usedMicros >= this.#lifeMicros) ways.delete(link);
      }
      if (ways.size === 0) this.#ways.delete(origin);
    }
  }

  #use(link: PeerLink, origin: string): void {
    const ways = this.#ways.get(origin) ?? new Map<PeerLink, number>();
    if (this.#graceMicros === 0) ways.clear();
    ways.delete(link);
    ways.set(link, this.#core.router.nowMicros);
    // What its claims tell again at any time is not worth the room.
    if (this.#ways.has(origin) || this.#ways.size < ORIGINS_MAX) this.#ways.set(origin, ways);
  }

  /** The links by which a router is known to be reached. */
  #rightLinks(origin: string): ReadonlySet<PeerLink> {
    const { claims } = this.#core;
    const own = directLink(this.#core, origin);
    if (own !== undefined) return new Set([own]);
    const right = new Set<PeerLink>();
    for (const link of this.#core.links()) {
      if (!(link instanceof PeerLink)) continue;
      const { routerId } = link;
      const source = link.side === "leaf"
        ? { kind: "hub" } as const
        : { kind: "leaf", routerId } as const;
      const isBehind = claims.of(source).some(({ ownerId, live }) => live && ownerId === origin);
      if (isBehind) right.add(link);
    }
    return right;
  }
}

function elsewhere(
  origin: string,
  links: ReadonlySet<PeerLink>,
): { readonly code: ErrorCode; readonly why: string } {
  const ids = [...links].map(({ routerId }) => `"${routerId}"`).join(", ");
  return {
    code: ERROR_CODE.unavailable,
    why: `router "${origin}" is reached by the link with router ${ids}, not by this one; ` +
      "try again",
  };
}
