import { TOMBSTONES_MAX } from "../limits.ts";
import type { OutboxLane } from "../router/outbox.ts";
import { PendingAddresses } from "../router/pending_addresses.ts";
import type { Version } from "../state/version.ts";
import { VersionSource } from "./version_source.ts";

/** What a {@linkcode ConflatedVersions} is given. */
export interface ConflatedVersionsOptions {
  /** What is kept of an address now, tombstones included. */
  readonly get: (address: string) => Version | undefined;
  /** How the peer is to take a version, after all that was said before. */
  readonly kindOf: (address: string) => "update" | "offer" | undefined;
  /** Sends what was said before and has not left yet. */
  readonly flush: () => void;
  /** A version is never sent: a newer one takes its place. */
  readonly conflated: () => void;
  /** Params that the router may keep. */
  readonly paramsMax: number;
}

/**
 * The versions that changed while a link was behind. Only their addresses are kept; each is sent once,
 * as it is then.
 */
export class ConflatedVersions implements OutboxLane {
  readonly #options: ConflatedVersionsOptions;
  readonly #addresses: PendingAddresses;
  readonly #source: VersionSource;

  constructor(options: ConflatedVersionsOptions) {
    const { get, kindOf, paramsMax } = options;
    this.#options = options;
    this.#addresses = new PendingAddresses({
      addressesMax: 2 * (paramsMax + TOMBSTONES_MAX),
      isUseful: (address) => get(address) !== undefined,
    });
    this.#source = new VersionSource({ addresses: this.#addresses, get, kindOf });
  }

  get isEmpty(): boolean {
    return this.#addresses.size === 0;
  }

  add(address: string): boolean {
    const waits = this.#addresses.has(address);
    if (waits) this.#options.conflated();
    else this.#addresses.add(address);
    return waits;
  }

  next(): Uint8Array | undefined {
    this.#options.flush();
    return this.#source.next();
  }

  /** Takes one address out; whether it waited. */
  take(address: string): boolean {
    return this.#addresses.delete(address);
  }
}
