import { ALL_SIGNALS, type Message, PHASE, QOS, SIGNAL } from "../../../src/wire/message.ts";
import type { SubscribeOptions } from "../../../src/wire/message.ts";
import { decodeValue, encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeAuthenticator } from "./fake_authenticator.ts";
import { codeOf, hello, set, type TestConnection, TestRouter } from "./test_router.ts";

const FIRE = { qos: QOS.fire } as const;
const SECRET = "/house/doors/1";
const SHOWN = "/site/a";

/** A router, a client that writes everywhere, and one that reads `/site` only. */
class Desk {
  readonly router = new TestRouter({}, {
    authenticator: new FakeAuthenticator({
      all: { scopes: ["admin:/**"] },
      site: { scopes: ["write:/site/**"] },
      panel: { scopes: ["write:/site/**", "write:/clasp/p2p/**"] },
    }),
  });
  readonly writer: TestConnection = this.router.clientWith("all");
  readonly reader: TestConnection = this.router.clientWith("site");

  change(times: number): void {
    for (let value = 1; value <= times; value++) {
      for (const address of [SECRET, SHOWN]) this.writer.send(set(address, value), FIRE);
    }
  }

  subscribe(pattern: string, options: SubscribeOptions): readonly Message[] {
    this.reader.send({ type: "SUBSCRIBE", id: 1, pattern, types: ALL_SIGNALS, options }, FIRE);
    return this.reader.read();
  }
}

/** Addresses and values of what a client was told. */
function told(messages: readonly Message[]): [string, unknown][] {
  return messages.flatMap((message): [string, unknown][] => {
    if (message.type === "SET") return [[message.address, decodeValue(message.value)]];
    if (message.type === "PUBLISH") return [[message.address, undefined]];
    if (message.type !== "SNAPSHOT") return [];
    return message.params.map(({ address, value }) => [address, decodeValue(value)]);
  });
}

Deno.test("history shows nothing that a token may not read, now or earlier", () => {
  const desk = new Desk();
  desk.change(3);
  for (const pattern of ["/**", "/*/**", SECRET, "/house/**"]) {
    assertEquals(desk.subscribe(pattern, { history: 10 }).map(codeOf), [301], pattern);
  }
  const history = told(desk.subscribe("/site/**", { history: 10 }));
  assertEquals(history, [[SHOWN, 1], [SHOWN, 2], [SHOWN, 3]]);
});

Deno.test("a limited subscription shows what a token may read, whenever it is sent", () => {
  const desk = new Desk();
  assertEquals(desk.subscribe("/**", { maxRate: 10 }).map(codeOf), [301]);
  desk.change(5);
  desk.router.advance(1_000);
  assertEquals(desk.reader.read(), []);
  desk.subscribe("/site/**", { maxRate: 10 });
  desk.change(5);
  desk.router.advance(1_000);
  const updates = told(desk.reader.read());
  assertEquals(updates.at(-1), [SHOWN, 5]);
  assertEquals(updates.filter(([address]) => address !== SHOWN), []);
});

Deno.test("what a subscription kept back is not sent when the token is revoked before", () => {
  const desk = new Desk();
  desk.subscribe("/site/**", { maxRate: 1 });
  desk.change(5);
  desk.reader.read();
  desk.router.core.revoked("site", desk.router.nowMicros);
  desk.change(6);
  desk.router.advance(3_000);
  assertEquals(desk.reader.read().map(codeOf), [301]);
});

Deno.test("streams and moves of gestures that are conflated go to whom tokens let read them", () => {
  const desk = new Desk();
  desk.subscribe("/site/**", {});
  const publish = (address: string, signal: number, phase: number): void => {
    const value = encodeValue(1);
    desk.writer.send({ type: "PUBLISH", address, signal, phase, id: 1, value } as Message, FIRE);
  };
  for (const address of [SECRET, SHOWN]) {
    publish(address, SIGNAL.stream, PHASE.start);
    publish(address, SIGNAL.gesture, PHASE.start);
    publish(address, SIGNAL.gesture, PHASE.move);
    publish(address, SIGNAL.gesture, PHASE.move);
    publish(address, SIGNAL.gesture, PHASE.end);
  }
  desk.router.advance(100);
  const updates = told(desk.reader.read());
  assertEquals(updates.some(([address]) => address === SHOWN), true);
  assertEquals(updates.filter(([address]) => address !== SHOWN), []);
});

Deno.test("who may not write there neither announces itself nor signals; who may not read hears no announcement", () => {
  const { router, reader } = new Desk();
  const panel = router.clientWith("panel");
  const welcomed = router.connect();
  welcomed.send({ ...hello(), token: "site" });
  router.answerTokens();
  const [welcome] = welcomed.read();
  const target = welcome?.type === "WELCOME" ? welcome.session : "";
  const publish = (address: string): Message => ({
    type: "PUBLISH",
    address,
    signal: SIGNAL.event,
    phase: PHASE.start,
    value: encodeValue({ type: "hello" }),
  });
  for (const address of ["/clasp/p2p/announce", `/clasp/p2p/signal/${target}`]) {
    assertEquals(codeOf(reader.ask(publish(address), { qos: QOS.confirm })), 301, address);
    const pattern = address.replace(target, "*");
    const listen: Message = { type: "SUBSCRIBE", id: 2, pattern, types: ALL_SIGNALS };
    assertEquals(codeOf(reader.ask(listen, { qos: QOS.confirm })), 301, pattern);
  }
  assertEquals(welcomed.read(), []);
  assertEquals(panel.ask(publish("/clasp/p2p/announce"), { qos: QOS.confirm }).type, "ACK");
  assertEquals(reader.read(), []);
});
