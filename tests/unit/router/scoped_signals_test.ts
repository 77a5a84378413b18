import { ALL_SIGNALS, type Message, PHASE, QOS, SIGNAL } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";
import { FederationNode } from "../federation/federation_node.ts";
import {
  connectPeer,
  declaration,
  forwardEvent,
  peerHello,
  registerHub,
} from "../federation/test_peer.ts";
import { FakeAuthenticator } from "./fake_authenticator.ts";
import { codeOf, hello, type TestConnection, TestRouter } from "./test_router.ts";

const CONFIRM = { qos: QOS.confirm } as const;
const ANNOUNCE = "/clasp/p2p/announce";

/** What the tokens of these tests allow, by name. */
const TOKENS = {
  both: { scopes: ["write:/clasp/p2p/**"] },
  hears: { scopes: ["read:/clasp/p2p/**"] },
  /** May announce itself and hear announcements, but neither send nor get signals. */
  announces: { scopes: ["write:/clasp/p2p/announce"] },
  /** May send signals to sessions whose ids begin so, and get none of its own. */
  some: { scopes: ["write:/clasp/p2p/signal/session-1"] },
  none: { scopes: ["write:/site/**"] },
};

interface Guest {
  readonly id: string;
  readonly client: TestConnection;
}

function guest(router: TestRouter, token: keyof typeof TOKENS): Guest {
  const client = router.connect();
  client.send({ ...hello(), token });
  router.answerTokens();
  const [welcome] = client.read();
  return { id: welcome?.type === "WELCOME" ? welcome.session : "", client };
}

function guarded(): TestRouter {
  return new TestRouter({}, { authenticator: new FakeAuthenticator(TOKENS) });
}

function at({ id }: Guest): string {
  return `/clasp/p2p/signal/${id}`;
}

function publish(address: string): Message {
  const value = encodeValue({ type: "offer" });
  return { type: "PUBLISH", address, signal: SIGNAL.event, phase: PHASE.start, value };
}

/** The only answer: ACK, or the code of an ERROR. */
function answer({ client }: Guest, address: string): string | number {
  const message = client.ask(publish(address), CONFIRM);
  return message.type === "ERROR" ? message.code : message.type;
}

Deno.test("a session that may not read its signals gets none, and who sends is told that nobody is there", () => {
  for (const token of ["announces", "some", "none"] as const) {
    const router = guarded();
    const [first, sender, target] = [
      guest(router, "both"),
      guest(router, "both"),
      guest(router, token),
    ];
    assertEquals([answer(sender, at(target)), answer(sender, at(first))], [404, "ACK"], token);
    assertEquals(target.client.read(), [], token);
    assertEquals(first.client.read().length, 1);
    // Nor by subscribing to them.
    const pattern = at(target);
    const subscribe: Message = { type: "SUBSCRIBE", id: 1, pattern, types: ALL_SIGNALS };
    if (token !== "some") assertEquals(codeOf(target.client.ask(subscribe, CONFIRM)), 301, token);
  }
});

Deno.test("a session gets signals that it may read, though it may send none", () => {
  const router = guarded();
  const [sender, target] = [guest(router, "both"), guest(router, "hears")];
  assertEquals(answer(sender, at(target)), "ACK");
  assertEquals(target.client.read().length, 1);
  assertEquals([answer(target, at(sender)), answer(target, ANNOUNCE)], [301, 301]);
  assertEquals(sender.client.read(), []);
});

Deno.test("a session signals to whom its token lets it write, and announces itself where it may", () => {
  const router = guarded();
  const [first, second] = [guest(router, "both"), guest(router, "both")];
  assertEquals([first.id, second.id], ["session-1", "session-2"]);
  const some = guest(router, "some");
  assertEquals([answer(some, at(first)), answer(some, at(second))], ["ACK", 301]);
  assertEquals(answer(some, ANNOUNCE), 301);
  const announcing = guest(router, "announces");
  assertEquals([answer(announcing, ANNOUNCE), answer(announcing, at(first))], ["ACK", 301]);
  assertEquals([first.client.read().length, second.client.read().length], [1, 0]);
});

Deno.test("a session that gets no signals here is none that other routers send theirs to", () => {
  const leaf = new FederationNode({
    routerId: "leaf",
    hub: "hub",
    authenticator: new FakeAuthenticator(TOKENS),
  });
  const hub = registerHub(leaf, "hub");
  const joined = (messages: readonly Message[]): readonly string[] =>
    messages.flatMap((message) =>
      message.type === "FEDERATION_SYNC" && message.op === "Signals" ? message.joined : []
    );
  const [deaf, hears] = [guest(leaf, "announces"), guest(leaf, "both")];
  for (const { client } of [deaf, hears]) client.send(publish(ANNOUNCE));
  leaf.flush();
  assertEquals(joined(hub.read()), [hears.id]);
});

Deno.test("a signal of a leaf that may send it reaches no session that may not get it", () => {
  const router = new FederationNode({
    routerId: "hub",
    authenticator: new FakeAuthenticator({ ...TOKENS, leaf: { scopes: ["admin:/**"] } }),
  });
  const [deaf, hears] = [guest(router, "none"), guest(router, "hears")];
  const leaf = connectPeer(router);
  leaf.send({ ...peerHello("leaf"), token: "leaf" });
  router.answerTokens();
  leaf.ask(declaration("leaf", []));
  const sent = [deaf, hears].map((target, index) =>
    forwardEvent(publish(at(target)), { sequence: index + 1 })
  );
  const answers = leaf.ask(...sent.flat()).flatMap((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "SignalAnswer" ? [message.code] : []
  );
  assertEquals(answers, [404, 0]);
  assertEquals([deaf.client.read().length, hears.client.read().length], [0, 1]);
});
