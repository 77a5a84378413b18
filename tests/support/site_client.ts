import { ERROR_CODE } from "../../src/router/error_code.ts";
import { decodeFrame, encodeFrame } from "../../src/wire/frame.ts";
import {
  ALL_SIGNALS,
  type ErrorMessage,
  FEATURE,
  type Message,
  PHASE,
  QOS,
  SIGNAL,
} from "../../src/wire/message.ts";
import { decodeValue, encodeValue } from "../../src/wire/value_codec.ts";
import type { EventKey, EventLedger } from "./event_ledger.ts";
import { pollUntil } from "./poll_until.ts";
import { SessionWatch } from "./session_watch.ts";

const TICK_MS = 10;
/** After a pause of this process, so many ticks are made up for at once. */
const TICKS_AT_ONCE_MAX = 10;
const RECONNECT_MS = 20;
/** Params that it writes in turn. */
export const ADDRESSES_IN_TURN = 50;
const EVENT_ADDRESSES = 10;
/** Accepted events are waited for so that a router that does not read is not filled up. */
const EVENTS_UNANSWERED_MAX = 100;
const CROSSING = "/crossing/";
const CROSSING_ADDRESSES = 10;
const FEATURES = FEATURE.param | FEATURE.event;

/** What a {@linkcode SiteClient} does and whom it tells. */
export interface SiteClientOptions {
  /** Name of its router; it writes and publishes below `/<site>/`. */
  readonly site: string;
  readonly port: number;
  readonly updatesPerSecond: number;
  readonly eventsPerSecond: number;
  readonly ledger: EventLedger;
  /** What went wrong, in sentences. */
  readonly problems: string[];
  /** Told of each number that it sees. */
  readonly onUpdate?: ((address: string, value: number) => void) | undefined;
}

/**
 * A client of one router that writes growing numbers to params of its site at a steady rate, publishes
 * events, and follows everything. When its connection ends it makes a new one, until it is stopped.
 */
export class SiteClient implements AsyncDisposable {
  /** The last number written to each address. */
  readonly written: Map<string, number> = new Map();
  readonly #options: SiteClientOptions;
  readonly #running: Promise<void>;
  #socket: WebSocket | undefined;
  #isOpen = false;
  #watch: SessionWatch | undefined;
  #sessions = 0;
  #updates = 0;
  #events = 0;
  #received = 0;
  #crossings = 0;
  #repeats = 0;
  #pongs = 0;
  readonly #newest = new Map<string, number>();
  readonly #latest = new Map<string, number>();
  /** Published on this connection and not acknowledged yet, in order. */
  #unanswered: EventKey[] = [];
  #isWriting = false;
  #isOver = false;

  constructor(options: SiteClientOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Sessions so far that got as far as WELCOME. */
  get sessions(): number {
    return this.#sessions;
  }

  /** Params written so far. */
  get updates(): number {
    return this.#updates;
  }

  /** Updates received so far, those of snapshots not counted. */
  get received(): number {
    return this.#received;
  }

  /** The newest number that it has seen at an address; 0 before. */
  latest(address: string): number {
    return this.#latest.get(address) ?? 0;
  }

  /** The newest number that it has seen of a site; 0 before. */
  newest(site: string): number {
    return this.#newest.get(site) ?? 0;
  }

  /**
   * Updates received with a revision that was seen already. A restarted leaf sends some: when it learns
   * the time of the federation it corrects the timestamps of what it stamped before.
   */
  get repeats(): number {
    return this.#repeats;
  }

  /** Whether its router has acknowledged all that it published on its connection, which is open. */
  get isSettled(): boolean {
    return this.#isOpen && this.#unanswered.length === 0;
  }

  /** Whether it can write now. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Writes a text to a param of another site. Who decides depends on what can be reached. */
  setElsewhere(site: string): void {
    const value = encodeValue(`${this.#options.site} ${++this.#crossings}`);
    const address = `/${site}${CROSSING}${this.#crossings % CROSSING_ADDRESSES}`;
    this.#send({ type: "SET", address, value });
  }

  /** Waits until all that its router has written to its socket by now is handled. */
  async settle(deadlineMs: number): Promise<void> {
    const before = this.#pongs;
    this.#send({ type: "PING" });
    const what = `PONG for the client of ${this.#options.site}`;
    await pollUntil(() => this.#pongs > before, what, deadlineMs);
  }

  /** Starts to write and to publish. */
  begin(): void {
    this.#isWriting = true;
  }

  /** Writes and publishes no more; goes on to follow. */
  hush(): void {
    this.#isWriting = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#isWriting = false;
    this.#socket?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    const writing = this.#write();
    while (!this.#isOver) {
      await this.#session();
      await this.#pause(RECONNECT_MS);
    }
    await writing;
  }

  /** One connection, to its end. */
  #session(): Promise<void> {
    const { site, port, problems } = this.#options;
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, ["clasp"]);
    this.#socket = socket;
    this.#watch = new SessionWatch(`client of ${site}`, problems);
    this.#unanswered = [];
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#send({ type: "HELLO", version: 1, features: FEATURES, name: site });
    socket.onmessage = ({ data }) => this.#handle(decodeFrame(new Uint8Array(data)).message);
    socket.onerror = () => {};
    return new Promise((resolve) => {
      socket.onclose = () => {
        this.#isOpen = false;
        resolve();
      };
    });
  }

