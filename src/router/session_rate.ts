import { MESSAGE_BYTES_MAX, RATE_EXCEEDED_SECONDS_MAX } from "../limits.ts";
import type { Appointment } from "./agenda.ts";
import type { Connection } from "./connection.ts";
import { CLOSE_CODE, ERROR_CODE } from "./error_code.ts";
import { TokenBucket } from "./token_bucket.ts";

/** What one session may send. 0 is no limit. */
export interface RateLimits {
  readonly messagesPerSecondMax: number;
  readonly bytesPerSecondMax: number;
}

/** What a {@linkcode SessionRate} needs of its router. */
export interface RateSurroundings {
  readonly config: RateLimits;
  readonly nowMicros: number;
  readonly agenda: { cancel(appointment: Appointment | undefined): void };
  after(delayMs: number, action: () => void, connection?: Connection): Appointment;
}

const REVIEW_MS = 1_000;

/**
 * Keeps a session to what it may send in a second; as much at once, when it was silent before. What
 * comes too fast is ignored. The session is told so when that begins, and then once a second how many
 * messages it was: never once for each, so that a flood brings no flood of answers. One that goes on
 * for `RATE_EXCEEDED_SECONDS_MAX` is closed.
 */
export class SessionRate {
  readonly #router: RateSurroundings;
  readonly #connection: Connection;
  #messages: TokenBucket | undefined;
  #bytes: TokenBucket | undefined;
  #review: Appointment | undefined;
  /** Messages that were ignored and not told yet. */
  #ignored = 0;
  #exceededSeconds = 0;

  constructor(router: RateSurroundings, connection: Connection) {
    this.#router = router;
    this.#connection = connection;
    this.limitsChanged();
  }

  /** The router's limits are others: they hold from now on, with nothing taken yet. */
  limitsChanged(): void {
    const { config: { messagesPerSecondMax, bytesPerSecondMax }, nowMicros } = this.#router;
    this.#messages = bucketOf(messagesPerSecondMax, messagesPerSecondMax, nowMicros);
    // The largest message must pass, however low the limit.
    const bytesBurst = Math.max(bytesPerSecondMax, MESSAGE_BYTES_MAX);
    this.#bytes = bucketOf(bytesPerSecondMax, bytesBurst, nowMicros);
  }

  /** Whether a message of so many bytes is to be handled; it is counted then. */
  takes(bytes: number): boolean {
    const { nowMicros } = this.#router;
    const hasRoom = (this.#messages?.has(nowMicros) ?? true) &&
      (this.#bytes?.has(nowMicros) ?? true);
    if (!hasRoom) {
      this.#ignore();
      return false;
    }
    this.#messages?.take(1);
    this.#bytes?.take(bytes);
    return true;
  }

  /** A message that was taken holds so many more. */
  charge(messages: number): void {
    this.#messages?.take(messages);
  }

  /** The session is over, or is limited no more. */
  stop(): void {
    this.#router.agenda.cancel(this.#review);
    this.#review = undefined;
  }

  #ignore(): void {
    if (this.#review !== undefined) {
      this.#ignored++;
      return;
    }
    this.#connection.refuseWith(
      ERROR_CODE.tooMany,
      `A message was ignored: ${this.#allowance()}. Send less; what comes too fast is ignored, ` +
        "and told once a second",
    );
    this.#plan();
  }

  #plan(): void {
    this.#review = this.#router.after(REVIEW_MS, () => this.#tell(), this.#connection);
  }

  #tell(): void {
    this.#review = undefined;
    if (this.#ignored === 0) {
      this.#exceededSeconds = 0;
      return;
    }
    const ignored = this.#ignored;
    this.#ignored = 0;
    this.#exceededSeconds++;
    if (this.#exceededSeconds >= RATE_EXCEEDED_SECONDS_MAX) {
      return this.#connection.closeWith({
        code: ERROR_CODE.tooMany,
        message: `Connection closed: too much for ${this.#exceededSeconds} s on end; ` +
          this.#allowance(),
      }, CLOSE_CODE.policy);
    }
    this.#connection.refuseWith(
      ERROR_CODE.tooMany,
      `${ignored} more messages were ignored in the last second: ${this.#allowance()}`,
    );
    this.#plan();
  }

  #allowance(): string {
    const { messagesPerSecondMax: messages, bytesPerSecondMax: bytes } = this.#router.config;
    const parts = [
      ...(messages === 0 ? [] : [`${messages} messages`]),
      ...(bytes === 0 ? [] : [`${bytes} bytes`]),
    ];
    return `a session may send ${parts.join(" and ")} a second`;
  }
}

function bucketOf(perSecond: number, burst: number, nowMicros: number): TokenBucket | undefined {
  return perSecond === 0 ? undefined : new TokenBucket({ perSecond, burst, nowMicros });
}
