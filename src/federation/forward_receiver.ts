import { addressProblem } from "../address/address.ts";
import { EVENT_LIFE_MAX_MS, TIME_SEEN_MAX_MICROS } from "../limits.ts";
import { ERROR_CODE, type ErrorCode, type Refusal } from "../router/error_code.ts";
import type { EventIdentity, Publication } from "../router/publication.ts";
import { isPeerFrame } from "../router/param_change.ts";
import { p2pAddress } from "../router/p2p_address.ts";
import { isReserved, isShared, reservedFor } from "../router/reserved.ts";
import { canBeFollowed, tombstoneOf, type Version, VERSION_NUMBER_MAX } from "../state/version.ts";
import {
  type ErrorMessage,
  type ForwardMessage,
  type PublishMessage,
  type SetMessage,
  SIGNAL,
  VALUE_CODE,
} from "../wire/message.ts";
import type { EnvelopeFrame } from "./envelope_reader.ts";
import type { FederationCore } from "./federation_core.ts";
import { isRepeatable } from "./is_repeatable.ts";
import { PeerLink } from "./link.ts";
import { routerIdProblem } from "./router_id.ts";
import { SeenEvents } from "./seen_events.ts";

/** Takes in what peers forward: versions, events, and write requests and their answers. */
export class ForwardReceiver {
  readonly #core: FederationCore;
  readonly #seen = new SeenEvents();
  #missedLast: EventIdentity | undefined;
  /** The last one that was looked at and is none to refuse: they come in long runs. */
  #validOrigin: string | undefined;

  constructor(core: FederationCore) {
    this.#core = core;
  }

  /** Events remembered against duplicates. */
  get eventsRemembered(): number {
    return this.#seen.size;
  }

