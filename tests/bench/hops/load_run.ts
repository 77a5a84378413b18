import { pollUntil } from "../../support/poll_until.ts";
import { Latencies } from "./latencies.ts";
import { LoadConnection, type LoadListener } from "./load_connection.ts";
import { createLoadProtocol } from "./create_load_protocol.ts";
import type { LoadPlan, LoadResult } from "./load_plan.ts";
import { ReaderRecord } from "./reader_record.ts";

const ROUTED_DEADLINE_MS = 15_000;
const PROBE_MS = 20;
/** Probes and what they caused have come when nothing has come for so long. */
const QUIET_MS = 200;
/** Between the warm-up and what is measured. */
const SETTLE_MS = 500;
/** An even pace is warmed up too, after the full speed that compiles everything. */
const PACE_WARM_UP_SECONDS = 1;
/** Shorter intervals than this are as long as this. */
const INTERVAL_MIN_MS = 1;
/** When nothing has come for so long, what is missing is lost. */
const LOST_MS = 10_000;
/** Value of an update that only asks whether there is a way. */
const PROBE = -1;
const NOBODY: LoadListener = { update() {}, answered() {}, chunkEnded() {} };

/**
 * A writer and its readers, in one thread. Updates are numbered; the number is the value. A window
 * bounds the updates that are under way to the slowest reader; what fits it is written in one go
 * after each chunk that came, as clients join what is written in one turn.
 */
