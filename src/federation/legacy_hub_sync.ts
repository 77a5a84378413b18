import type { Appointment } from "../router/agenda.ts";
import type { RouterCore } from "../router/router_core.ts";
import { LiveAddresses } from "./live_addresses.ts";
import type { PatternSet } from "./pattern_set.ts";
import type { UnsentParams } from "./unsent_params.ts";

/** A request that was dropped is made again after so long. */
const RETRY_MS = 1_000;

/** What {@linkcode LegacyHubSync} is given. */
export interface LegacyHubSyncOptions {
  readonly router: RouterCore;
  readonly unsent: UnsentParams;
  readonly intervalMs: number;
  /** What this router declared by now. */
  readonly declared: () => PatternSet;
  /** Sends RequestSync for what is declared. */
  readonly request: () => void;
}

interface Running {
  /** Addresses that need no sending: the hub has told them, or was told them meanwhile. */
  readonly settled: LiveAddresses;
  /** What it is about; undefined: everything that is kept here. */
  readonly scope: PatternSet | undefined;
}

/**
 * Finds out what a legacy hub has not got: all that it does not tell between RequestSync and
 * SyncComplete. It answers in order, so the first time the snapshots of the imports count too.
 */
export class LegacyHubSync {
  readonly #options: LegacyHubSyncOptions;
  #running: Running | undefined;
  #hasCompleted = false;
  #isWanted = false;
  #next: Appointment | undefined;
  #retry: Appointment | undefined;

  constructor(options: LegacyHubSyncOptions) {
    this.#options = options;
  }

  /** Whether one has completed on this link. */
  get hasCompleted(): boolean {
    return this.#hasCompleted;
  }

  /** Asks, and again at each interval. One that is under way goes on with what it has heard. */
  start(): void {
    this.#ask();
    this.#next = this.#options.router.after(this.#options.intervalMs, () => this.start());
  }

  stop(): void {
    this.#options.router.agenda.cancel(this.#next);
    this.#options.router.agenda.cancel(this.#retry);
  }

  /** Something else is declared now. */
  restart(): void {
    if (this.#running === undefined) this.#ask();
    else this.#isWanted = true;
  }

  /** The hub dropped a message: perhaps the request. */
  retry(): void {
    if (this.#running === undefined || this.#retry !== undefined) return;
    this.#retry = this.#options.router.after(RETRY_MS, () => {
      this.#retry = undefined;
      if (this.#running !== undefined) this.#ask();
    });
  }

  /** The hub has told an address, or was told it. */
  settle(address: string): void {
    this.#running?.settled.add(address);
  }

  /** SyncComplete came. False when it was not waited for. */
  completed(): boolean {
    if (this.#running === undefined) return false;
    const { settled, scope } = this.#running;
    const { router, unsent } = this.#options;
    this.#running = undefined;
    const walk = router.params.store.walk();
    for (let next = walk.next(); !next.done; next = walk.next()) {
      const { address } = next.value;
      if (!settled.has(address) && (scope?.matches(address) ?? true)) unsent.add(address);
    }
    unsent.hasSynced = true;
    this.#hasCompleted = true;
    if (this.#isWanted) this.#ask();
    return true;
  }

  #ask(): void {
    this.#isWanted = false;
    this.#running ??= {
      settled: new LiveAddresses(this.#options.router),
      scope: this.#hasCompleted ? this.#options.declared() : undefined,
    };
    this.#options.request();
  }
}
