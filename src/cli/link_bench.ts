import type { Client } from "../edge/client.ts";
import { ClientError } from "../edge/client_error.ts";
import { countText, Progress } from "./progress.ts";

/** Below it a benchmark writes. */
export const BENCH_ROOT: string = "/clasp-bench";
/** So few are written over and over, so that hardly anything is to expire. */
const ADDRESSES = 10;
const TTL_SECONDS = 60;
/** How long a write may take to be seen, or to be answered. */
const LATE_MS = 5_000;
/** Writes that wait for their answers at once, when no rate is set. */
const IN_FLIGHT_MAX = 256;
const POLL_MS = 5;

/** Of several times, milliseconds; null when there is none. */
export interface Times {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** What came of a benchmark. */
export interface BenchResult {
  readonly messages: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** From a write until it was shown at the other router. */
  readonly seenMs: Times;
  /** Until its answer. */
  readonly answeredMs: Times;
  /** Not shown, for a newer value of the same param was. */
  readonly conflated: number;
  /** Accepted, and neither it nor a newer one was shown. */
  readonly lost: number;
  readonly refused: number;
  readonly firstRefusal: string | null;
}

/** Writes at one router and looks at another. */
export class LinkBench {
  /** Below it all is written. */
  readonly root: string = `${BENCH_ROOT}/${crypto.randomUUID().slice(0, 8)}`;
  readonly #writer: Client;
  readonly #reader: Client;
  readonly #messages: number;
  readonly #rate: number;
  readonly #progress = new Progress();
  readonly #sentMs: number[] = [];
  readonly #seenMs: number[] = [];
  readonly #answeredMs: number[] = [];
  /** Newest number that was shown, by address. */
  readonly #newest = new Map<string, number>();
  readonly #accepted: number[] = [];
  /** By address. */
  readonly #lastAccepted = new Map<string, number>();
  readonly #refusals: string[] = [];
  #answers = 0;

  constructor(
    options: {
      readonly writer: Client;
      readonly reader: Client;
      readonly messages: number;
      /** Writes a second; 0: as fast as they are answered. */
      readonly rate: number;
    },
  ) {
    this.#writer = options.writer;
    this.#reader = options.reader;
    this.#messages = options.messages;
    this.#rate = options.rate;
  }

  async run(): Promise<BenchResult> {
    try {
      await this.#reader.subscribe(`${this.root}/**`, ({ address, value }) => {
        this.#seen(address, Number(value));
      });
      const startMs = performance.now();
      await this.#writeAll(startMs);
      const seconds = (performance.now() - startMs) / 1_000;
      await this.#settle();
      return this.#result(seconds);
    } finally {
      this.#progress.clear();
    }
  }

  async #writeAll(startMs: number): Promise<void> {
    for (let number = 0; number < this.#messages; number++) {
      while (!this.#isDue(number, startMs)) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      this.#write(number);
      this.#progress.show(() =>
        `written ${countText(number + 1)} of ${countText(this.#messages)}, ` +
        `seen ${countText(this.#seenMs.length)}`
      );
    }
  }

  #isDue(number: number, startMs: number): boolean {
    if (number - this.#answers >= IN_FLIGHT_MAX) return false;
    return this.#rate === 0 || performance.now() - startMs >= number * 1_000 / this.#rate;
  }

  async #write(number: number): Promise<void> {
    const sentMs = performance.now();
    this.#sentMs.push(sentMs);
    try {
      await this.#writer.set(this.#addressOf(number), BigInt(number), {
        ttl: { kind: "absolute", seconds: TTL_SECONDS },
      });
      this.#answeredMs.push(performance.now() - sentMs);
      this.#accepted.push(number);
      this.#lastAccepted.set(this.#addressOf(number), number);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.#refusals.push(`ERROR ${error.code}: ${error.message}`);
    }
    this.#answers++;
  }

  #seen(address: string, number: number): void {
    const sentMs = this.#sentMs[number];
    if (sentMs === undefined || number <= (this.#newest.get(address) ?? -1)) return;
    this.#newest.set(address, number);
    this.#seenMs.push(performance.now() - sentMs);
  }

  /** Until all is answered and seen, or is late. */
  async #settle(): Promise<void> {
    const endMs = performance.now() + LATE_MS;
    const isOpen = () => this.#answers < this.#messages || !this.#isUpToDate();
    while (isOpen() && performance.now() < endMs) {
      this.#progress.show(() => "waiting for the last ones");
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #isUpToDate(): boolean {
    return [...this.#lastAccepted].every(([address, number]) =>
      number <= (this.#newest.get(address) ?? -1)
    );
  }

  #lost(): number {
    return this.#accepted.filter((number) =>
      number > (this.#newest.get(this.#addressOf(number)) ?? -1)
    ).length;
  }

  #result(seconds: number): BenchResult {
    const lost = this.#lost();
    const refused = this.#messages - this.#accepted.length;
    return {
      messages: this.#messages,
      seconds,
      perSecond: Math.round(this.#messages / Math.max(seconds, 0.001)),
      seenMs: timesOf(this.#seenMs),
      answeredMs: timesOf(this.#answeredMs),
      // What was refused with 502 may have been done, and seen.
      conflated: Math.max(0, this.#accepted.length - lost - this.#seenMs.length),
      lost,
      refused,
      firstRefusal: this.#refusals[0] ?? (refused > 0 ? `no answer within ${LATE_MS} ms` : null),
    };
  }

  #addressOf(number: number): string {
    return `${this.root}/${number % ADDRESSES}`;
  }
}

function timesOf(times: readonly number[]): Times {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number | null =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
