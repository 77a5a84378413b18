import { addressProblem } from "../address/address.ts";
import { parsePattern, type Pattern, patternProblem } from "../address/pattern.ts";
import { MAX_FEDERATION_PATTERNS, PEER_SUBSCRIPTIONS_MAX } from "../limits.ts";
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
    const forbidden = this.#link.grant?.patternProblem("read", pattern);
    if (forbidden !== undefined) return this.#link.refuse(forbidden.code, forbidden.message, text);
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
    const forbidden = this.#link.grant?.problem("read", address);
    // As a client is answered: 403 at this address would be about a write.
    if (forbidden !== undefined) {
      return this.#refuseGet({ ...forbidden, code: ERROR_CODE.forbidden });
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
   * subscribed, or, when it names none, in all that it subscribed. Where tokens count, each pattern is
   * looked at by itself; when none is left, the refusals are the answer.
   */
  requestSync({ patterns: asked }: NamespaceSyncMessage, declared: readonly Pattern[]): void {
    const granted = [...declared, ...this.#subscribed.values()];
    const isByEach = this.#link.grant !== undefined && asked.length <= MAX_FEDERATION_PATTERNS;
    const patterns = isByEach ? this.#permitted(asked, granted) : asked;
    if (patterns.length === 0 && asked.length > 0) return;
    const refusal = syncProblem(patterns, granted);
    if (refusal !== undefined) return this.#link.refuse(refusal.code, refusal.message);
    this.#wanted = patterns.length > 0
      ? patterns.map(parsePattern)
      : [...this.#subscribed.values()];
    if (this.#link.degraded !== undefined) return this.#sync.skip(this.#wanted);
    this.#pace.begin();
  }

  /** Those of some patterns that may be compared; tells the peer of each other one. */
  #permitted(asked: readonly string[], granted: readonly Pattern[]): readonly string[] {
    const texts = new Set(granted.map(({ text }) => text));
    return asked.filter((text) => {
      const refusal = texts.has(text) ? undefined : syncProblem([text], granted);
      if (refusal === undefined) return true;
      this.#link.refuse(refusal.code, refusal.message, text);
      return false;
    });
  }
}
