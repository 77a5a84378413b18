import { BUNDLED_MESSAGE_BYTES, SHARES_SENT_PER_PEER_MAX, WRITE_LIFE_MS } from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import { flatten, type Part } from "../router/bundle.ts";
import {
  type BundleShare,
  ownerChanged,
  type ShareAnswer,
  type ShareAnswers,
} from "../router/bundle_share.ts";
import { ERROR_CODE, type ErrorCode, type Refusal, toErrorMessage } from "../router/error_code.ts";
import { encodeFrame } from "../wire/frame.ts";
import {
  type BundleMessage,
  type ForwardMessage,
  type Message,
  QOS,
  type ShareCancelMessage,
  type ShareEntry,
  type ShareReplyEntry,
} from "../wire/message.ts";
import { directLink } from "./direct_link.ts";
import type { FederationCore } from "./federation_core.ts";
import type { PeerLink } from "./link.ts";
import type { Grantee } from "./peer_access.ts";
import { peerSender } from "./peer_sender.ts";
import { SentShares, type ShareCounted, shareKey } from "./sent_shares.ts";
import { shareEntryProblem, shareTimeProblem } from "./share_problem.ts";
import { lockSets, ShareLocks } from "./share_locks.ts";
import type { RequestIdentity } from "./write_requests.ts";

const SWEEP_INTERVAL_MS = 250;
const NOTHING_TO_TAKE_BACK = (): void => {};

/** Where a share goes, or why it goes nowhere. */
type ShareWay =
  | { readonly kind: "here" }
  | { readonly kind: "link"; readonly link: PeerLink }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** A share of a peer's client that waits here for its time. */
interface HeldShare {
  readonly requesterId: string;
  takeBack: () => void;
}

/**
 * Brings each share of a bundle to the router that decides it, and back what became of it: whether it
 * was accepted, and later, when it was to wait, whether it was done in time. A share is never sent
 * twice.
 *
 * Rules: `src/federation/README.md`, "Bundles".
 */
export class ShareRouter {
  readonly #core: FederationCore;
  readonly #sent = new SentShares<PeerLink>();
  readonly #held = new Map<string, HeldShare>();
  readonly #locks: ShareLocks;
  #requestId = 0;
  #sweep: Appointment | undefined;

  constructor(core: FederationCore) {
    this.#core = core;
    this.#locks = new ShareLocks(core);
  }

  /** Shares that were sent on and may still be told about. */
  get sent(): number {
    return this.#sent.size;
  }

  /** Those of them whose answer is awaited. */
  get awaited(): number {
    return this.#sent.awaited;
  }

  /** Who decides what is not decided here, for people and to tell one from another. */
  ownerOf(address: string): string {
    const claim = this.#core.claims.ownerOf(address);
    return claim === undefined ? "the root" : `router "${claim.ownerId}"`;
  }

  /** Why a share of a client here cannot be sent to its owner, or undefined. */
  problem({ parts, runAtMicros }: BundleShare): Refusal | undefined {
    for (const part of parts) {
      const { address } = part;
      const direction = this.#core.writes.directionOf(address);
      if (direction.kind === "legacyHub") return legacyRefusal(address, direction.link.routerId);
      // A router on the way would find that out when others have done their shares.
      const isAway = part.type === "SET" && this.#core.claims.ownerOf(address)?.live === false;
      if (isAway && this.#core.config.offlineWrites === "reject") {
        return awayRefusal(address, this.ownerOf(address));
      }
      const isLock = part.type === "SET" && (part.lock === true || part.unlock === true);
      if (runAtMicros > 0 && isLock) return laterLockRefusal(address);
    }
    return undefined;
  }

