import { EVENT_LIFE_MS } from "../limits.ts";
import { flatten, type Part } from "../router/bundle.ts";
import { ERROR_CODE, type Refusal } from "../router/error_code.ts";
import type { Write } from "../router/params.ts";
import { type EarlierParts, partsProblem } from "../router/parts_problem.ts";
import type { Subscriber } from "../router/subscriber.ts";
import { isLive } from "../state/version.ts";
import { encodeFrame } from "../wire/frame.ts";
import type { BundleMessage, EncodedValue, PublishMessage, SetMessage } from "../wire/message.ts";
import { sameValue } from "../wire/same_value.ts";
import type { FederationCore } from "./federation_core.ts";

/** What the writes of a legacy leaf need of its link. */
export interface WritingLeaf extends Subscriber {
  /** Of its session. */
  readonly id: string;
  /** Empty until it declared its namespaces. */
  readonly routerId: string;
  /** Whether an address is inside the namespaces that it declared. */
  hasDeclared(address: string): boolean;
  writeProblem(address: string): Refusal | undefined;
  publishProblem(message: PublishMessage): Refusal | undefined;
}

/** What became of a write; `revision` when it made one. */
export type LeafAnswer =
  | { readonly kind: "done"; readonly revision?: number | undefined }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Who decides a SET of the leaf. */
type Way =
  /** This router stamps for it. */
  | { readonly kind: "stamp" }
  /** Another router owns the address. */
  | { readonly kind: "ask" }
  | { readonly kind: "refused"; readonly refusal: Refusal };

const STAMP: Way = { kind: "stamp" };
const DONE: LeafAnswer = { kind: "done" };

/**
 * What a legacy leaf writes and publishes: only inside its declared namespaces, stamped here, as the
 * leaf's, for it has no timestamps of its own.
 */
export class LegacyLeafWrites {
  readonly #core: FederationCore;
  readonly #leaf: WritingLeaf;
  /** Tells the leaf's events from those of its earlier connections. */
  readonly #bootId: number;
  /** Values on their way to their owners, the newest of each address. */
  readonly #asked = new Map<string, EncodedValue>();
  #sequence = 0;

  constructor(core: FederationCore, leaf: WritingLeaf) {
    this.#core = core;
    this.#leaf = leaf;
    this.#bootId = Math.floor(core.router.port.random() * Number.MAX_SAFE_INTEGER);
  }

  /** Whether a value is the leaf's own, which its owner has just accepted. */
  isAsked(address: string, value: EncodedValue): boolean {
    const asked = this.#asked.get(address);
    return asked !== undefined && sameValue(asked, value);
  }

  /** `answered` is called exactly once, perhaps before this returns. */
  set(set: SetMessage, answered: (answer: LeafAnswer) => void): void {
    const { address, value, ttl } = set;
    const way = this.#wayOf(set);
    switch (way.kind) {
      case "refused":
        return answered(way);
      case "stamp": {
        const write = this.#writeOf(set);
        const refusal = this.#core.router.params.problem(write);
        if (refusal !== undefined) return answered({ kind: "refused", refusal });
        return answered({ kind: "done", revision: this.#stamp(write) });
      }
      case "ask":
        this.#asked.set(address, value);
        return this.#core.requestWrite(
          { type: "SET", address, value, ttl },
          this.#leaf.id,
          (answer) => {
            if (this.#asked.get(address) === value) this.#asked.delete(address);
            answered(
              answer.kind === "refused"
                ? answer
                : { kind: "done", revision: answer.version.revision },
            );
          },
        );
    }
  }

  publish(message: PublishMessage, frame: Uint8Array): LeafAnswer {
    const refusal = this.#scopeProblem(message) ?? this.#leaf.publishProblem(message);
    if (refusal !== undefined) return { kind: "refused", refusal };
    this.#deliver(message, frame);
    return DONE;
  }

  /** All of it or nothing, as for clients. */
  bundle(bundle: BundleMessage): LeafAnswer {
    const parts: Part[] = [];
    const refusal = this.#scheduleProblem(bundle) ?? flatten(bundle, parts, 1) ??
      this.#partsProblem(parts);
    if (refusal !== undefined) return { kind: "refused", refusal };
    let revision: number | undefined;
    for (const part of parts) {
      if (part.type === "SET") revision = this.#stamp(this.#writeOf(part));
      else this.#deliver(part, encodeFrame(part));
    }
    return { kind: "done", revision };
  }

  #scheduleProblem({ timestampMicros }: BundleMessage): Refusal | undefined {
    if (timestampMicros === undefined || timestampMicros <= this.#core.timeMicros()) {
      return undefined;
    }
    return {
      code: ERROR_CODE.unavailable,
      message: "Scheduled bundles of legacy routers are not supported; send it when it is due",
    };
  }

  #partsProblem(parts: readonly Part[]): Refusal | undefined {
    return partsProblem(
      this.#core.router.params,
      parts,
      (part, earlier) =>
        part.type === "PUBLISH"
          ? this.#scopeProblem(part) ?? this.#leaf.publishProblem(part)
          : this.#setProblem(part, earlier),
    );
  }