  /** A client did not get an event that came by a link; told once, however many clients. */
  missed(publication: Publication): void {
    if (publication.identity === this.#missedLast) return;
    this.#missedLast = publication.identity;
    if (publication.from instanceof PeerLink) {
      publication.from.record.eventLost(publication, "unknown");
    }
  }

  /** Frame number `index` of a context that came by a link. */
  forwarded(link: PeerLink, context: ForwardMessage, index: number, frame: EnvelopeFrame): void {
    const { message } = frame;
    const problem = this.#originProblem(context.origin);
    if (problem !== undefined) {
      return link.refuse(
        ERROR_CODE.invalidMessage,
        `Forwarded ${context.kind} refused: ${problem}`,
      );
    }
    switch (context.kind) {
      case "update":
      case "offer":
        if (message.type !== "SET") return refuseType(link, context, message.type);
        return this.#version(link, context, message, frame);
      case "request": {
        const entry = context.entries[index];
        if (message.type !== "SET" || entry === undefined) {
          return refuseType(link, context, message.type);
        }
        return this.#core.writes.requested(link, context, entry, message);
      }
      case "event":
        return this.#event(link, context, index, frame);
      case "reply":
        return this.#reply(link, context, index, frame);
      case "share": {
        const entry = context.entries[index];
        if (message.type !== "BUNDLE" || entry === undefined) {
          return refuseType(link, context, message.type);
        }
        return this.#core.shares.requested(link, context, entry, message);
      }
      case "shareReply": {
        const entry = context.entries[index];
        if ((message.type !== "ACK" && message.type !== "ERROR") || entry === undefined) {
          return refuseType(link, context, message.type);
        }
        const { origin, bootId } = context;
        const identity = { origin, bootId, requestId: entry.requestId };
        return this.#core.shares.replied(link, identity, entry, message);
      }
    }
  }

  #version(
    link: PeerLink,
    context: ForwardMessage & { readonly kind: "update" | "offer" },
    set: SetMessage,
    frame: EnvelopeFrame,
  ): void {
    const { address } = set;
    const version = this.#versionOf(set, frame.header.timestampMicros, context.origin);
    const refusal = isRefusal(version) ? version : tombstoneProblem(context, set);
    if (refusal !== undefined) return link.refuse(refusal.code, refusal.message, address);
    if (isRefusal(version)) return;
    if (context.kind === "update" && !link.mayUpdate(address)) {
      return link.refuse(
        ERROR_CODE.refused,
        `Update of "${address}" refused: it is outside the namespaces that the peer declared`,
        address,
      );
    }
    const { access } = this.#core;
    const forbidden = context.kind === "update"
      ? access.changeProblem(link, address)
      : access.writeProblem(link, address);
    if (forbidden !== undefined) return link.refuse(forbidden.code, forbidden.message, address);
    this.#core.merge(address, context.tombstones ? tombstoneOf(version) : version, {
      from: link,
      frame: isPeerFrame(frame.header, set) ? frame : undefined,
    });
  }

  #event(link: PeerLink, context: ForwardMessage, index: number, frame: EnvelopeFrame): void {
    const { message } = frame;
    if (context.kind !== "event") return;
    const entry = context.entries[index];
    if (message.type !== "PUBLISH" || entry === undefined) {
      return refuseType(link, context, message.type);
    }
    const { address } = message;
    const problem = addressProblem(address);
    if (problem !== undefined) {
      return link.refuse(ERROR_CODE.invalidAddress, `Not an address: ${problem}`, address);
    }
    const p2p = p2pAddress(address);
    if (p2p === undefined && isReserved(address)) {
      return link.refuse(
        ERROR_CODE.refused,
        `Event at "${address}" refused: ${reservedFor(address)}`,
        address,
      );
    }
    if (message.signal === SIGNAL.param) {
      return link.refuse(
        ERROR_CODE.invalidMessage,
        `Event at "${address}" refused: a param travels as SET`,
        address,
      );
    }
    const forbidden = this.#core.access.changeProblem(link, address);
    if (forbidden !== undefined) return link.refuse(forbidden.code, forbidden.message, address);
    const { router } = this.#core;
    const { origin, bootId } = context;
    // Our own, come round: a ring or a doubled link. To a signal an answer is awaited.
    if (origin === router.config.routerId && p2p?.kind !== "signal") return;
    const lifeMs = Math.min(entry.remainingLifeMs, EVENT_LIFE_MAX_MS);
    const deadlineMicros = router.nowMicros + lifeMs * 1_000 - link.travelMicros;
    const identity = { origin, bootId, sequence: entry.sequence };
    if (p2p?.kind === "signal") {
      const ageMicros = Math.min(entry.ageMs, EVENT_LIFE_MAX_MS) * 1_000;
      const publishedMicros = router.nowMicros - ageMicros;
      const event = { identity, deadlineMicros, publishedMicros, frame: frame.bytes };
      return this.#core.p2p.signalled(link, p2p.session, event);
    }
    if (!this.#seen.isNew(identity, deadlineMicros, router.nowMicros)) return;
    if (deadlineMicros <= router.nowMicros) {
      if (isRepeatable(message)) link.record.eventLost({ address, identity }, "expired");
      return;
    }
    const { signal, phase } = message;
    const ageMs = Math.min(entry.ageMs, EVENT_LIFE_MAX_MS);
    const publishedMicros = router.nowMicros - ageMs * 1_000 - link.travelMicrosMax;
    router.deliver({
      address,
      signal,
      phase,
      frame: frame.bytes,
      identity,
      deadlineMicros,
      publishedMicros,
      audience: this.#isForClients(message, publishedMicros) ? "all" : "peers",
      from: link,
    });
    if (this.#core.wantsTraffic) this.#core.emit({ type: "remotePublish", address, origin });
  }

  /**
   * A router below a hub may have several ways to it, and its last process may have had by another
   * one what comes now. Whoever was its client then is gone.
   */
  #isForClients(message: PublishMessage, publishedMicros: number): boolean {
    const { isRoot, router } = this.#core;
    return isRoot || publishedMicros >= router.startedMicros || !isRepeatable(message);
  }

  #reply(link: PeerLink, context: ForwardMessage, index: number, frame: EnvelopeFrame): void {
    if (context.kind !== "reply") return;
    const entry = context.entries[index];
    const { message } = frame;
    if (entry === undefined) return refuseType(link, context, message.type);
    const identity = {
      origin: context.origin,
      bootId: context.bootId,
      requestId: entry.requestId,
    };
    if (message.type === "ERROR") {
      return this.#core.writes.replied(link, identity, refusalOf(message));
    }
    if (message.type !== "SET") return refuseType(link, context, message.type);
    const version = this.#versionOf(
      message,
      frame.header.timestampMicros,
      entry.stamperId,
    );
    if (isRefusal(version)) return link.refuse(version.code, version.message, message.address);
    this.#core.writes.replied(link, identity, {
      kind: "accepted",
      address: message.address,
      version,
      locked: entry.locked,
    });
  }

  #originProblem(origin: string): string | undefined {
    if (origin === this.#validOrigin) return undefined;
    const problem = routerIdProblem(origin);
    if (problem === undefined) this.#validOrigin = origin;
    return problem;
  }

  /** The version in a SET that a peer forwarded, or why it is none that can be kept and sent on. */
  #versionOf(
    set: SetMessage,
    timestampMicros: number | undefined,
    origin: string,
  ): Version | Refusal {
    const { address, value, revision, ttl } = set;
    const { params } = this.#core.router;
    const problem = params.has(address) ? undefined : addressProblem(address);
    if (problem !== undefined) {
      return { code: ERROR_CODE.invalidAddress, message: `Not an address: ${problem}` };
    }
    if (isReserved(address) && !isShared(address)) {
      return refused(address, reservedFor(address), ERROR_CODE.refused);
    }
    if (revision === undefined || timestampMicros === undefined) {
      return refused(address, "it has no revision or no timestamp");
    }
    if (revision < 1 || revision > VERSION_NUMBER_MAX) {
      return refused(address, `revision ${revision} must be from 1 up to ${VERSION_NUMBER_MAX}`);
    }
    if (timestampMicros > TIME_SEEN_MAX_MICROS || isFinal(address, timestampMicros, revision)) {
      return refused(address, `its timestamp ${timestampMicros} is ahead of the time`);
    }
    const originProblem = this.#originProblem(origin);
    if (originProblem !== undefined) return refused(address, originProblem);
    return params.valueProblem(address, value) ??
      { value, revision, timestampMicros, origin, ttl: ttl ?? 0 };
  }
}

