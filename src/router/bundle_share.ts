import { encodeFrame } from "../wire/frame.ts";
import type { PublishMessage, SetMessage } from "../wire/message.ts";
import type { Part } from "./bundle.ts";
import { ERROR_CODE, type Refusal } from "./error_code.ts";
import { type EarlierParts, partsProblem } from "./parts_problem.ts";
import type { RouterCore } from "./router_core.ts";
import type { SessionGrant } from "./session_grant.ts";
import type { Subscriber } from "./subscriber.ts";

/** Who a share is of, as far as its router is concerned. */
export interface ShareSender {
  /** Names it where what waits is counted. */
  readonly id: string;
  /** Shares of it that may wait, and bytes of them. */
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
  /** By what it may do this; undefined: it is trusted. What waits elsewhere is taken back with it. */
  readonly grant: SessionGrant | undefined;
  /** As whom it locks; empty: it has no locks and takes none. */
  readonly holder: string;
  /** It has ended: it gets no lock any more. */
  readonly isGone: boolean;
  /** Is not told of its own events. */
  readonly subscriber: Subscriber;
  /** Why it may not write or publish there, or undefined. */
  problem(part: Part): Refusal | undefined;
  /** Why a lock cannot be given to it, or undefined; `before` are those given in the same share. */
  lockProblem(set: SetMessage, before: number): Refusal | undefined;
  /** A write of it was stamped. */
  written(set: SetMessage): void;
}

/** What one owner decides of a bundle: all of it or nothing, at one moment. */
export interface BundleShare {
  readonly parts: readonly Part[];
  /** Of its frame. */
  readonly bytes: number;
  /** Federation time, microseconds; 0: at once. */
  readonly runAtMicros: number;
  /** Newest timestamp that its router knows of its addresses, which the stamps must exceed. */
  readonly knownTimestampMicros: number;
  readonly sender: ShareSender;
}

/** What is said of a share when it comes to the router that decides it. */
export type ShareAnswer =
  | {
    /** It has run, or waits for its time. */
    readonly kind: "accepted";
    /** The last one made; undefined when it waits, or made none. */
    readonly revision: number | undefined;
    /** How long after its time it ran, milliseconds; 0: in time, or it has not run. */
    readonly lateMs: number;
  }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Who is told of a share. */
export interface ShareAnswers {
  /** Once, perhaps before the call that asks for it returns. */
  answered(answer: ShareAnswer): void;
  /**
   * What became of one that waited, at its time: undefined when it was done in time. Once at most, for
   * the way back may be lost.
   */
  ended(refusal: Refusal | undefined): void;
}

/** What became of a share. */
export type ShareOutcome =
  | { readonly kind: "done"; readonly revision: number | undefined }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Runs a share here, now: all of it, or nothing. Every check comes before the first effect. */
export function runShare(router: RouterCore, share: BundleShare): ShareOutcome {
  const refusal = shareProblem(router, share);
  if (refusal !== undefined) return { kind: "refused", refusal };
  let revision: number | undefined;
  for (const part of share.parts) {
    if (part.type === "SET") revision = write(router, share, part);
    else publish(router, share, part);
  }
  return { kind: "done", revision };
}

/** Why a share cannot be done here, now, or undefined. Changes nothing. */
export function shareProblem(router: RouterCore, share: BundleShare): Refusal | undefined {
  const { sender } = share;
  const locked = new Set<string>();
  return partsProblem(router.params, share.parts, (part, earlier) => {
    const refusal = sender.problem(part) ?? wayProblem(router, part);
    if (refusal !== undefined || part.type === "PUBLISH") return refusal;
    return setProblem(router, share, { set: part, earlier, locked });
  });
}

/**
 * Why a share that is to wait for its time could never be done, or undefined: what may be otherwise
 * by then is not looked at.
 */
export function waitingProblem(router: RouterCore, share: BundleShare): Refusal | undefined {
  return contentProblem(router, share) ??
    first(share.parts, (part) => wayProblem(router, part));
}

/** Why what is in a share could be done nowhere, or undefined. */
export function contentProblem(router: RouterCore, share: BundleShare): Refusal | undefined {
  return first(share.parts, (part) =>
    share.sender.problem(part) ??
      (part.type === "SET" ? router.params.valueProblem(part.address, part.value) : undefined));
}

function first(
  parts: readonly Part[],
  problemOf: (part: Part) => Refusal | undefined,
): Refusal | undefined {
  for (const part of parts) {
    const refusal = problemOf(part);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function setProblem(
  router: RouterCore,
  share: BundleShare,
  { set, earlier, locked }: {
    readonly set: SetMessage;
    readonly earlier: EarlierParts;
    readonly locked: Set<string>;
  },
): Refusal | undefined {
  const { sender } = share;
  const { lock } = set;
  const refusal = router.params.problem(writeOf(router, share, set), earlier) ??
    (lock && !sender.isGone && !locked.has(set.address)
      ? sender.lockProblem(set, locked.size)
      : undefined);
  if (lock && router.locks.holder(set.address) === undefined) locked.add(set.address);
  return refusal;
}

/** Why this router does not decide it (any more), or gives no lock there. */
function wayProblem(router: RouterCore, part: Part): Refusal | undefined {
  const { address } = part;
  const route = router.route(address);
  switch (route.kind) {
    case "here":
      return undefined;
    case "caretaker":
      return part.type === "SET" && (part.lock || part.unlock) ? route.lockRefusal : undefined;
    case "unreachable":
      // An event needs nobody's leave.
      return part.type === "SET" ? route.refusal : undefined;
    case "elsewhere":
      return part.type === "SET" ? ownerChanged(address) : undefined;
  }
}

/** What is said when an address is decided by another router than a moment ago. */
export function ownerChanged(address: string): Refusal {
  return {
    code: ERROR_CODE.unavailable,
    message: `Cannot set "${address}": its owner changed; try again`,
    address,
  };
}

function writeOf(
  router: RouterCore,
  { sender, knownTimestampMicros }: BundleShare,
  set: SetMessage,
): ReturnType<RouterCore["toWrite"]> {
  const write = router.toWrite(set, sender.holder);
  const known = { timestampMicros: knownTimestampMicros, revision: 0 };
  // As if its sender had gone the moment after: a lock ends with its session.
  return sender.isGone ? { ...write, lock: false, unlock: false, known } : { ...write, known };
}

function write(router: RouterCore, share: BundleShare, set: SetMessage): number {
  const { revision } = router.params.stamp(writeOf(router, share, set));
  share.sender.written(set);
  return revision;
}

function publish(router: RouterCore, { sender }: BundleShare, message: PublishMessage): void {
  router.publish(message, encodeFrame(message), sender.subscriber);
}
