import { SHARES_SENT_MAX, WRITE_LIFE_MS } from "../limits.ts";
import type { ShareAnswers } from "../router/bundle_share.ts";
import { ERROR_CODE, type ErrorCode, type Refusal } from "../router/error_code.ts";
import type { SessionGrant } from "../router/session_grant.ts";
import type { RequestIdentity } from "./write_requests.ts";

/** For whom a share counts that was sent on. */
export interface ShareCounted {
  readonly id: string;
  /** Shares of it that may be on their way, or wait for their time elsewhere. */
  readonly waitingMax: number;
  /** By what it may do this; undefined: it is trusted. */
  readonly grant: SessionGrant | undefined;
}

/** A share that was sent towards its owner. `L` is the kind of link it was sent on. */
export interface SentShare<L> extends ShareAnswers {
  readonly identity: RequestIdentity;
  /** The link, as long as the answer is awaited: it counts only from there. */
  readonly link: L;
  /** Router at the other end of it, and its process. */
  readonly peer: { readonly routerId: string; readonly bootId: number | undefined };
  /** Router that it came from; empty: a client of this one sent it. */
  readonly requesterId: string;
  readonly counted: ShareCounted;
  /** Monotonic time at which an answer is waited for no more. */
  readonly deadlineMicros: number;
  /** Federation time; 0: at once. */
  readonly runAtMicros: number;
}

interface Entry<L> {
  readonly sent: SentShare<L>;
  /** It waits for its time; else its answer is awaited. */
  isAccepted: boolean;
}

/**
 * The shares that this router sent on: until they are answered, and those that wait for their time
 * until it is past, for the owner may have to tell what became of them.
 */
export class SentShares<L> {
  readonly #byKey = new Map<string, Entry<L>>();
  readonly #counts = new Map<string, number>();
  #accepted = 0;

  get size(): number {
    return this.#byKey.size;
  }

  /** Those whose answer is awaited. */
  get awaited(): number {
    return this.#byKey.size - this.#accepted;
  }

  has(identity: RequestIdentity): boolean {
    return this.#byKey.has(shareKey(identity));
  }

  /** Why one more cannot be sent, or undefined. */
  problem({ id, waitingMax }: ShareCounted): Refusal | undefined {
    const own = this.#counts.get(id) ?? 0;
    if (own >= waitingMax) {
      return {
        code: ERROR_CODE.tooMany,
        message: `Cannot send a bundle on: ${own} of its sender are on their way, or wait for ` +
          "their time elsewhere, the limit; send it later",
      };
    }
    if (this.#byKey.size < SHARES_SENT_MAX) return undefined;
    return {
      code: ERROR_CODE.overload,
      message: `Cannot send a bundle on: ${SHARES_SENT_MAX} are on their way, or wait for their ` +
        "time elsewhere, the limit; send it later",
    };
  }

  /** Remembers one for which `problem` found nothing. */
  add(sent: SentShare<L>): void {
    this.#byKey.set(shareKey(sent.identity), { sent, isAccepted: false });
    const { id } = sent.counted;
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  /** The one whose answer is awaited from a link. It is not awaited any more; see `accepted`. */
  takeAsked(link: L, identity: RequestIdentity): SentShare<L> | undefined {
    const entry = this.#byKey.get(shareKey(identity));
    if (entry === undefined || entry.isAccepted || entry.sent.link !== link) return undefined;
    this.#remove(entry);
    return entry.sent;
  }

  /** One that was awaited waits for its time. */
  accepted(sent: SentShare<L>): void {
    this.add(sent);
    const entry = this.#byKey.get(shareKey(sent.identity));
    if (entry === undefined) return;
    entry.isAccepted = true;
    this.#accepted++;
  }

  /** The one that waits for its time behind a router, which tells what became of it. */
  takeAccepted(routerId: string, identity: RequestIdentity): SentShare<L> | undefined {
    const entry = this.#byKey.get(shareKey(identity));
    if (!entry?.isAccepted || entry.sent.peer.routerId !== routerId) return undefined;
    this.#remove(entry);
    return entry.sent;
  }

  /** The one of a requester, which takes it back. */
  takeBack(requesterId: string, identity: RequestIdentity): SentShare<L> | undefined {
    const entry = this.#byKey.get(shareKey(identity));
    if (entry?.sent.requesterId !== requesterId) return undefined;
    this.#remove(entry);
    return entry.sent;
  }

  /** Those to be done later by a grant that counts no more; the refusals say why it does not. */
  over(): readonly (Entry<L> & { readonly refusal: Refusal })[] {
    return [...this.#byKey.values()].flatMap(({ sent, isAccepted }) => {
      const refusal = sent.runAtMicros === 0 ? undefined : sent.counted.grant?.overProblem;
      return refusal === undefined ? [] : [{ sent, isAccepted, refusal }];
    });
  }

  /** A link is gone: the outcome of what was asked on it is open. */
  linkLost(link: L, reason: string): void {
    for (const entry of [...this.#byKey.values()]) {
      if (entry.isAccepted || entry.sent.link !== link) continue;
      this.#remove(entry);
      entry.sent.answered({ kind: "refused", refusal: unknown(`the link was lost (${reason})`) });
    }
  }

  /**
   * Ends what is over: answers that did not come, and shares that must have run. `bootIdOf` tells which
   * process of a router is there now: one that started anew has forgotten what waited.
   */
  expire(
    now: { readonly monotonicMicros: number; readonly timeMicros: number },
    bootIdOf: (routerId: string) => number | undefined,
  ): void {
    for (const entry of [...this.#byKey.values()]) {
      const { sent, isAccepted } = entry;
      if (!isAccepted) {
        if (sent.deadlineMicros > now.monotonicMicros) continue;
        this.#remove(entry);
        sent.answered({ kind: "refused", refusal: unknown("no answer came in time") });
        continue;
      }
      const { routerId, bootId } = sent.peer;
      const bootIdNow = bootIdOf(routerId);
      const isForgotten = bootIdNow !== undefined && bootId !== undefined && bootIdNow !== bootId;
      const isOver = now.timeMicros > sent.runAtMicros + WRITE_LIFE_MS * 1_000;
      if (!isForgotten && !isOver) continue;
      this.#remove(entry);
      sent.ended(isForgotten ? unknown(`router "${routerId}" started anew meanwhile`) : undefined);
    }
  }

  #remove({ sent: { identity, counted: { id } }, isAccepted }: Entry<L>): void {
    this.#byKey.delete(shareKey(identity));
    if (isAccepted) this.#accepted--;
    const left = (this.#counts.get(id) ?? 0) - 1;
    if (left > 0) this.#counts.set(id, left);
    else this.#counts.delete(id);
  }
}

/** Names a share where they are kept. */
export function shareKey({ origin, bootId, requestId }: RequestIdentity): string {
  return `${requestId}@${bootId}@${origin}`;
}

function unknown(why: string): Refusal {
  const code: ErrorCode = ERROR_CODE.outcomeUnknown;
  return { code, message: `Outcome unknown, it may have been done: ${why}` };
}
