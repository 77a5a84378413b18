import { addressProblem } from "../address/address.ts";
import { WRITE_LIFE_MS } from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import { ERROR_CODE, type ErrorCode, type Refusal, toErrorMessage } from "../router/error_code.ts";
import type { WriteAnswer, WriteRoute } from "../router/federation_hook.ts";
import { writePeerFrame } from "../router/param_change.ts";
import { isReserved, reservedFor } from "../router/reserved.ts";
import { canBeFollowed, type Version } from "../state/version.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { encodeFrame } from "../wire/frame.ts";
import {
  type ErrorMessage,
  type ForwardMessage,
  QOS,
  type RequestEntry,
  type SetMessage,
} from "../wire/message.ts";
import type { Claim } from "./claims.ts";
import { directLink } from "./direct_link.ts";
import type { FederationCore } from "./federation_core.ts";
import { LegacyHubLink } from "./legacy_hub_link.ts";
import { LegacyLeafLink } from "./legacy_leaf_link.ts";
import { leaseHolder } from "./lease_holder.ts";
import type { PeerLink } from "./link.ts";
import { refusedWrite, type RequestIdentity, WriteRequests } from "./write_requests.ts";

const SWEEP_INTERVAL_MS = 250;
const HERE = { kind: "here" } as const;
/** What nobody claims is the root's. */
const UNCLAIMED_SOURCE = { root: { kind: "self" }, below: { kind: "hub" } } as const;

/** Where a write goes: nowhere, on a link, or nobody can decide it now. */
export type Direction =
  | { readonly kind: "here" }
  | { readonly kind: "link"; readonly link: PeerLink }
  /** To a hub that decides every SET as it comes. */
  | { readonly kind: "legacyHub"; readonly link: LegacyHubLink }
  /** The owner is there and cannot be asked: this router decides for it, and gives no locks. */
  | { readonly kind: "standIn"; readonly lockRefusal: Refusal }
  | { readonly kind: "unreachable"; readonly refusal: Refusal };

/** What came back for a request. */
export type Reply =
  | {
    readonly kind: "accepted";
    readonly address: string;
    readonly version: Version;
    readonly locked: boolean;
  }
  | { readonly kind: "refused"; readonly message: ErrorMessage };

/**
 * Brings each write to the router that decides it, and the answer back. A request is never repeated:
 * when its link is lost it is answered with 502, "outcome unknown".
 */
export class WriteRouter {
  readonly #core: FederationCore;
  readonly #pending = new WriteRequests<PeerLink>();
  readonly #frame = new ByteWriter();
  #requestId = 0;
  #sweep: Appointment | undefined;

  constructor(core: FederationCore) {
    this.#core = core;
  }

  /** Requests that wait for an answer. */
  get pending(): number {
    return this.#pending.size;
  }

  route(address: string): WriteRoute {
    const direction = this.directionOf(address);
    switch (direction.kind) {
      case "here":
        return HERE;
      case "link":
      case "legacyHub":
        return { kind: "elsewhere" };
      case "standIn":
        return { kind: "caretaker", lockRefusal: direction.lockRefusal };
      case "unreachable":
        return this.#takesCareOf(address)
          ? { kind: "caretaker", lockRefusal: direction.refusal }
          : direction;
    }
  }

