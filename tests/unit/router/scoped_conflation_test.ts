import { OUTBOX_SLICE_BYTES } from "../../../src/limits.ts";
import {
  ALL_SIGNALS,
  type Message,
  PHASE,
  QOS,
  SIGNAL,
  type SubscribeOptions,
} from "../../../src/wire/message.ts";
import { decodeValue, encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals, assertGreater } from "../../support/assert.ts";
import { FakeAuthenticator } from "./fake_authenticator.ts";
import { hello, set, type TestConnection, TestRouter } from "./test_router.ts";

const FIRE = { qos: QOS.fire } as const;
const HIGH_WATER = 1_000;
const SECRETS = ["/house/doors/1", "/site/vault/1"];
const SHOWN = "/site/stage/1";

/** A router, a client that writes everywhere, and one that reads little and has stopped reading. */
class Desk {
  readonly authenticator = new FakeAuthenticator({
    all: { scopes: ["admin:/**"] },
    stage: { scopes: ["read:/site/stage/**"] },
  });
  readonly router = new TestRouter({ outboxHighWaterBytes: HIGH_WATER }, {
    authenticator: this.authenticator,
  });
  readonly writer: TestConnection = this.router.clientWith("all");
  readonly reader: TestConnection = this.router.clientWith("stage");

  change(value: number, addresses: readonly string[] = [...SECRETS, SHOWN]): void {
    for (const address of addresses) this.writer.send(set(address, value), FIRE);
  }

  publish(): void {
    for (const address of [...SECRETS, SHOWN]) {
      const value = encodeValue(1);
      const [signal, phase] = [SIGNAL.event, PHASE.start];
      this.writer.send({ type: "PUBLISH", address, signal, phase, value }, FIRE);
    }
  }

  subscribe(pattern: string, { id = 1, options }: {
    readonly id?: number;
    readonly options?: SubscribeOptions;
  } = {}): readonly Message[] {
    const subscription = { id, pattern, types: ALL_SIGNALS };
    this.reader.send({ type: "SUBSCRIBE", ...subscription, ...(options && { options }) }, FIRE);
    return this.reader.read();
  }

  stall(connection: TestConnection = this.reader): void {
    this.router.port.buffered.set(connection.id, HIGH_WATER);
  }

  /** What comes when there is room again. */
  drain(connection: TestConnection = this.reader): readonly Message[] {
    this.router.port.buffered.set(connection.id, 0);
    this.router.advance(1_000);
    return connection.read();
  }

  get waiting(): number {
    return this.router.core.queuedBytes;
  }
}

/** Addresses and values of what a client was told, and the codes of ERRORs. */
function told(messages: readonly Message[]): (number | readonly [string, unknown])[] {
  return messages.flatMap((message): (number | readonly [string, unknown])[] => {
    switch (message.type) {
      case "SET":
        return [[message.address, decodeValue(message.value)]];
      case "SNAPSHOT":
        return message.params.map(({ address, value }) => [address, decodeValue(value)]);
      case "PUBLISH":
        return [[message.address, "event"]];
      case "ERROR":
        return [message.code];
      default:
        return [];
    }
  });
}

Deno.test("what is conflated for a slow reader is what its token lets it read", () => {
  const desk = new Desk();
  desk.subscribe("/site/stage/**");
  desk.stall();
  // Refused while it is behind as at any time, and not by the id of one that was accepted either.
  for (const pattern of ["/**", "/site/**", "/house/**", "/*/*/1", "/site/*/1"]) {
    desk.subscribe(pattern);
    desk.subscribe(pattern, { id: 2, options: { maxRate: 10 } });
    desk.subscribe(pattern, { id: 3, options: { history: 10 } });
  }
  for (let value = 1; value <= 20; value++) desk.change(value);
  desk.publish();
  const heard = told(desk.drain());
  assertEquals(heard.filter((one) => one !== 301), [[SHOWN, "event"], [SHOWN, 20]]);
});

