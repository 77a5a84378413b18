import {
  type EncodedValue,
  FEATURE,
  type FeatureName,
  type Message,
  PHASE,
  type PhaseName,
  type PublishMessage,
  QOS,
  type SetMessage,
  SIGNAL,
  type SignalName,
  type Ttl,
} from "../wire/message.ts";
import { decodeFrame, encodeFrame } from "../wire/frame.ts";
import { encodeTtl } from "../wire/ttl.ts";
import { encodeValue, type Value } from "../wire/value_codec.ts";
import { WireError } from "../wire/wire_error.ts";
import { parsePattern } from "../address/pattern.ts";
import { checkAuthorities } from "./check_authorities.ts";
import { ClientError } from "./client_error.ts";
import { ClientSubscriptions } from "./client_subscriptions.ts";
import { PendingAnswers } from "./pending_answers.ts";
import { type AnnouncedSignal, QueryAnswers } from "./query_answers.ts";
import { encodeSubscribeOptions, type SubscribeOptions } from "./subscribe_options.ts";
import type { Transport, TransportHandler } from "./transport.ts";
import { type ParamUpdate, paramUpdateOf, signalUpdateOf, type Update } from "./update.ts";
import { dialWebSocket } from "./websocket_dialer.ts";

const CLIENT_FEATURES = FEATURE.param | FEATURE.event | FEATURE.stream | FEATURE.gesture |
  FEATURE.timeline;
const FEATURE_NAMES = Object.keys(FEATURE) as FeatureName[];

/** Settings of a {@linkcode Client}. */
export interface ClientOptions {
  /** Shown to the router. Default: "clasp-fed client". */
  readonly name?: string;
  /** Presented in HELLO, where the router asks for one. */
  readonly token?: string;
  /**
   * Authorities to trust beside the usual ones, for `wss:`, as PEM text with one certificate or
   * several.
   */
  readonly ca?: string;
  /** Until the connection is open and WELCOME is there, milliseconds. Default: 5000. */
  readonly timeoutMs?: number;
}

/** Conditions and extras of a SET. */
export interface SetOptions {
  /** Set only if the param has this revision; 0: only if it does not exist. */
  readonly expectedRevision?: number;
  /** Time to live; the router's default when left out. */
  readonly ttl?: Ttl;
  /** Take the param's lock with it. */
  readonly lock?: boolean;
  /** Give the lock back with it. */
  readonly unlock?: boolean;
}

/** What a router said in its WELCOME. */
export interface RouterFacts {
  /** Its configured name. */
  readonly name: string;
  /** What it offers. */
  readonly features: readonly FeatureName[];
  /** Session id of this client. */
  readonly session: string;
  /** The router's time when it answered, microseconds since 1970. */
  readonly timeMicros: number;
}

/** How a router's clock stands to this machine's. */
export interface ClockFacts {
  /** Of one question and its answer, microseconds. */
  readonly roundTripMicros: number;
  /** What to add to this machine's clock for the router's time, microseconds. */
  readonly offsetMicros: number;
}

/**
 * A connection to a CLASP router, for scripts, tests and the command line. It does not connect
 * again by itself.
 *
 * Numbers are written as f64 and bigints as i64; read, both are numbers where they fit.
 *
 * @example Set a param and read it back
 * ```ts
 * import { Client, Router } from "@clasp-fed/clasp-fed";
 *
 * const router = new Router();
 * const { port } = router.listen({ port: 0, hostname: "127.0.0.1" });
 * const client = await Client.connect(`ws://127.0.0.1:${port}`);
 *
 * const { revision } = await client.set("/stage/level", 0.5);
 * console.log(revision, await client.get("/stage/level")); // 1 0.5
 *
 * await client.close();
 * await router.stop();
 * ```
 */
export class Client {
  /** What the router said of itself. */
  readonly router: RouterFacts;
  readonly #transport: Transport;
  readonly #sets = new PendingAnswers<{ readonly revision: number }>();
  readonly #gets = new PendingAnswers<ParamUpdate>();
  readonly #acks = new PendingAnswers<void>();
  readonly #syncs = new PendingAnswers<{ readonly t2: number; readonly t3: number }>();
  readonly #queries = new QueryAnswers();
  readonly #subscriptions = new ClientSubscriptions();
  readonly #closed = Promise.withResolvers<string>();
  #nextSubscription = 1;
  #isClosed = false;

  private constructor(transport: Transport, router: RouterFacts) {
    this.#transport = transport;
    this.router = router;
  }