  /** Sends a client's write towards its owner. */
  request(set: SetMessage, session: string, answered: (answer: WriteAnswer) => void): void {
    const { address } = set;
    const { routerId: origin, bootId } = this.#core.router.config;
    const identity = { origin, bootId, requestId: ++this.#requestId };
    const direction = this.directionOf(address);
    if (direction.kind === "legacyHub") return this.#askLegacyHub(direction.link, set, answered);
    if (direction.kind !== "link") {
      const refusal = direction.kind === "unreachable" ? direction.refusal : ownerChanged(address);
      return answered({ kind: "refused", refusal });
    }
    const { leases, router } = this.#core;
    // One that was taken here, when this router owned the address, is void: nobody is to meet it.
    if (set.unlock) router.locks.release(address, session);
    const holder = leases.began(set, session);
    if (typeof holder !== "string") return answered({ kind: "refused", refusal: holder });
    const known = router.params.get(address);
    const sentMicros = router.nowMicros;
    this.#send(direction.link, {
      identity,
      entry: {
        requestId: identity.requestId,
        remainingLifeMs: WRITE_LIFE_MS,
        knownTimestampMicros: known?.timestampMicros ?? 0,
        knownRevision: known?.revision ?? 0,
        holder,
      },
      set,
      requester: undefined,
      answered: (answer) => {
        leases.ended(set, session, { answer, sentMicros });
        answered(answer);
      },
    });
  }

  /** A peer asks for a write. */
  requested(
    link: PeerLink,
    context: ForwardMessage & { readonly kind: "request" },
    entry: RequestEntry,
    set: SetMessage,
  ): void {
    const { origin, bootId } = context;
    const identity = { origin, bootId, requestId: entry.requestId };
    const answered = (answer: WriteAnswer): void => this.#reply(link, identity, set, answer);
    const isRound = this.#pending.has(identity, set);
    const refusal = problemOf(set) ?? this.#core.access.writeProblem(link, set.address) ??
      numberProblem(set, entry) ??
      (isRound ? undefined : this.#identityProblem(link, identity, set)) ??
      (isRound ? undefined : this.#core.leases.requestProblem(link, origin, entry, set));
    if (refusal !== undefined) return answered({ kind: "refused", refusal });
    const travelMs = link.travelMicros / 1_000;
    const remainingLifeMs = Math.floor(Math.min(entry.remainingLifeMs, WRITE_LIFE_MS) - travelMs);
    if (remainingLifeMs <= 0) {
      return answered(refusedWrite(
        ERROR_CODE.unavailable,
        `Cannot set "${set.address}": the request was ${WRITE_LIFE_MS} ms on its way; try again`,
        set.address,
      ));
    }
    const direction = this.directionOf(set.address);
    // Only its owner gives a lock.
    const isLock = set.lock === true || set.unlock === true;
    if (isRound && isLock) {
      return answered({ kind: "refused", refusal: ownerChanged(set.address) });
    }
    // A request that comes a second time goes round: whoever notices decides it.
    if (direction.kind === "here" || isRound) {
      return answered(this.#decide(link, context, entry, set));
    }
    if (direction.kind === "legacyHub") return this.#askLegacyHub(direction.link, set, answered);
    if (direction.kind === "standIn") {
      return answered(
        isLock
          ? { kind: "refused", refusal: direction.lockRefusal }
          : this.#decide(link, context, entry, set),
      );
    }
    if (direction.kind === "unreachable") {
      return answered(
        !isLock && this.#takesCareOf(set.address)
          ? this.#decide(link, context, entry, set)
          : { kind: "refused", refusal: direction.refusal },
      );
    }
    this.#send(direction.link, {
      identity,
      entry: { ...entry, remainingLifeMs },
      set,
      requester: link,
      answered,
    });
  }

  #askLegacyHub(
    hub: LegacyHubLink,
    set: SetMessage,
    answered: (answer: WriteAnswer) => void,
  ): void {
    if (!set.lock && !set.unlock) return hub.request(set, answered);
    answered({ kind: "refused", refusal: legacyLockRefusal(set.address, hub.routerId) });
  }

  /** A peer answers a request. */
  replied(link: PeerLink, identity: RequestIdentity, reply: Reply): void {
    const pending = this.#pending.takeFrom(link, identity);
    if (reply.kind === "refused") {
      const { code, message, address } = reply.message;
      return pending?.answered({
        kind: "refused",
        refusal: { code: code as ErrorCode, message, address },
      });
    }
    // A reply that comes too late is still a version like any other. What is not mirrored here is
    // not kept: no update would follow, and it would grow stale.
    const { address, version, locked } = reply;
    const isAsked = pending?.address === address;
    if (this.#core.mirrors(address) && (isAsked || link.mayUpdate(address))) {
      this.#core.merge(address, version, { from: link, except: pending?.requester });
    }
    if (pending === undefined) return;
    pending.answered(
      isAsked
        ? {
          kind: "accepted",
          version: this.#asKept(address, version),
          holder: locked && pending.holder !== "" ? pending.holder : undefined,
        }
        : badAnswer(pending.address),
    );
  }

  // The merge may have raised its revision: that is the one that subscribers see. The value stays,
  // also when it has expired on the way: the write was accepted.
  #asKept(address: string, version: Version): Version {
    const kept = this.#core.router.params.get(address);
    const isSame = kept?.timestampMicros === version.timestampMicros &&
      kept.origin === version.origin;
    return isSame ? { ...version, revision: kept.revision } : version;
  }

  /** A link is gone: the outcome of what was asked on it is open. */
  linkLost(link: PeerLink, reason: string): void {
    this.#pending.linkLost(link, reason);
  }

  /** Which way the owner of an address is, as far as links go now. */
  directionOf(address: string): Direction {
    const { claims, router } = this.#core;
    const claim = claims.ownerOf(address, router.params.slot(address));
    const source = claim?.source ?? UNCLAIMED_SOURCE[this.#core.isRoot ? "root" : "below"];
    switch (source.kind) {
      case "self":
        return HERE;
      case "hub": {
        const { hubLink } = this.#core;
        if (!(hubLink instanceof LegacyHubLink)) return throughLink(hubLink, claim, address);
        if (hubLink.state === "Active") return { kind: "legacyHub", link: hubLink };
        return throughLink(undefined, claim, address);
      }
      case "leaf": {
        const leaf = this.#core.leafLink(source.routerId);
        if (!(leaf instanceof LegacyLeafLink)) return throughLink(leaf, claim, address);
        return { kind: "standIn", lockRefusal: legacyLockRefusal(address, leaf.routerId) };
      }
    }
  }

  // The last router that cannot go further decides, when it has a copy to decide on.
  #takesCareOf(address: string): boolean {
    return this.#core.config.offlineWrites === "accept" && this.#core.mirrorsAlways(address);
  }

  #decide(
    link: PeerLink,
    { origin }: ForwardMessage,
    entry: RequestEntry,
    set: SetMessage,
  ): WriteAnswer {
    const { router, leases } = this.#core;
    // Nobody who holds anything has an empty name.
    const holder = entry.holder === "" ? "" : leaseHolder(origin, entry.holder);
    const write = {
      ...router.toWrite(set, holder),
      known: {
        timestampMicros: entry.knownTimestampMicros,
        revision: entry.knownRevision,
      },
      except: link,
    };
    const refusal = router.params.problem(write) ?? leases.roomProblem(set);
    if (refusal !== undefined) return { kind: "refused", refusal };
    const version = router.params.stamp(write);
    const isLocked = holder !== "" && leases.written(set.address, holder);
    return { kind: "accepted", version, holder: isLocked ? holder : undefined };
  }

  // Else a peer could answer, by a number it guessed, a write that a client here is yet to make.
  #identityProblem(
    link: PeerLink,
    { origin }: RequestIdentity,
    { address }: SetMessage,
  ): Refusal | undefined {
    if (origin === this.#core.router.config.routerId) {
      return {
        code: ERROR_CODE.refused,
        message: `Cannot set "${address}": the request says that it is this router's own`,
        address,
      };
    }
    if ((directLink(this.#core, origin) ?? link) === link) return undefined;
    return {
      code: ERROR_CODE.unavailable,
      message: `Cannot set "${address}": the request says that it is of router "${origin}", ` +
        "which has a link of its own here; try again",
      address,
    };
  }

  #send(
    link: PeerLink,
    request: {
      readonly identity: RequestIdentity;
      readonly entry: RequestEntry;
      readonly set: SetMessage;
      readonly requester: PeerLink | undefined;
      readonly answered: (answer: WriteAnswer) => void;
    },
  ): void {
    const { identity, entry, set, requester, answered } = request;
    const { router } = this.#core;
    const problem = this.#pending.add(identity, {
      address: set.address,
      set,
      holder: entry.holder === "" ? "" : leaseHolder(identity.origin, entry.holder),
      link,
      deadlineMicros: router.nowMicros + entry.remainingLifeMs * 1_000,
      requester,
      answered,
    });
    if (problem === "isTaken") {
      return answered(refusedWrite(
        ERROR_CODE.unavailable,
        `Cannot set "${set.address}": another request with its number waits for its owner; ` +
          "try again",
        set.address,
      ));
    }
    if (problem === "full") {
      return answered(refusedWrite(
        ERROR_CODE.overload,
        `Cannot set "${set.address}": too many writes wait for their owners; try again later`,
        set.address,
      ));
    }
    // The owner compares an expected revision with what it was told.
    link.tellFirst(set.address);
    link.sendRequest(identity, entry, encodeFrame(set, { qos: QOS.confirm }));
    this.#sweep ??= router.after(SWEEP_INTERVAL_MS, () => this.#expire());
  }

  #expire(): void {
    this.#sweep = undefined;
    const { router } = this.#core;
    this.#pending.expire(router.nowMicros);
    if (this.#pending.size > 0) {
      this.#sweep = router.after(SWEEP_INTERVAL_MS, () => this.#expire());
    }
  }

  #reply(
    link: PeerLink,
    identity: RequestIdentity,
    set: SetMessage,
    answer: WriteAnswer,
  ): void {
    const { requestId } = identity;
    link.tellFirst(set.address);
    if (answer.kind === "refused") {
      const frame = encodeFrame(toErrorMessage(answer.refusal));
      return link.sendReply(identity, { requestId, stamperId: "", locked: false }, frame);
    }
    const { version, holder } = answer;
    this.#frame.reset();
    writePeerFrame(this.#frame, set.address, version);
    const entry = { requestId, stamperId: version.origin, locked: holder !== undefined };
    link.sendReply(identity, entry, this.#frame.bytes());
  }
}

function throughLink(
  link: PeerLink | undefined,
  claim: Claim | undefined,
  address: string,
): Direction {
  // As far as links go, also when the owner is known to be away: one router takes care, not many.
  if (link?.state === "Active") return { kind: "link", link };
  const owner = claim === undefined ? "the hub" : `router "${claim.ownerId}"`;
  return {
    kind: "unreachable",
    refusal: {
      code: ERROR_CODE.unavailable,
      message: `Cannot set "${address}": ${owner} owns it and cannot be reached now; ` +
        "nothing was changed",
      address,
    },
  };
}

function legacyLockRefusal(address: string, owner: string): Refusal {
  return {
    code: ERROR_CODE.unavailable,
    message:
      `Cannot lock "${address}": its owner "${owner}" speaks the public CLASP protocol and ` +
      "would not hear of the lock",
    address,
  };
}

function problemOf({ address }: SetMessage): Refusal | undefined {
  const problem = addressProblem(address);
  if (problem !== undefined) {
    return { code: ERROR_CODE.invalidAddress, message: `Not an address: ${problem}`, address };
  }
  if (isReserved(address)) {
    return {
      code: ERROR_CODE.refused,
      message: `Cannot write "${address}": ${reservedFor(address)}`,
      address,
    };
  }
  return undefined;
}

/** A stamp exceeds what the requester knew, and must stay a number that can be written. */
function numberProblem({ address }: SetMessage, entry: RequestEntry): Refusal | undefined {
  const { knownTimestampMicros, knownRevision } = entry;
  const known = { timestampMicros: knownTimestampMicros, revision: knownRevision };
  if (canBeFollowed(known)) return undefined;
  return {
    code: ERROR_CODE.invalidMessage,
    message:
      `Cannot set "${address}": the known version, revision ${knownRevision} and timestamp ` +
      `${knownTimestampMicros}, has a number that none can follow`,
    address,
  };
}

function badAnswer(address: string): WriteAnswer {
  return refusedWrite(
    ERROR_CODE.outcomeUnknown,
    `Outcome of SET "${address}" unknown, it may have been applied: its owner answered about ` +
      "another address",
    address,
  );
}

function ownerChanged(address: string): Refusal {
  return {
    code: ERROR_CODE.unavailable,
    message: `Cannot set "${address}": its owner changed just now; try again`,
    address,
  };
}