  #handle(message: Message): void {
    switch (message.type) {
      case "WELCOME":
        this.#sessions++;
        this.#send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: ALL_SIGNALS });
        this.#isOpen = true;
        return;
      case "SNAPSHOT":
        for (const { address, value, revision } of message.params) {
          this.#saw(address, value, revision);
        }
        return;
      case "SET":
        this.#received++;
        if (this.#watch?.revision(message.address) === message.revision) this.#repeats++;
        return this.#saw(message.address, message.value, message.revision ?? 0);
      case "PUBLISH":
        return this.#arrived(message.value);
      case "PONG":
        this.#pongs++;
        return;
      case "ACK":
        return this.#accepted();
      case "ERROR":
        // The way to the owner broke: the answer that says that nobody knows.
        if (isOpenOutcome(message)) return;
        break;
      default:
        break;
    }
    this.#problem(message);
  }

  #problem(message: Message): void {
    this.#options.problems.push(`client of ${this.#options.site}: got ${JSON.stringify(message)}`);
  }

  #saw(address: string, encoded: Uint8Array, revision: number): void {
    const value = decodeValue(encoded);
    if (typeof value !== "number") return;
    this.#watch?.saw(address, { revision, value });
    const site = address.split("/")[1] ?? "";
    this.#newest.set(site, Math.max(this.newest(site), value));
    this.#latest.set(address, value);
    this.#options.onUpdate?.(address, value);
  }

  #arrived(encoded: Uint8Array | undefined): void {
    const { ledger, site } = this.#options;
    const key = encoded === undefined ? "" : decodeValue(encoded);
    ledger.arrived(key as EventKey, site, performance.now());
  }

  /** Events are all that asks for an ACK. */
  #accepted(): void {
    const key = this.#unanswered.shift();
    if (key !== undefined) this.#options.ledger.accepted(key, performance.now());
  }

  async #write(): Promise<void> {
    const { updatesPerSecond, eventsPerSecond } = this.#options;
    const rate = { updates: updatesPerSecond / 1_000, events: eventsPerSecond / 1_000 };
    const owed = { updates: 0, events: 0 };
    let lastMs = performance.now();
    while (!this.#isOver) {
      await this.#pause(TICK_MS);
      const nowMs = performance.now();
      const passedMs = Math.min(nowMs - lastMs, TICK_MS * TICKS_AT_ONCE_MAX);
      lastMs = nowMs;
      if (!this.#isOpen || !this.#isWriting) continue;
      owed.updates += rate.updates * passedMs;
      owed.events += rate.events * passedMs;
      for (; owed.updates >= 1; owed.updates--) this.set();
      for (; owed.events >= 1; owed.events--) this.#publish();
    }
  }

  /** Writes the next number to the next address, or to one that is named. */
  set(address = `/${this.#options.site}/params/${(this.#updates + 1) % ADDRESSES_IN_TURN}`): void {
    const number = ++this.#updates;
    this.written.set(address, number);
    this.#send({ type: "SET", address, value: encodeValue(number) });
  }

  #publish(): void {
    if (this.#unanswered.length >= EVENTS_UNANSWERED_MAX) return;
    const { site, ledger } = this.#options;
    const key: EventKey = `${site} ${++this.#events}`;
    const address = `/${site}/events/${this.#events % EVENT_ADDRESSES}`;
    this.#unanswered.push(key);
    ledger.sent(key, performance.now());
    const message: Message = {
      type: "PUBLISH",
      address,
      signal: SIGNAL.event,
      phase: PHASE.start,
      value: encodeValue(key),
    };
    this.#socket?.send(encodeFrame(message, { qos: QOS.confirm }));
  }

  #send(message: Message): void {
    this.#socket?.send(encodeFrame(message, { qos: QOS.fire }));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
}

function isOpenOutcome({ code, address = "" }: ErrorMessage): boolean {
  return code === ERROR_CODE.outcomeUnknown && address.includes(CROSSING);
}