  /**
   * Connects and waits for the router's WELCOME.
   *
   * @throws {ClientError} when the router cannot be reached, refuses, or does not answer in time
   * @throws {TlsError} when `ca` has no certificate
   */
  static connect(url: string, options: ClientOptions = {}): Promise<Client> {
    return new Promise((resolve, reject) => {
      let client: Client | undefined;
      const timeoutMs = options.timeoutMs ?? 5_000;
      const caCerts = options.ca === undefined ? [] : checkAuthorities(options.ca);
      const fail = (error: ClientError): void => {
        clearTimeout(timer);
        reject(error);
      };
      const dial = dialWebSocket(url, {
        onFailed: (reason) => fail(new ClientError(reason)),
        onOpen: (transport): TransportHandler => {
          transport.send(encodeFrame({
            type: "HELLO",
            version: 1,
            features: CLIENT_FEATURES,
            name: options.name ?? "clasp-fed client",
            token: options.token,
          }));
          return {
            onMessage: (bytes) => {
              const message = decodeOr(bytes, transport);
              if (message === undefined) return;
              if (client !== undefined) return client.#received(message);
              if (message.type === "WELCOME") {
                clearTimeout(timer);
                client = new Client(transport, {
                  name: message.name,
                  features: FEATURE_NAMES.filter((name) =>
                    (message.features & FEATURE[name]) !== 0
                  ),
                  session: message.session,
                  timeMicros: message.timeMicros,
                });
                resolve(client);
              } else if (message.type === "ERROR") {
                fail(new ClientError(message.message, { code: message.code }));
                transport.close(1000, "refused");
              }
            },
            onText: () => {},
            onClose: (_code, reason) => {
              if (client === undefined) {
                fail(new ClientError(`Cannot connect to ${url}: ${reason || "connection closed"}`));
              } else {
                client.#ended(reason);
              }
            },
          };
        },
      }, { timeoutMs, caCerts });
      const timer = setTimeout(() => {
        dial.abort();
        fail(new ClientError(`Cannot connect to ${url}: no WELCOME within ${timeoutMs} ms`));
      }, timeoutMs);
    });
  }

  /** Resolves with the reason when the connection is gone, from whatever side. */
  get closed(): Promise<string> {
    return this.#closed.promise;
  }

  /**
   * Sets a param and waits until its owner has accepted it. `expectedRevision` makes it conditional:
   * 0 for "must not exist".
   *
   * @throws {ClientError} with the router's code; 502 means that the outcome is unknown
   */
  async set(
    address: string,
    value: Value,
    options: SetOptions = {},
  ): Promise<{ readonly revision: number }> {
    return await this.setEncoded(address, encodeValue(value), options);
  }

  /** {@linkcode Client.set} for a value that is encoded already. */
  async setEncoded(
    address: string,
    value: EncodedValue,
    options: SetOptions = {},
  ): Promise<{ readonly revision: number }> {
    const message: SetMessage = {
      type: "SET",
      address,
      value,
      revision: options.expectedRevision,
      lock: options.lock,
      unlock: options.unlock,
      ttl: options.ttl === undefined ? undefined : encodeTtl(options.ttl),
    };
    return await this.#ask(this.#sets, address, encodeFrame(message, { qos: QOS.confirm }));
  }

  /** The value at an address; see `getParam` for its revision. */
  async get(address: string): Promise<Value> {
    return (await this.getParam(address)).value;
  }

  /**
   * The param at an address.
   *
   * @throws {ClientError} with code 201 when nothing is set there, or what was has expired
   */
  async getParam(address: string): Promise<ParamUpdate> {
    return await this.#ask(this.#gets, address, encodeFrame({ type: "GET", address }));
  }

  /**
   * Signals that clients of any router have announced, at addresses that match a pattern.
   *
   * @throws {ClientError} with the router's code
   */
  async query(pattern: string): Promise<readonly AnnouncedSignal[]> {
    if (this.#isClosed) throw new ClientError("The connection is closed", { address: pattern });
    return await this.#queries.ask(
      pattern,
      () => this.#send(encodeFrame({ type: "QUERY", pattern })),
    );
  }

  /**
   * Publishes a signal and, for events and timelines, waits until the router has taken it.
   *
   * @throws {ClientError} with the router's code, where it waits
   */
  async publish(
    address: string,
    value?: Value,
    options: {
      /** Default: event. */
      readonly signal?: Exclude<SignalName, "param">;
      readonly phase?: PhaseName;
      readonly gestureId?: number;
      /** Whether to wait. Default: for events and timelines. */
      readonly confirm?: boolean;
    } = {},
  ): Promise<void> {
    const { signal = "event", phase, gestureId } = options;
    const confirm = options.confirm ?? (signal === "event" || signal === "timeline");
    const message: PublishMessage = {
      type: "PUBLISH",
      address,
      signal: SIGNAL[signal],
      phase: phase === undefined ? PHASE.start : PHASE[phase],
      value: value === undefined ? undefined : encodeValue(value),
      id: gestureId,
    };
    if (confirm) {
      await this.#ask(this.#acks, address, encodeFrame(message, { qos: QOS.confirm }));
    } else {
      this.#send(encodeFrame(message, { qos: QOS.fire }));
    }
  }

