import { RATE_HISTORY_INTERVALS, RATE_INTERVAL_MS, RATE_INTERVALS } from "../../limits.ts";
import type { LinkRates, TrafficHistory, TrafficRates, TrafficTotals } from "./router_status.ts";

/** What counters say at one moment; those of links by the ids of their peers. */
export interface TrafficSample {
  readonly atMs: number;
  readonly totals: TrafficTotals;
  readonly links: ReadonlyMap<string, LinkRates>;
}

const NO_LINK: LinkRates = {
  ...{ messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 },
  ...{ updatesIn: 0, updatesOut: 0 },
};

/** Makes rates of counters, by looking at them once an interval. Bounded by the number of links. */
export class TrafficMeter {
  readonly #look: () => TrafficSample;
  /** The newest last. */
  readonly #samples: TrafficSample[] = [];
  readonly #messagesIn: number[] = [];
  readonly #messagesOut: number[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(look: () => TrafficSample) {
    this.#look = look;
  }

  /** Begins to look. */
  start(): void {
    this.take();
    this.#timer ??= setInterval(() => this.take(), RATE_INTERVAL_MS);
  }

  /** Ends it. Idempotent. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Looks once. */
  take(): void {
    const sample = this.#look();
    const before = this.#samples.at(-1);
    this.#samples.push(sample);
    if (this.#samples.length > RATE_INTERVALS + 1) this.#samples.shift();
    if (before === undefined) return;
    const { messagesIn, messagesOut } = perSecond(before.totals, sample.totals, before, sample);
    remember(this.#messagesIn, messagesIn);
    remember(this.#messagesOut, messagesOut);
  }

  /** Of the router, over the last seconds. */
  rates(): TrafficRates {
    const [first, last] = this.#span();
    if (first === undefined || last === undefined) return NO_LINK;
    return perSecond(first.totals, last.totals, first, last);
  }

  /** Of the link to a peer. */
  linkRates(peer: string): LinkRates {
    const [first, last] = this.#span();
    const now = last?.links.get(peer);
    if (first === undefined || last === undefined || now === undefined) return NO_LINK;
    return perSecond(first.links.get(peer) ?? NO_LINK, now, first, last);
  }

  /** Of the router, for a drawing. */
  history(): TrafficHistory {
    return {
      intervalMs: RATE_INTERVAL_MS,
      messagesIn: [...this.#messagesIn],
      messagesOut: [...this.#messagesOut],
    };
  }

  #span(): readonly [TrafficSample | undefined, TrafficSample | undefined] {
    return this.#samples.length < 2 ? [undefined, undefined] : [
      this.#samples[0],
      this.#samples.at(-1),
    ];
  }
}

/** The difference of all counters, a second. A counter that began anew counts from 0. */
function perSecond<T extends TrafficRates>(
  before: T,
  after: T,
  first: { readonly atMs: number },
  last: { readonly atMs: number },
): T {
  const seconds = Math.max(0.001, (last.atMs - first.atMs) / 1_000);
  const was = new Map<string, number>(Object.entries(before));
  const rates = Object.entries(after).map(([name, count]: [string, number]) => {
    const from = was.get(name) ?? 0;
    const difference = count >= from ? count - from : count;
    return [name, Math.round(10 * difference / seconds) / 10] as const;
  });
  return { ...after, ...Object.fromEntries(rates) };
}

function remember(history: number[], rate: number): void {
  history.push(rate);
  if (history.length > RATE_HISTORY_INTERVALS) history.shift();
}