  #setProblem(set: SetMessage, earlier: EarlierParts): Refusal | undefined {
    const { address } = set;
    const way = this.#wayOf(set);
    switch (way.kind) {
      case "refused":
        return way.refusal;
      case "stamp":
        return this.#core.router.params.problem(this.#writeOf(set), earlier);
      case "ask":
        return {
          code: ERROR_CODE.unavailable,
          message: `Cannot bundle a SET of "${address}": another router owns it`,
          address,
        };
    }
  }

  #wayOf(set: SetMessage): Way {
    const { address, value, lock, unlock } = set;
    const refusal = this.#scopeProblem(set) ?? this.#leaf.writeProblem(address) ??
      (lock || unlock ? lockProblem(address) : undefined);
    if (refusal !== undefined) return { kind: "refused", refusal };
    const source = this.#core.claims.ownerOf(address)?.source;
    if (source?.kind === "leaf" && source.routerId === this.#leaf.routerId) return STAMP;
    const route = this.#core.route(address);
    switch (route.kind) {
      case "here":
      case "caretaker":
        return STAMP;
      case "unreachable":
        return { kind: "refused", refusal: route.refusal };
      case "elsewhere": {
        const problem = this.#core.router.params.valueProblem(address, value);
        return problem === undefined ? { kind: "ask" } : { kind: "refused", refusal: problem };
      }
    }
  }

  #scopeProblem({ type, address }: Part): Refusal | undefined {
    if (this.#leaf.hasDeclared(address)) return undefined;
    const why = this.#leaf.routerId === ""
      ? "declare your namespaces first"
      : "it is outside the namespaces that the router declared";
    const message = `${type} of "${address}" refused: ${why}`;
    return { code: ERROR_CODE.refused, message, address };
  }

  // A revision in the SET is the leaf's own, and says nothing about those here.
  #writeOf({ address, value, ttl }: SetMessage): Write {
    const { id, routerId } = this.#leaf;
    return { address, value, ttl, holder: id, origin: routerId, except: this.#leaf };
  }

  /** Stamps, unless the leaf only says what it was told: the value that another router wrote. */
  #stamp(write: Write): number {
    const { params } = this.#core.router;
    const { address, value } = write;
    const { routerId: origin } = this.#leaf;
    const known = params.get(address);
    if (isLive(known) && known.origin !== origin && sameValue(known.value, value)) {
      return known.revision;
    }
    const { revision } = params.stamp(write);
    this.#core.emit({ type: "remoteSet", address, value, revision, origin });
    return revision;
  }

  #deliver({ address, signal, phase }: PublishMessage, frame: Uint8Array): void {
    const { router } = this.#core;
    const { routerId: origin } = this.#leaf;
    router.deliver({
      address,
      signal,
      phase,
      frame,
      identity: { origin, bootId: this.#bootId, sequence: ++this.#sequence },
      deadlineMicros: router.nowMicros + EVENT_LIFE_MS * 1_000,
      publishedMicros: router.nowMicros,
      audience: "all",
      from: this.#leaf,
    });
    this.#core.emit({ type: "remotePublish", address, origin });
  }
}

function lockProblem(address: string): Refusal {
  return {
    code: ERROR_CODE.unavailable,
    message: `Cannot lock "${address}": locks of legacy routers are not supported`,
    address,
  };
}