  /**
   * Asks the router for its time, once. Of several answers the one with the shortest round trip is
   * the best.
   *
   * @throws {ClientError} with code 502 when no answer comes
   */
  async measureClock(): Promise<ClockFacts> {
    const t1 = wallMicros();
    const { t2, t3 } = await this.#ask(
      this.#syncs,
      String(t1),
      encodeFrame({ type: "SYNC", t1 }),
    );
    const t4 = wallMicros();
    return {
      roundTripMicros: t4 - t1 - (t3 - t2),
      offsetMicros: ((t2 - t1) + (t3 - t4)) / 2,
    };
  }

  /**
   * Subscribes and waits until the router has sent what there is: `onUpdate` was called with each
   * matching param by then, with `history` for each of its values, oldest first. Returns a function
   * that unsubscribes.
   *
   * @throws {RangeError} when an option is a number that cannot be sent
   * @throws {TypeError} when a type of signal is not known
   * @throws {ClientError} with the router's code: 402 when it does not grant an option
   */
  async subscribe(
    pattern: string,
    onUpdate: (update: Update) => void,
    options: SubscribeOptions = {},
  ): Promise<() => void> {
    const parsed = parsePattern(pattern);
    const asked = encodeSubscribeOptions(options);
    const id = this.#nextSubscription++;
    this.#subscriptions.add(id, {
      pattern: parsed,
      types: options.types,
      hasHistory: (options.history ?? 0) > 1,
      onUpdate,
    });
    try {
      const frame = encodeFrame({ type: "SUBSCRIBE", id, pattern, ...asked }, { qos: QOS.confirm });
      await this.#ask(this.#acks, pattern, frame);
    } catch (error) {
      this.#subscriptions.remove(id);
      throw error;
    }
    this.#subscriptions.established(id);
    return () => {
      if (!this.#subscriptions.remove(id)) return;
      this.#send(encodeFrame({ type: "UNSUBSCRIBE", id }, { qos: QOS.fire }));
    };
  }

  /** Closes the connection; what was asked and not answered is rejected. Idempotent. */
  async close(): Promise<void> {
    this.#transport.close(1000, "done");
    await this.closed;
  }

  #received(message: Message): void {
    switch (message.type) {
      case "SET":
        return this.#subscriptions.told(paramUpdateOf(message, message.revision ?? 0));
      case "SNAPSHOT":
        // The answer to a SUBSCRIBE stands behind all that it brings.
        this.#acks.progressed();
        for (const param of message.params) {
          const update = paramUpdateOf(param, param.revision);
          this.#gets.resolveAll(param.address, update);
          this.#subscriptions.shown(update);
        }
        return;
      case "PUBLISH":
        return this.#subscriptions.told(signalUpdateOf(message));
      case "ACK": {
        const address = message.address ?? "";
        const { revision } = message;
        if (revision === undefined) this.#acks.resolveFirst(address, undefined);
        else this.#sets.resolveFirst(address, { revision });
        return;
      }
      case "ERROR": {
        const error = new ClientError(message.message, message);
        const address = message.address ?? "";
        [this.#sets, this.#gets, this.#acks, this.#queries].some((asked) =>
          asked.rejectFirst(address, error)
        );
        return;
      }
      case "RESULT":
        return this.#queries.received(message);
      case "SYNC": {
        const { t1, t2, t3 } = message;
        if (t2 !== undefined && t3 !== undefined) this.#syncs.resolveFirst(String(t1), { t2, t3 });
        return;
      }
      case "PING":
        return this.#send(encodeFrame({ type: "PONG" }));
      default:
        return;
    }
  }

  async #ask<T>(asked: PendingAnswers<T>, key: string, frame: Uint8Array): Promise<T> {
    if (this.#isClosed) throw new ClientError("The connection is closed", { address: key });
    this.#send(frame);
    return await asked.wait(key);
  }

  #send(frame: Uint8Array): void {
    this.#transport.send(frame);
  }

  #ended(reason: string): void {
    this.#isClosed = true;
    const error = new ClientError(`The connection is gone: ${reason || "closed"}`, { code: 502 });
    for (const asked of [this.#sets, this.#gets, this.#acks, this.#syncs, this.#queries]) {
      asked.rejectAll(error);
    }
    this.#closed.resolve(reason);
  }
}

function decodeOr(bytes: Uint8Array, transport: Transport): Message | undefined {
  try {
    return decodeFrame(bytes).message;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    transport.close(1002, error.message);
    return undefined;
  }
}

/** Microseconds since 1970, finer than Date. */
function wallMicros(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1_000);
}
