import { ROUTER_CORE_DEFAULTS, type RouterCoreConfig } from "../../../src/router/router_config.ts";
import { RouterCore } from "../../../src/router/router_core.ts";
import type { ConnectionId } from "../../../src/router/port.ts";
import { decodeFrame, encodeFrame, type FrameOptions } from "../../../src/wire/frame.ts";
import {
  ALL_SIGNALS,
  FEATURE,
  type HelloMessage,
  type Message,
} from "../../../src/wire/message.ts";
import { encodeValue, type Value } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import type { FakeAuthenticator } from "./fake_authenticator.ts";
import { FakePort } from "./fake_port.ts";

/** Monotonic time at which a test's router starts. */
export const START_MICROS = 1_000_000;
/** Wall clock at the same moment. */
export const WALL_MICROS = 1_700_000_000_000_000;

/** A router on a fake port, whose time a test moves. */
export class TestRouter {
  readonly port: FakePort;
  readonly core: RouterCore;
  nowMicros: number = START_MICROS;
  #lastConnection = 0;

  /** Who knows the tokens, in authenticated mode. */
  readonly authenticator: FakeAuthenticator | undefined;

  constructor(
    config: Partial<RouterCoreConfig> = {},
    { authenticator, port = new FakePort() }: {
      readonly authenticator?: FakeAuthenticator | undefined;
      readonly port?: FakePort;
    } = {},
  ) {
    this.authenticator = authenticator;
    this.port = port;
    this.core = new RouterCore({
      config: { ...ROUTER_CORE_DEFAULTS, routerId: "router", bootId: 7, ...config },
      port: this.port,
      nowMicros: START_MICROS,
      wallMicros: WALL_MICROS,
      ...(authenticator === undefined ? {} : { authenticator }),
    });
  }

  /** Tokens that were shown are looked at. */
  answerTokens(): void {
    this.authenticator?.answer(this.core, this.nowMicros);
  }

  /** Federation time now. */
  get wallMicros(): number {
    return WALL_MICROS + this.nowMicros - START_MICROS;
  }

  /** A connection that has not said anything. */
  connect(): TestConnection {
    const id = ++this.#lastConnection;
    this.core.accepted(id, `client:${id}`, this.nowMicros);
    return new TestConnection(this, id);
  }

  /** A client that said HELLO and has read WELCOME and the first SNAPSHOT. */
  client(): TestConnection {
    const connection = this.connect();
    connection.send(hello());
    assertEquals(connection.read()[0]?.type, "WELCOME");
    return connection;
  }

  /** A client that showed a token, which was accepted, and has read what came for it. */
  clientWith(token: string): TestConnection {
    const connection = this.connect();
    connection.send({ ...hello(), token });
    this.answerTokens();
    assertEquals(connection.read()[0]?.type, "WELCOME");
    return connection;
  }

  /** Lets time pass, waking the router whenever it wants to be. */
  advance(ms: number): void {
    const untilMicros = this.nowMicros + ms * 1_000;
    for (;;) {
      const next = this.core.nextWakeMicros;
      if (next === undefined || next > untilMicros) break;
      this.nowMicros = Math.max(next, this.nowMicros);
      this.core.wake(this.nowMicros);
    }
    this.nowMicros = untilMicros;
  }
}

/** The client's end of one connection to a {@linkcode TestRouter}. */
export class TestConnection {
  readonly id: ConnectionId;
  readonly #router: Pick<TestRouter, "core" | "port" | "nowMicros">;
  #lastSubscription = 0;

  constructor(router: Pick<TestRouter, "core" | "port" | "nowMicros">, id: ConnectionId) {
    this.#router = router;
    this.id = id;
  }

  send(message: Message, options: FrameOptions = {}): void {
    this.sendBytes(encodeFrame(message, options));
  }

  sendBytes(bytes: Uint8Array): void {
    const received = bytes.slice();
    this.#router.core.received(this.id, received, this.#router.nowMicros);
    // They are the transport's again: whoever kept them shall notice.
    received.fill(0xee);
  }

  /** The messages that came since the last call, one a WebSocket message. */
  read(): Message[] {
    return this.readBytes().map((bytes) => {
      const { header, message } = decodeFrame(bytes);
      assertEquals(header.payloadEnd, bytes.length, "one frame a message");
      return message;
    });
  }

  /** The only message that came since the last call. */
  readOne(): Message {
    const messages = this.read();
    assertEquals(messages.length, 1, JSON.stringify(messages));
    const [message] = messages;
    assert(message !== undefined);
    return message;
  }

  readBytes(): Uint8Array[] {
    const { port } = this.#router;
    const sent = port.sentOn(this.id);
    port.actions = port.actions.filter((action) =>
      action.kind !== "send" || action.connection !== this.id
    );
    return sent;
  }

  /** Sends, and returns the only answer. */
  ask(message: Message, options: FrameOptions = {}): Message {
    this.send(message, options);
    return this.readOne();
  }

  /** Subscribes to all signals and forgets what came for it. */
  subscribe(pattern: string, types: number = ALL_SIGNALS): void {
    this.send({ type: "SUBSCRIBE", id: ++this.#lastSubscription, pattern, types });
    this.read();
  }

  /** How the router closed this connection. */
  get closed(): { readonly code: number; readonly reason: string } | undefined {
    for (const action of this.#router.port.actions) {
      if (action.kind === "close" && action.connection === this.id) {
        const { code, reason } = action;
        return { code, reason };
      }
    }
    return undefined;
  }

  /** The client goes. */
  leave(): void {
    this.#router.core.closed(this.id, "gone", this.#router.nowMicros);
  }
}

export function hello(): HelloMessage {
  return { type: "HELLO", version: 1, features: FEATURE.param | FEATURE.event, name: "test" };
}

export function set(address: string, value: Value, options: SetOptions = {}): Message {
  return { type: "SET", address, value: encodeValue(value), ...options };
}

interface SetOptions {
  readonly revision?: number;
  readonly lock?: boolean;
  readonly unlock?: boolean;
  readonly ttl?: number;
}

/** The code of an ERROR, or the message itself for a readable failure. */
export function codeOf(message: Message): number | Message {
  return message.type === "ERROR" ? message.code : message;
}