  /** Sends the share of a client here. Returns what takes it back. */
  request(share: BundleShare, answers: ShareAnswers): () => void {
    const { parts, runAtMicros, knownTimestampMicros, sender } = share;
    const { holder } = sender;
    // What waits for its time is remembered for long, and its parts are not: these are few.
    const locked = lockSets(parts);
    const { routerId: origin, bootId } = this.#core.router.config;
    const identity = { origin, bootId, requestId: ++this.#requestId };
    const way = this.#wayOf(parts);
    const refusal = way.kind === "refused"
      ? way.refusal
      : way.kind === "here"
      ? ownerChanged(parts[0]?.address ?? "")
      : this.#sent.problem(sender) ?? this.#locks.began(locked, sender.holder);
    if (way.kind !== "link" || refusal !== undefined) {
      if (refusal !== undefined) answers.answered({ kind: "refused", refusal });
      return NOTHING_TO_TAKE_BACK;
    }
    const sentMicros = this.#core.router.nowMicros;
    this.#send(way.link, {
      identity,
      entry: {
        requestId: identity.requestId,
        remainingLifeMs: WRITE_LIFE_MS,
        runAtMicros,
        knownTimestampMicros,
        holder,
      },
      parts,
      requesterId: "",
      counted: sender,
      answers: {
        answered: (answer) => {
          this.#locks.ended(locked, holder, { answer, sentMicros });
          answers.answered(answer);
        },
        ended: (outcome) => answers.ended(outcome),
      },
    });
    return () => this.#takeBack("", identity);
  }

  /** A peer sends a share. */
  requested(
    link: PeerLink,
    context: ForwardMessage & { readonly kind: "share" },
    entry: ShareEntry,
    bundle: BundleMessage,
  ): void {
    const { origin, bootId } = context;
    const identity = { origin, bootId, requestId: entry.requestId };
    let addresses: readonly string[] = [];
    const answered = (answer: ShareAnswer): void => {
      // Whoever hears that it was done is to have seen it.
      for (const address of addresses) link.tellFirst(address);
      reply(link, identity, answer);
    };
    const parts: Part[] = [];
    const refusal = flatten(bundle, parts, 1) ?? shareTimeProblem(bundle) ??
      shareEntryProblem(entry, parts, this.#core.timeMicros()) ??
      this.#accessProblem(link, parts) ??
      this.#identityProblem(link, identity, { entry, parts }) ?? lifeProblem(link, entry);
    if (refusal !== undefined) return answered({ kind: "refused", refusal });
    // Of what waits for its time little is to be kept.
    if (entry.runAtMicros === 0) addresses = setAddresses(parts);
    const way = this.#wayOf(parts);
    const requesterId = link.routerId;
    const ended = (outcome: Refusal | undefined): void =>
      this.#tell(requesterId, identity, outcome);
    switch (way.kind) {
      case "refused":
        return answered(way);
      case "here":
        return this.#decide(
          { identity, entry, parts, requester: { routerId: requesterId, grant: link.grant } },
          { answered, ended },
        );
      case "link": {
        const passing = way.link === link
          ? ownerChanged(parts[0]?.address ?? "")
          : this.#sent.problem(countedOf(link));
        if (passing !== undefined) return answered({ kind: "refused", refusal: passing });
        const remainingLifeMs = remainingLife(link, entry);
        return this.#send(way.link, {
          identity,
          entry: { ...entry, remainingLifeMs },
          parts,
          requesterId,
          counted: countedOf(link),
          answers: { answered, ended },
        });
      }
    }
  }

  /** A peer answers a share, or tells what became of it at its time. */
  replied(
    link: PeerLink,
    identity: RequestIdentity,
    { afterwards, lateMs }: ShareReplyEntry,
    message: Message,
  ): void {
    const refusal = message.type === "ERROR"
      ? { ...message, code: message.code as ErrorCode }
      : undefined;
    if (afterwards) return this.#sent.takeAccepted(link.routerId, identity)?.ended(refusal);
    const sent = this.#sent.takeAsked(link, identity);
    if (sent === undefined) return;
    if (refusal !== undefined) return sent.answered({ kind: "refused", refusal });
    const revision = message.type === "ACK" ? message.revision : undefined;
    if (sent.runAtMicros > 0 && lateMs === 0 && revision === undefined) this.#sent.accepted(sent);
    sent.answered({ kind: "accepted", revision, lateMs });
  }

  /** A peer takes a share back: it is not to run, if it has not. */
  cancelled(link: PeerLink, message: ShareCancelMessage): void {
    const held = this.#held.get(shareKey(message));
    if (held?.requesterId !== link.routerId) return this.#takeBack(link.routerId, message);
    held.takeBack();
    this.#held.delete(shareKey(message));
  }

  /** Takes back what waits elsewhere for its time, where the grant of its sender counts no more. */
  takeBackOver(): void {
    for (const { sent, isAccepted, refusal } of this.#sent.over()) {
      this.#takeBack(sent.requesterId, sent.identity);
      if (isAccepted) sent.ended(refusal);
      else sent.answered({ kind: "refused", refusal });
    }
  }

  /** A link is gone: the outcome of what was asked on it is open. */
  linkLost(link: PeerLink, reason: string): void {
    this.#sent.linkLost(link, reason);
  }

  #decide(
    { identity, entry, parts, requester }: {
      readonly identity: RequestIdentity;
      readonly entry: ShareEntry;
      readonly parts: readonly Part[];
      readonly requester: Grantee;
    },
    { answered, ended }: ShareAnswers,
  ): void {
    const { runAtMicros, knownTimestampMicros } = entry;
    const key = shareKey(identity);
    const held: HeldShare = {
      requesterId: requester.routerId,
      takeBack: NOTHING_TO_TAKE_BACK,
    };
    const frame = encodeFrame({ type: "BUNDLE", messages: parts });
    const share = {
      parts,
      bytes: frame.length + parts.length * BUNDLED_MESSAGE_BYTES,
      runAtMicros,
      knownTimestampMicros,
      sender: peerSender(this.#core, { requester, origin: identity.origin, entry }),
    };
    held.takeBack = this.#core.router.bundles.take(share, {
      answered: (answer) => {
        const isWaiting = answer.kind === "accepted" && runAtMicros > this.#core.timeMicros();
        if (isWaiting) this.#held.set(key, held);
        answered(answer);
      },
      ended: (outcome) => {
        this.#held.delete(key);
        ended(outcome);
      },
    });
  }

  #send(
    link: PeerLink,
    { identity, entry, parts, requesterId, counted, answers }: {
      readonly identity: RequestIdentity;
      readonly entry: ShareEntry;
      readonly parts: readonly Part[];
      readonly requesterId: string;
      readonly counted: ShareCounted;
      readonly answers: ShareAnswers;
    },
  ): void {
    const { router } = this.#core;
    this.#sent.add({
      identity,
      link,
      peer: { routerId: link.routerId, bootId: link.record.bootId },
      requesterId,
      // No more of it: a session, or whatever else is told, has more to it than is to be kept.
      counted: { id: counted.id, waitingMax: counted.waitingMax, grant: counted.grant },
      deadlineMicros: router.nowMicros + entry.remainingLifeMs * 1_000,
      runAtMicros: entry.runAtMicros,
      answered: (answer) => answers.answered(answer),
      ended: (outcome) => answers.ended(outcome),
    });
    // The owner compares expected revisions with what it was told.
    for (const address of setAddresses(parts)) link.tellFirst(address);
    const { origin, bootId } = identity;
    link.sendCovered(
      { ...forward(origin, bootId), kind: "share", entries: [entry] },
      encodeFrame({ type: "BUNDLE", messages: parts }, { qos: QOS.commit }),
    );
    this.#planSweep();
  }

  #takeBack(requesterId: string, identity: RequestIdentity): void {
    const sent = this.#sent.takeBack(requesterId, identity);
    if (sent === undefined) return;
    const { origin, bootId, requestId } = identity;
    directLink(this.#core, sent.peer.routerId)?.sendMessage({
      type: "FEDERATION_SYNC",
      op: "ShareCancel",
      origin,
      bootId,
      requestId,
    });
  }

  /** Tells a peer what became of a share that waited. One that was done in time is no news. */
  #tell(requesterId: string, identity: RequestIdentity, outcome: Refusal | undefined): void {
    if (outcome === undefined) return;
    const back = directLink(this.#core, requesterId);
    if (back !== undefined) {
      return sendReply(back, identity, { afterwards: true, lateMs: 0 }, toErrorMessage(outcome));
    }
    // Nobody else is there to hear of it.
    const { code, message } = outcome;
    this.#core.emit({
      type: "refused",
      routerId: requesterId,
      code,
      message: `Scheduled bundle of a client of router "${identity.origin}": ${message}`,
    });
  }

  /** The way that all of a share go. */
  #wayOf(parts: readonly Part[]): ShareWay {
    const { router, writes } = this.#core;
    let way: ShareWay | undefined;
    for (const { type, address } of parts) {
      const route = router.route(address);
      // An event needs nobody's leave: where its owner cannot be reached, it goes out here.
      if (route.kind === "unreachable" && type === "SET") {
        return { kind: "refused", refusal: route.refusal };
      }
      const direction = route.kind === "elsewhere" ? writes.directionOf(address) : undefined;
      if (direction?.kind === "legacyHub") {
        return { kind: "refused", refusal: legacyRefusal(address, direction.link.routerId) };
      }
      const link = direction?.kind === "link" ? direction.link : undefined;
      way ??= link === undefined ? { kind: "here" } : { kind: "link", link };
      if ((way.kind === "link" ? way.link : undefined) === link) continue;
      return { kind: "refused", refusal: ownerChanged(address) };
    }
    return way ?? { kind: "here" };
  }

  /** Why a peer may not speak for the share's router, or undefined; and whether it was here before. */
  #identityProblem(
    link: PeerLink,
    identity: RequestIdentity,
    { entry: { holder }, parts }: {
      readonly entry: ShareEntry;
      readonly parts: readonly Part[];
    },
  ): Refusal | undefined {
    const { origin } = identity;
    const address = parts[0]?.address ?? "";
    const refuse = (code: ErrorCode, why: string): Refusal => ({
      code,
      message: `Cannot do the share of a bundle with "${address}": ${why}`,
      address,
    });
    if (origin === this.#core.router.config.routerId) {
      return refuse(ERROR_CODE.refused, "it says that it is this router's own");
    }
    if ((directLink(this.#core, origin) ?? link) !== link) {
      return refuse(
        ERROR_CODE.unavailable,
        `it says that it is of router "${origin}", which has a link of its own here; try again`,
      );
    }
    if (this.#sent.has(identity) || this.#held.has(shareKey(identity))) {
      return refuse(ERROR_CODE.unavailable, "it was here before; links may go round; try again");
    }
    const lock = parts.some((part) =>
      part.type === "SET" && (part.lock === true || part.unlock === true)
    );
    return this.#core.leases.requestProblem(link, origin, { holder }, { address, lock });
  }

  #accessProblem(link: PeerLink, parts: readonly Part[]): Refusal | undefined {
    for (const part of parts) {
      const refusal = this.#core.access.partProblem(link, part);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #planSweep(): void {
    this.#sweep ??= this.#core.router.after(SWEEP_INTERVAL_MS, () => this.#expire());
  }

  #expire(): void {
    this.#sweep = undefined;
    const { router } = this.#core;
    // By their time: the wall clock says when grants expire.
    this.takeBackOver();
    this.#sent.expire(
      { monotonicMicros: router.nowMicros, timeMicros: this.#core.timeMicros() },
      (routerId) => directLink(this.#core, routerId)?.record.bootId,
    );
    if (this.#sent.size > 0) this.#planSweep();
  }
}

function setAddresses(parts: readonly Part[]): readonly string[] {
  return parts.filter(({ type }) => type === "SET").map(({ address }) => address);
}

function countedOf({ routerId, grant }: PeerLink): ShareCounted {
  // No session has a slash in its name.
  return { id: `router/${routerId}`, waitingMax: SHARES_SENT_PER_PEER_MAX, grant };
}

function forward(origin: string, bootId: number): {
  readonly type: "FEDERATION_SYNC";
  readonly op: "Forward";
  readonly origin: string;
  readonly bootId: number;
  readonly count: number;
} {
  return { type: "FEDERATION_SYNC", op: "Forward", origin, bootId, count: 1 };
}

function reply(link: PeerLink, identity: RequestIdentity, answer: ShareAnswer): void {
  if (answer.kind === "refused") {
    const error = toErrorMessage(answer.refusal);
    return sendReply(link, identity, { afterwards: false, lateMs: 0 }, error);
  }
  const { revision, lateMs } = answer;
  sendReply(link, identity, { afterwards: false, lateMs }, { type: "ACK", revision });
}

function sendReply(
  link: PeerLink,
  { origin, bootId, requestId }: RequestIdentity,
  entry: Omit<ShareReplyEntry, "requestId">,
  message: Message,
): void {
  link.sendCovered(
    { ...forward(origin, bootId), kind: "shareReply", entries: [{ requestId, ...entry }] },
    encodeFrame(message),
  );
}

function remainingLife(link: PeerLink, { remainingLifeMs }: ShareEntry): number {
  return Math.floor(Math.min(remainingLifeMs, WRITE_LIFE_MS) - link.travelMicros / 1_000);
}

function lifeProblem(link: PeerLink, entry: ShareEntry): Refusal | undefined {
  if (remainingLife(link, entry) > 0) return undefined;
  return {
    code: ERROR_CODE.unavailable,
    message: `Cannot do the share of a bundle: it was ${WRITE_LIFE_MS} ms on its way; try again`,
  };
}

function legacyRefusal(address: string, owner: string): Refusal {
  return {
    code: ERROR_CODE.unavailable,
    message: `Cannot bundle "${address}": its owner "${owner}" speaks the public CLASP protocol ` +
      "only, and decides each SET by itself; send it alone",
    address,
  };
}

function awayRefusal(address: string, owner: string): Refusal {
  return {
    code: ERROR_CODE.unavailable,
    message: `Cannot set "${address}": ${owner} owns it and is away; nothing was changed`,
    address,
  };
}

function laterLockRefusal(address: string): Refusal {
  return {
    code: ERROR_CODE.unavailable,
    message: `Cannot lock "${address}" by a scheduled bundle: another router owns it; ` +
      "lock it by a SET before",
    address,
  };
}
