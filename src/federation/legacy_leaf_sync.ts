import { parsePattern, type Pattern } from "../address/pattern.ts";
import { LEGACY_ANSWERS_WAITING_MAX, MAX_REVISION_ENTRIES } from "../limits.ts";
import type { Connection } from "../router/connection.ts";
import { ERROR_CODE, type Refusal } from "../router/error_code.ts";
import type { OutboxSource } from "../router/outbox.ts";
import { isReserved } from "../router/reserved.ts";
import type { RouterCore } from "../router/router_core.ts";
import { SnapshotSource } from "../router/snapshot_source.ts";
import type { Param, ParamStore } from "../state/param_store.ts";
import type { NamespaceSyncMessage } from "../wire/message.ts";
import { PatternSet } from "./pattern_set.ts";
import { syncProblem } from "./sync_problem.ts";

/**
 * Answers the public RequestSync and RevisionVector of one legacy leaf, with SNAPSHOT messages that
 * are made as the outbox drains.
 */
export class LegacyLeafSync {
  readonly #router: RouterCore;
  readonly #connection: Connection;
  #waiting = 0;

  /** The connection is the leaf's. */
  constructor(router: RouterCore, connection: Connection) {
    this.#router = router;
    this.#connection = connection;
  }

  /** SNAPSHOTs of the patterns, then SyncComplete; or why not. */
  requestSync(
    { patterns, since = -1 }: NamespaceSyncMessage,
    granted: readonly Pattern[],
  ): Refusal | undefined {
    const refusal = this.#tooMany() ?? syncProblem(patterns, granted);
    if (refusal !== undefined) return refusal;
    const wanted = new PatternSet(patterns.map(parsePattern));
    const [only] = wanted.patterns;
    const { params: store, config: { routerId } } = this.#router;
    const isEmpty = patterns.length === 0;
    this.#answer(
      new SnapshotSource({
        store: isEmpty ? partOf(store, []) : store,
        // One pattern without wildcards needs no walk.
        pattern: wanted.patterns.length === 1 ? only : undefined,
        filter: ({ address, version }) =>
          version.revision > since && !isReserved(address) && wanted.matches(address),
        evenIfEmpty: !isEmpty,
        then: {
          type: "FEDERATION_SYNC",
          op: "SyncComplete",
          patterns,
          revisions: [],
          origin: routerId,
        },
      }),
    );
    return undefined;
  }

  /**
   * SNAPSHOTs of what has a higher revision here, nothing when there is none; or why not. Addresses
   * that are not granted are skipped.
   */
  revisionVector(
    { revisions }: NamespaceSyncMessage,
    granted: readonly Pattern[],
  ): Refusal | undefined {
    const refusal = this.#tooMany() ?? vectorProblem(revisions.length);
    if (refusal !== undefined) return refusal;
    const { params: store } = this.#router;
    const scope = new PatternSet(granted);
    const known = new Map(
      revisions.filter(([address]) => !isReserved(address) && scope.matches(address)),
    );
    this.#answer(
      new SnapshotSource({
        store: partOf(store, [...known.keys()]),
        filter: ({ address, version }) => version.revision > (known.get(address) ?? 0),
        evenIfEmpty: false,
      }),
    );
    return undefined;
  }

  #answer(source: OutboxSource): void {
    this.#waiting++;
    this.#router.sendSource(this.#connection, {
      next: () => {
        const bytes = source.next();
        if (bytes === undefined) this.#waiting--;
        return bytes;
      },
    });
  }

  #tooMany(): Refusal | undefined {
    const hasRoom = this.#waiting < LEGACY_ANSWERS_WAITING_MAX &&
      this.#connection.outbox.takesSource();
    if (hasRoom) return undefined;
    return {
      code: ERROR_CODE.tooMany,
      message:
        `${this.#waiting} requests and other snapshots wait to be read; wait for SyncComplete`,
    };
  }
}

function vectorProblem(entries: number): Refusal | undefined {
  if (entries <= MAX_REVISION_ENTRIES) return undefined;
  return {
    code: ERROR_CODE.revisionConflict,
    message: `Cannot compare ${entries} revisions: at most ${MAX_REVISION_ENTRIES} a message`,
  };
}

type ReadableStore = Pick<ParamStore, "get" | "walk">;

/** A store as if it had these addresses only. */
function partOf(store: ReadableStore, addresses: readonly string[]): ReadableStore {
  return {
    get: (address) => store.get(address),
    walk: function* (): Iterator<Param, undefined> {
      for (const address of addresses) {
        const version = store.get(address);
        if (version !== undefined) yield { address, version };
      }
      return undefined;
    },
  };
}
