import { isLive } from "../state/version.ts";
import type { RouterCore } from "../router/router_core.ts";

/**
 * Addresses of params that are kept here, in the order in which they were added. At most twice as many
 * as params may be kept: those whose params have expired are of no use, and are forgotten then.
 */
export class LiveAddresses {
  readonly #router: RouterCore;
  readonly #addresses = new Set<string>();

  constructor(router: RouterCore) {
    this.#router = router;
  }

  get size(): number {
    return this.#addresses.size;
  }

  has(address: string): boolean {
    return this.#addresses.has(address);
  }

  /** Keeps an address, of a param that is here or just about to be. */
  add(address: string): void {
    // Half of them go, so each costs no more than a look at two others.
    if (this.#addresses.size >= 2 * this.#router.config.paramsMax) this.#forgetExpired();
    this.#addresses.add(address);
  }

  /** The first, which is not kept any more. */
  take(): string | undefined {
    for (const address of this.#addresses) {
      this.#addresses.delete(address);
      return address;
    }
    return undefined;
  }

  clear(): void {
    this.#addresses.clear();
  }

  #forgetExpired(): void {
    for (const address of this.#addresses) {
      if (!isLive(this.#router.params.get(address))) this.#addresses.delete(address);
    }
  }
}