export class LoadRun {
  readonly #plan: LoadPlan;
  readonly #records: readonly ReaderRecord[];
  readonly #latencies: Latencies;
  readonly #written: Float64Array;
  #writer: LoadConnection | undefined;
  #sent = 0;
  #acknowledged = 0;
  /** Number of the first update that is not to be sent now. */
  #target = 0;
  #isPaced = false;
  /** Number of the first update that counts: the warm-up does, until it is over. */
  #firstMeasured = 0;
  #lastChunkMs = 0;
  #onDone: (() => void) | undefined;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    const { addresses, messages, readers } = plan;
    this.#records = Array.from({ length: readers }, () => new ReaderRecord(addresses));
    this.#latencies = new Latencies({ updates: messages, deliveries: messages * readers });
    this.#written = new Float64Array(addresses).fill(-1);
  }

  /** Connects, waits until there is a way from the writer to each reader, and warms up. */
  async start(): Promise<void> {
    const { protocol, isConfirmed, writerPort, readerPort } = this.#plan;
    for (const record of this.#records) {
      await LoadConnection.open(readerPort, {
        protocol: createLoadProtocol(protocol, { role: "reader", isConfirmed }),
        listener: this.#listenerOf(record),
      });
    }
    this.#writer = await LoadConnection.open(writerPort, {
      protocol: createLoadProtocol(protocol, { role: "writer", isConfirmed }),
      listener: {
        ...NOBODY,
        answered: () => void this.#acknowledged++,
        chunkEnded: () => this.#chunkEnded(),
      },
    });
    await this.#probe();
    await this.#warmUp();
    // Until here all was counted, so that the code that counts is warm too.
    this.#firstMeasured = this.#sent;
    this.#latencies.clear();
  }

  /** Writes what is measured and waits until all has come, or nothing comes any more. */
  async measure(): Promise<LoadResult> {
    const startMs = performance.now();
    const target = this.#sent + this.#plan.messages;
    await this.#writeUpTo(target, this.#plan.updatesPerSecond);
    const durationMs = this.#lastChunkMs - startMs;
    const wrong = new Set<number>();
    for (const record of this.#records) record.collectWrong(this.#written, wrong);
    const missing = this.#records.map(({ distinct }) => target - distinct);
    return {
      durationMs,
      deliveries: this.#latencies.count,
      lost: Math.max(...missing),
      duplicates: Math.max(...this.#records.map(({ duplicates }) => duplicates)),
      wrong: wrong.size,
      ...this.#latencies.quantiles(),
    };
  }

  /** What has come so far, for who wants to know whether this is still alive. */
  get deliveries(): number {
    return this.#records.reduce((sum, { distinct }) => sum + distinct, 0);
  }

  #listenerOf(record: ReaderRecord): LoadListener {
    let nowMs = 0;
    return {
      update: (address, number) => {
        if (!record.take(address, number) || number < this.#firstMeasured) return;
        // All of a chunk came at the same time.
        if (nowMs === 0) nowMs = performance.now();
        this.#latencies.received(number, nowMs);
      },
      answered: () => {},
      chunkEnded: () => {
        nowMs = 0;
        this.#chunkEnded();
      },
    };
  }

  /** Writes updates that do not count until one has come to each reader, and waits for the rest. */
  async #probe(): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) return;
    const timer = setInterval(() => {
      if (this.#records.every(({ isReached }) => isReached)) return;
      writer.writeUpdate({ address: 0, number: PROBE, isConfirmed: false });
      writer.flush();
    }, PROBE_MS);
    const isRouted = (): boolean =>
      this.#records.every(({ isReached }) => isReached) &&
      performance.now() - this.#lastChunkMs > QUIET_MS;
    try {
      await pollUntil(isRouted, "a way from A to B", ROUTED_DEADLINE_MS);
    } finally {
      clearInterval(timer);
    }
    this.#acknowledged = 0;
  }

  /**
   * By time and not by number: what compiles while it runs is to be done with that, however fast it
   * is. The load is the measured one, at full speed; one with a pace has that for a while then.
   */
  async #warmUp(): Promise<void> {
    const { warmUpSeconds, updatesPerSecond } = this.#plan;
    if (warmUpSeconds === 0) return;
    const timer = setTimeout(() => this.#writeNoMore(), warmUpSeconds * 1_000);
    await this.#writeUpTo(Infinity);
    clearTimeout(timer);
    if (updatesPerSecond !== undefined) {
      const updates = updatesPerSecond * PACE_WARM_UP_SECONDS;
      await this.#writeUpTo(this.#sent + updates, updatesPerSecond);
    }
    // What compiles or collects garbage in the background does so now.
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }

  #writeNoMore(): void {
    this.#target = this.#sent;
    if (this.#isDone()) this.#onDone?.();
  }

  /**
   * Writes at an even pace, or else as fast as the window allows. Returns when all has come, or
   * nothing comes any more.
   */
  async #writeUpTo(target: number, updatesPerSecond?: number): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#target = target;
    this.#isPaced = updatesPerSecond !== undefined;
    this.#onDone = done.resolve;
    this.#lastChunkMs = performance.now();
    const watch = setInterval(() => {
      if (performance.now() - this.#lastChunkMs > LOST_MS) done.resolve();
    }, LOST_MS / 10);
    const pace = updatesPerSecond === undefined ? undefined : this.#startPace(updatesPerSecond);
    this.#fillWindow();
    await done.promise;
    clearInterval(pace);
    clearInterval(watch);
  }

  /** @returns The timer to be cleared. */
  #startPace(updatesPerSecond: number): ReturnType<typeof setInterval> {
    const startMs = performance.now();
    const first = this.#sent;
    return setInterval(() => {
      const due = Math.floor((performance.now() - startMs) / 1_000 * updatesPerSecond);
      this.#send(Math.min(this.#target, first + due));
    }, Math.max(INTERVAL_MIN_MS, 1_000 / updatesPerSecond));
  }

  #chunkEnded(): void {
    this.#lastChunkMs = performance.now();
    if (this.#isDone()) this.#onDone?.();
    else this.#fillWindow();
  }

  #fillWindow(): void {
    if (this.#isPaced) return;
    this.#send(Math.min(this.#target, this.#progress() + this.#plan.window));
  }

  /** Number of the first update that some reader, or the acknowledgement, has not reached. */
  #progress(): number {
    let progress = this.#plan.isConfirmed ? this.#acknowledged : this.#sent;
    for (const record of this.#records) {
      if (record.progress < progress) progress = record.progress;
    }
    return progress;
  }

  #isDone(): boolean {
    const target = this.#target;
    return this.#progress() === target &&
      this.#records.every(({ distinct }) => distinct === target);
  }

  /** Writes up to the update with the number `end`, in one go. */
  #send(end: number): void {
    const writer = this.#writer;
    if (writer === undefined || this.#sent >= end) return;
    const { addresses, isConfirmed } = this.#plan;
    const nowMs = performance.now();
    while (this.#sent < end) {
      const number = this.#sent++;
      const address = number % addresses;
      this.#written[address] = number;
      this.#latencies.sent(number, nowMs);
      writer.writeUpdate({ address, number, isConfirmed });
    }
    writer.flush();
  }
}