/** Whether a link is shown so that the hub which has it could never put it right. */
function isFinal(address: string, timestampMicros: number, revision: number): boolean {
  return isShared(address) && !canBeFollowed({ timestampMicros, revision });
}

function refused(
  address: string,
  why: string,
  code: ErrorCode = ERROR_CODE.invalidMessage,
): Refusal {
  return { code, message: `Version of "${address}" refused: ${why}` };
}

/** Why what stands behind a context of tombstones is none, or undefined. */
function tombstoneProblem(
  { tombstones }: ForwardMessage & { readonly kind: "update" | "offer" },
  { address, value, ttl = 0 }: SetMessage,
): Refusal | undefined {
  if (!tombstones) return undefined;
  if (ttl === 0) return refused(address, "a tombstone is of a version that has a TTL");
  if (value[0] !== VALUE_CODE.null) return refused(address, "a tombstone has the value null");
  return undefined;
}

function isRefusal(result: Version | Refusal): result is Refusal {
  return "code" in result;
}

function refusalOf(message: ErrorMessage): { readonly kind: "refused"; message: ErrorMessage } {
  return { kind: "refused", message };
}

function refuseType(link: PeerLink, context: ForwardMessage, type: string): void {
  link.refuse(ERROR_CODE.invalidMessage, `A context of kind ${context.kind} cannot cover ${type}`);
}
