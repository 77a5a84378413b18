import {
  ADDRESSES_WATCHED_MAX,
  ATTEMPT_DELAY_MAX_MS,
  ATTEMPT_DELAY_MS,
  ATTEMPT_FORGIVEN_MS,
  ATTEMPTS_FAILED_MAX,
  ATTEMPTS_FREE,
} from "../limits.ts";
import { addressGroup } from "./address_group.ts";

/** What to do with an attempt. */
export type AttemptVerdict =
  | { readonly kind: "now" }
  /** Look at it then, and answer it then, whatever comes of it. */
  | { readonly kind: "later"; readonly delayMs: number }
  /** Do not look at it at all; the next one may come then. */
  | { readonly kind: "refused"; readonly retryMs: number };

interface Attempts {
  /** Failed attempts that are not forgiven yet; those under way count as failed. */
  failed: number;
  /** From when on the next one is forgiven. */
  sinceMicros: number;
}

/**
 * Keeps those who guess tokens from guessing many, by remote address. The first `ATTEMPTS_FREE`
 * failures cost nothing; each further one doubles the time that the next attempt waits, up to
 * `ATTEMPT_DELAY_MAX_MS`; from `ATTEMPTS_FAILED_MAX` on attempts are refused. One failure is forgiven
 * every `ATTEMPT_FORGIVEN_MS`.
 *
 * An attempt counts as failed from when it is asked about until it succeeds: many at once are no
 * way around. Success forgives that attempt and no other, so that a valid token is no way either.
 */
export class AttemptLimiter {
  /** In the order of their last attempts. */
  readonly #records = new Map<string, Attempts>();

  /** Asks for an attempt of a host, before its token is looked at. */
  ask(host: string, nowMicros: number): AttemptVerdict {
    const group = addressGroup(host);
    const record = this.#recordOf(group, nowMicros);
    const { failed } = record;
    if (failed >= ATTEMPTS_FAILED_MAX) {
      const forgivenMicros = record.sinceMicros + ATTEMPT_FORGIVEN_MS * 1_000;
      return { kind: "refused", retryMs: Math.ceil((forgivenMicros - nowMicros) / 1_000) };
    }
    record.failed++;
    this.#records.delete(group);
    this.#records.set(group, record);
    this.#forget();
    if (failed < ATTEMPTS_FREE) return { kind: "now" };
    const delayMs = ATTEMPT_DELAY_MS * 2 ** (failed - ATTEMPTS_FREE);
    return { kind: "later", delayMs: Math.min(delayMs, ATTEMPT_DELAY_MAX_MS) };
  }

  /** An attempt that was not refused had a valid token. */
  succeeded(host: string, nowMicros: number): void {
    const group = addressGroup(host);
    const record = this.#recordOf(group, nowMicros);
    if (record.failed > 0) record.failed--;
    if (record.failed === 0) this.#records.delete(group);
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#records.size;
  }

  #recordOf(group: string, nowMicros: number): Attempts {
    const record = this.#records.get(group);
    if (record === undefined) return { failed: 0, sinceMicros: nowMicros };
    const forgiven = Math.floor((nowMicros - record.sinceMicros) / (ATTEMPT_FORGIVEN_MS * 1_000));
    if (forgiven >= record.failed) return { failed: 0, sinceMicros: nowMicros };
    record.failed -= forgiven;
    record.sinceMicros += forgiven * ATTEMPT_FORGIVEN_MS * 1_000;
    return record;
  }

  #forget(): void {
    for (const group of this.#records.keys()) {
      if (this.#records.size <= ADDRESSES_WATCHED_MAX) return;
      this.#records.delete(group);
    }
  }
}
