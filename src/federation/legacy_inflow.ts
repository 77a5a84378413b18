import { addressProblem } from "../address/address.ts";
import { EVENT_LIFE_MS, LEGACY_IN_FLIGHT_MAX } from "../limits.ts";
import { ERROR_CODE } from "../router/error_code.ts";
import { isReserved, reservedFor } from "../router/reserved.ts";
import type { Subscriber } from "../router/subscriber.ts";
import { isLive, type Version } from "../state/version.ts";
import type { EncodedValue, PublishMessage } from "../wire/message.ts";
import { sameValue } from "../wire/same_value.ts";
import type { FederationCore } from "./federation_core.ts";
import type { LegacyOutflow } from "./legacy_outflow.ts";
import type { UnsentParams } from "./unsent_params.ts";

/** Where a value stands: in a SNAPSHOT, or in a SET with the TTL that the hub gives it. */
export type ToldBy = "snapshot" | { readonly ttl: number | undefined };

/** What {@linkcode LegacyInflow} is given. */
export interface InflowOptions {
  readonly core: FederationCore;
  /** The link, which is not told what came by it. */
  readonly from: Subscriber & { readonly routerId: string };
  readonly unsent: UnsentParams;
  readonly outflow: LegacyOutflow;
  /** Tells an operator what was not taken. */
  readonly refused: (code: number, message: string) => void;
}

/** Takes in what a legacy hub tells: stamped here on arrival, with the hub as origin. */
export class LegacyInflow {
  readonly #options: InflowOptions;
  /** Tells the hub's events from those of its earlier connections. */
  readonly #bootId: number;
  /** Where the hub refused ours: what it tells next is taken, and not argued with. */
  readonly #yielded = new Set<string>();
  #sequence = 0;

  constructor(options: InflowOptions) {
    this.#options = options;
    this.#bootId = Math.floor(options.core.router.port.random() * Number.MAX_SAFE_INTEGER);
  }

  /** The hub told a value. */
  told(address: string, value: EncodedValue, by: ToldBy): void {
    const { core, from, unsent, outflow } = this.#options;
    if (this.#hasProblem(address)) return;
    const told = outflow.told(address, value);
    // What waits to be sent is newer than the hub's.
    if (told.kind !== "news" || unsent.has(address)) return;
    const known = core.router.params.get(address);
    const isFirst = by === "snapshot" && !unsent.hasSynced && !this.#yielded.has(address);
    if (isFirst && isLive(known) && known.origin !== from.routerId) {
      // Nobody can say which is newer. What was written here counts, once.
      if (!sameValue(known.value, value)) unsent.add(address);
      return;
    }
    const version = this.take(address, value, by);
    this.#yielded.delete(address);
    if (told.sent?.detail !== undefined) told.sent.detail.version = version;
  }

  /**
   * Keeps a value of the hub's, unless it says what is kept already. Returns what is kept then;
   * undefined when the address is not mirrored or the value cannot be kept.
   */
  take(address: string, value: EncodedValue, by: ToldBy): Version | undefined {
    const { core, from: { routerId }, unsent, refused } = this.#options;
    if (!core.mirrors(address)) return undefined;
    const { params } = core.router;
    const known = params.get(address);
    // Who sets again what is set already tells so in a SET: a SNAPSHOT tells nothing new.
    const isRepeated = by !== "snapshot" && known?.origin === routerId;
    if (isLive(known) && !isRepeated && sameValue(known.value, value)) return known;
    const ttl = by === "snapshot" ? undefined : by.ttl;
    const write = { address, value, ttl, holder: routerId, origin: routerId };
    const refusal = params.problem(write);
    if (refusal !== undefined) {
      refused(refusal.code, refusal.message);
      // Everyone else is to see what is kept here.
      if (known !== undefined && !this.#yielded.has(address)) unsent.add(address);
      return undefined;
    }
    const version = params.stamp({ ...write, except: unsent });
    const { revision } = version;
    core.emit({ type: "remoteSet", address, value, revision, origin: routerId });
    return version;
  }

  /** The hub refused a value of ours: what it tells next of the address is taken. */
  yieldAt(address: string): void {
    if (this.#yielded.size < LEGACY_IN_FLIGHT_MAX) this.#yielded.add(address);
  }

  /** The hub passed on an event; `frame` is valid during the call. */
  event({ address, signal, phase }: PublishMessage, frame: Uint8Array): void {
    const { core, from } = this.#options;
    if (this.#hasProblem(address)) return;
    const { router } = core;
    const { routerId: origin } = from;
    router.deliver({
      address,
      signal,
      phase,
      frame,
      identity: { origin, bootId: this.#bootId, sequence: ++this.#sequence },
      deadlineMicros: router.nowMicros + EVENT_LIFE_MS * 1_000,
      publishedMicros: router.nowMicros,
      audience: "all",
      from,
    });
    core.emit({ type: "remotePublish", address, origin });
  }

  #hasProblem(address: string): boolean {
    const problem = addressProblem(address);
    if (problem !== undefined) {
      this.#options.refused(ERROR_CODE.invalidAddress, `Not an address: ${problem}`);
    } else if (isReserved(address)) {
      this.#options.refused(
        ERROR_CODE.refused,
        `"${address}" is not taken from a hub: ${reservedFor(address)}`,
      );
    } else {
      return false;
    }
    return true;
  }
}
