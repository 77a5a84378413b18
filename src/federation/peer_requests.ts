import { addressProblem } from "../address/address.ts";
import { parsePattern, type Pattern, patternProblem } from "../address/pattern.ts";
import { PEER_SUBSCRIPTIONS_MAX } from "../limits.ts";
import { ERROR_CODE, type Refusal, toErrorMessage } from "../router/error_code.ts";
import { isLocal } from "../router/reserved.ts";
import { isLive } from "../state/version.ts";
import type { NamespaceSyncMessage, SnapshotParam, SubscribeMessage } from "../wire/message.ts";
import type { FederationCore } from "./federation_core.ts";
import type { PeerLink } from "./link.ts";
import type { StateSync } from "./state_sync.ts";
import { SyncPace } from "./sync_pace.ts";
import { syncProblem } from "./sync_problem.ts";

/** What a registered peer asks of this router, alike at both ends: subscriptions and syncs. */
export class PeerRequests {
  readonly #core: FederationCore;
  readonly #link: PeerLink;
  readonly #sync: StateSync;
  #wanted: readonly Pattern[] = [];
  readonly #pace: SyncPace;
  readonly #subscribed = new Map<number, Pattern>();

  constructor(core: FederationCore, link: PeerLink, sync: StateSync) {
    this.#core = core;
    this.#link = link;
    this.#sync = sync;
    this.#pace = new SyncPace(core.router, link.connection, () => {
      if (!link.isDone) sync.start(this.#wanted);
    });
  }

  subscribe({ id, pattern: text, types }: SubscribeMessage): void {
    const problem = patternProblem(text);
    if (problem !== undefined) {
      return this.#link.refuse(ERROR_CODE.invalidPattern, `Not a pattern: ${problem}`, text);
    }
    if (!this.#subscribed.has(id) && this.#subscribed.size >= PEER_SUBSCRIPTIONS_MAX) {
      return this.#link.refuse(
        ERROR_CODE.tooMany,
        `Cannot subscribe to "${text}": at most ${PEER_SUBSCRIPTIONS_MAX} subscriptions a peer`,
        text,
      );
    }
    const pattern = parsePattern(text);
    this.#subscribed.set(id, pattern);
    this.#core.router.subscriptions.add(this.#link, id, pattern, types);
    this.#link.record.subscribed(id, pattern, types);
  }

  unsubscribe(id: number): void {
    this.#subscribed.delete(id);
    this.#core.router.subscriptions.remove(this.#link, id);
    this.#link.record.unsubscribed(id);
  }

  /** Answers a GET of what the peer does not mirror, perhaps by asking this router's own hub. */
  get(address: string): void {
    const problem = addressProblem(address);
    if (problem !== undefined) {
      return this.#refuseGet({
        code: ERROR_CODE.invalidAddress,
        message: `Not an address: ${problem}`,
        address,
      });
    }
    const version = this.#core.router.read(address);
    if (!this.#core.mirrors(address)) {
      return this.#core.gets.ask(address, (answer) => {
        if (answer.kind === "found") this.#sendParam(answer.param);
        else this.#refuseGet(answer.refusal);
      });
    }
    if (!isLive(version) || isLocal(address)) {
      const message = `Nothing is set at "${address}"`;
      return this.#refuseGet({ code: ERROR_CODE.addressNotFound, message, address });
    }
    const { value, revision, origin, timestampMicros } = version;
    this.#sendParam({ address, value, revision, writer: origin, timestampMicros });
  }

  #sendParam(param: SnapshotParam): void {
    this.#link.sendMessage({ type: "SNAPSHOT", params: [param] });
  }

  // An answer, not a fault of the peer: nothing is told of it.
  #refuseGet(refusal: Refusal): void {
    this.#link.sendMessage(toErrorMessage(refusal));
  }

  /**
   * Compares both states, where the peer asked for it: in some patterns that it declared or
   * subscribed, or, when it names none, in all that it subscribed.
   */
  requestSync({ patterns }: NamespaceSyncMessage, declared: readonly Pattern[]): void {
    const refusal = syncProblem(patterns, [...declared, ...this.#subscribed.values()]);
    if (refusal !== undefined) return this.#link.refuse(refusal.code, refusal.message);
    this.#wanted = patterns.length > 0
      ? patterns.map(parsePattern)
      : [...this.#subscribed.values()];
    if (this.#link.degraded !== undefined) return this.#sync.skip(this.#wanted);
    this.#pace.begin();
  }
}