Deno.test("a first snapshot that waits shows what the token lets its reader read, as it is then", () => {
  const desk = new Desk();
  desk.change(1);
  const late = desk.router.connect();
  desk.stall(late);
  late.send({ ...hello(), token: "stage" });
  desk.router.answerTokens();
  assertEquals(told(late.read()), []);
  desk.change(2);
  assertEquals(told(desk.drain(late)), [[SHOWN, 2]]);
});

Deno.test("nothing that waited is sent when the token is revoked or expires meanwhile", () => {
  for (const end of ["revoked", "expired"] as const) {
    const desk = new Desk();
    desk.authenticator.tokens.set("stage", {
      scopes: ["read:/site/stage/**"],
      expiresAtSeconds: 100,
    });
    const reader = desk.router.clientWith("stage");
    reader.subscribe("/site/stage/**");
    const many = Array.from({ length: 1_000 }, (_, n) => `/site/stage/${n}`);
    desk.change(1, many);
    reader.read();
    desk.stall(reader);
    desk.change(2, many);
    desk.publish();
    reader.send({ type: "SUBSCRIBE", id: 9, pattern: "/site/stage/**", types: ALL_SIGNALS });
    assertGreater(desk.waiting, 0);
    assertEquals(reader.read(), []);
    if (end === "revoked") desk.router.core.revoked("stage", desk.router.nowMicros);
    else {
      desk.authenticator.seconds = 100;
      desk.router.advance(60_000);
    }
    desk.change(3, many);
    assertEquals(told(desk.drain(reader)), [end === "revoked" ? 301 : 302]);
    assertEquals(desk.waiting, 0);
    assertEquals(desk.router.core.subscriptions.subscribers, 0);
  }
});

Deno.test("of a snapshot that is half sent the rest is not sent when the token is revoked", () => {
  const desk = new Desk();
  const many = Array.from({ length: 500 }, (_, n) => `/site/stage/${n}`);
  for (const address of many) desk.writer.send(set(address, "x".repeat(1_000)), FIRE);
  const late = desk.router.connect();
  desk.stall(late);
  late.send({ ...hello(), token: "stage" });
  desk.router.answerTokens();
  desk.router.port.buffered.set(late.id, 0);
  desk.router.advance(4);
  const first = late.readBytes().reduce((sum, { length }) => sum + length, 0);
  assertGreater(first, OUTBOX_SLICE_BYTES / 2);
  desk.router.core.revoked("stage", desk.router.nowMicros);
  assertEquals(told(desk.drain(late)), [301]);
  assertGreater(many.length * 1_000, first);
});

Deno.test("who comes back with a narrower token is shown no more than that, whatever waited before", () => {
  const desk = new Desk();
  desk.authenticator.tokens.set("stage", { scopes: ["read:/site/**"] });
  const wide = desk.router.clientWith("stage");
  wide.subscribe("/site/**");
  desk.stall(wide);
  desk.change(1);
  desk.authenticator.tokens.set("stage", { scopes: ["read:/site/stage/**"] });
  desk.router.core.revoked("stage", desk.router.nowMicros);
  assertEquals(told(desk.drain(wide)), [301]);
  desk.router.advance(1);
  const narrow = desk.router.connect();
  narrow.send({ ...hello(), token: "stage" });
  desk.router.answerTokens();
  assertEquals(told(narrow.read()), [[SHOWN, 1]]);
  desk.stall(narrow);
  narrow.send({ type: "SUBSCRIBE", id: 1, pattern: "/site/**", types: ALL_SIGNALS });
  narrow.send({ type: "SUBSCRIBE", id: 1, pattern: "/site/stage/**", types: ALL_SIGNALS });
  desk.change(2);
  const heard = told(desk.drain(narrow));
  assertEquals(heard.includes(301), true);
  assertEquals(heard.filter((one) => Array.isArray(one) && one[0] !== SHOWN), []);
  assertEquals(heard.at(-1), [SHOWN, 2]);
});
