import { parsePattern } from "../address/pattern.ts";
import type { ParamChange } from "../router/param_change.ts";
import { isReserved } from "../router/reserved.ts";
import type { RouterCore } from "../router/router_core.ts";
import type { Subscriber } from "../router/subscriber.ts";
import { SIGNAL } from "../wire/message.ts";
import { LiveAddresses } from "./live_addresses.ts";

const EVERYTHING = parsePattern("/**");
const SUBSCRIPTION_ID = 0;

/**
 * The params that changed here and that a legacy hub has not been sent yet. Outlives connections:
 * what changes while there is none is sent by the next, and nothing else is.
 *
 * Named as `except` of a write it is not told of that write: so for what came from the hub.
 */
export class UnsentParams implements Subscriber {
  /** The hub that they are for. */
  readonly hubId: string;
  /** Whether the states of both ends were brought together once. */
  hasSynced = false;
  /** Called when there is something to send. */
  onAdded: () => void = () => {};
  readonly #router: RouterCore;
  readonly #addresses: LiveAddresses;

  constructor(router: RouterCore, hubId: string) {
    this.#router = router;
    this.hubId = hubId;
    this.#addresses = new LiveAddresses(router);
    router.subscriptions.add(this, SUBSCRIPTION_ID, EVERYTHING, 1 << SIGNAL.param);
  }

  get size(): number {
    return this.#addresses.size;
  }

  has(address: string): boolean {
    return this.#addresses.has(address);
  }

  add(address: string): void {
    // Those tell of this federation's own links.
    if (isReserved(address)) return;
    this.#addresses.add(address);
    this.onAdded();
  }

  /** The one that waits longest; it does not wait any more. */
  take(): string | undefined {
    return this.#addresses.take();
  }

  /** Keeps no account any more. */
  stop(): void {
    this.#router.subscriptions.removeAll(this);
    this.#addresses.clear();
  }

  paramChanged(change: ParamChange): void {
    this.add(change.address);
  }

  published(): void {}
}
