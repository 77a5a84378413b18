import { PENDING_WRITES_MAX } from "../limits.ts";
import type { WriteAnswer } from "../router/federation_hook.ts";
import { ERROR_CODE, type ErrorCode } from "../router/error_code.ts";
import { encodeFrame } from "../wire/frame.ts";
import type { SetMessage } from "../wire/message.ts";

/** What tells one write request from another in the whole federation. */
export interface RequestIdentity {
  /** Router of the client that writes. */
  readonly origin: string;
  readonly bootId: number;
  readonly requestId: number;
}

/** A request that waits for its answer. `L` is the kind of link it was sent on. */
export interface PendingWrite<L> {
  readonly address: string;
  /** What was asked for; another SET with the same identity is another request. */
  readonly set: SetMessage;
  /** As whom its client locks, as the owner and all clients see it; empty when it does not. */
  readonly holder: string;
  /** Where it was sent. */
  readonly link: L;
  /** Monotonic time at which it is given up. */
  readonly deadlineMicros: number;
  /** The link it came by, which hears of the version by the answer. */
  readonly requester: L | undefined;
  readonly answered: (answer: WriteAnswer) => void;
}

/** The write requests that this router sent on and that are not answered yet. */
export class WriteRequests<L> {
  readonly #pending = new Map<string, PendingWrite<L>>();

  /** Requests that wait. */
  get size(): number {
    return this.#pending.size;
  }

  /** Whether this very request waits. */
  has(identity: RequestIdentity, set: SetMessage): boolean {
    const pending = this.#pending.get(keyOf(identity));
    return pending !== undefined && isSameSet(pending.set, set);
  }

  /** Remembers a request. Undefined, or why it cannot be: one waits already, or too many do. */
  add(identity: RequestIdentity, pending: PendingWrite<L>): "isTaken" | "full" | undefined {
    const key = keyOf(identity);
    if (this.#pending.has(key)) return "isTaken";
    if (this.#pending.size >= PENDING_WRITES_MAX) return "full";
    this.#pending.set(key, pending);
    return undefined;
  }

  /**
   * Ends the wait for an answer that came by a link; undefined when nobody waits (any more) for one
   * from there.
   */
  takeFrom(link: L, identity: RequestIdentity): PendingWrite<L> | undefined {
    const key = keyOf(identity);
    const pending = this.#pending.get(key);
    if (pending?.link !== link) return undefined;
    this.#pending.delete(key);
    return pending;
  }

  /** Answers all that were sent on a link which is gone: their outcome is open. */
  linkLost(link: L, reason: string): void {
    this.#giveUp((pending) => pending.link === link, `the link was lost (${reason})`);
  }

  /** Answers all whose time is up. */
  expire(nowMicros: number): void {
    this.#giveUp((pending) => pending.deadlineMicros <= nowMicros, "no answer came in time");
  }

  #giveUp(isOver: (pending: PendingWrite<L>) => boolean, why: string): void {
    for (const [key, pending] of this.#pending) {
      if (!isOver(pending)) continue;
      this.#pending.delete(key);
      pending.answered(refusedWrite(
        ERROR_CODE.outcomeUnknown,
        `Outcome of SET "${pending.address}" unknown, it may have been applied: ${why}`,
        pending.address,
      ));
    }
  }
}

/** An answer that says no. */
export function refusedWrite(code: ErrorCode, message: string, address: string): WriteAnswer {
  return { kind: "refused", refusal: { code, message, address } };
}

function isSameSet(a: SetMessage, b: SetMessage): boolean {
  if (a.address !== b.address) return false;
  const [bytes, others] = [encodeFrame(a), encodeFrame(b)];
  return bytes.length === others.length && bytes.every((byte, index) => byte === others[index]);
}

function keyOf({ origin, bootId, requestId }: RequestIdentity): string {
  return `${requestId}@${bootId}@${origin}`;
}
