import { LEASE_LIFE_MS, LEASES_MAX } from "../limits.ts";
import { ERROR_CODE, type Refusal } from "../router/error_code.ts";
import type { FederationCore } from "./federation_core.ts";
import { PeerLink } from "./link.ts";

interface Way {
  readonly link: PeerLink;
  /** Monotonic. */
  readonly usedMicros: number;
}

/**
 * By which link each router is reached whose sessions lock here or further on. Answers go back that
 * way, and nothing about its locks is taken from another link: a peer cannot speak for a router that
 * is known to be elsewhere.
 */
export class LeaseOrigins {
  readonly #core: FederationCore;
  readonly #ways = new Map<string, Way>();

  constructor(core: FederationCore) {
    this.#core = core;
  }

  get size(): number {
    return this.#ways.size;
  }

  /** The way back to a router. */
  linkTo(origin: string): PeerLink | undefined {
    return this.#ways.get(origin)?.link;
  }

  /** Why a link may not speak for a router, or undefined; then the router is reached by that link. */
  problem(link: PeerLink, origin: string): Refusal | undefined {
    const { router } = this.#core;
    if (origin === router.config.routerId) {
      return {
        code: ERROR_CODE.refused,
        message: "Lock refused: its message says that it is this router's own",
      };
    }
    const elsewhere = this.#otherLinkTo(origin, link);
    if (elsewhere !== undefined) {
      return {
        code: ERROR_CODE.unavailable,
        message: `Lock refused: router "${origin}" is reached by the link with router ` +
          `"${elsewhere.routerId}", not by this one; try again`,
      };
    }
    if (!this.#ways.has(origin) && this.#ways.size >= LEASES_MAX) {
      return {
        code: ERROR_CODE.overload,
        message: `Lock refused: ${LEASES_MAX} routers lock here, the limit; try again later`,
      };
    }
    this.#ways.set(origin, { link, usedMicros: router.nowMicros });
    return undefined;
  }

  linkLost(link: PeerLink): void {
    for (const [origin, way] of this.#ways) {
      if (way.link === link) this.#ways.delete(origin);
    }
  }

  /** Forgets ways that were not used for the life of a lease. */
  expire(nowMicros: number): void {
    for (const [origin, { usedMicros }] of this.#ways) {
      if (nowMicros - usedMicros >= LEASE_LIFE_MS * 1_000) this.#ways.delete(origin);
    }
  }

  #otherLinkTo(origin: string, link: PeerLink): PeerLink | undefined {
    if (origin === link.routerId) return undefined;
    const { hubLink } = this.#core;
    const peer = hubLink?.routerId === origin ? hubLink : this.#core.leafLink(origin);
    if (peer instanceof PeerLink) return peer;
    const known = this.#ways.get(origin)?.link;
    return known === link ? undefined : known;
  }
}
