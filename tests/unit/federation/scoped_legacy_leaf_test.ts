import { FEATURE, type Message, PHASE, QOS, SIGNAL } from "../../../src/wire/message.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeAuthenticator } from "../router/fake_authenticator.ts";
import { codeOf, hello, set, type TestConnection } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import { namespaceSync } from "./test_peer.ts";

const TOKENS = {
  all: { scopes: ["admin:/**"] },
  old: { scopes: ["write:/old/**", "read:/shared/**"] },
  other: { scopes: ["write:/other/**"] },
};

function guardedHub(): FederationNode {
  const hub = new FederationNode({
    routerId: "hub",
    authenticator: new FakeAuthenticator(TOKENS),
  });
  const client = hub.clientWith("all");
  for (const address of ["/old/1", "/shared/1", "/top/1"]) client.send(set(address, 1));
  client.leave();
  return hub;
}

/** A router that speaks the public protocol, as a hub that checks tokens meets it. */
function greet(hub: FederationNode, token: string | undefined): TestConnection {
  const leaf = hub.connect();
  leaf.send({ ...hello(), features: FEATURE.param | FEATURE.federation, token });
  hub.answerTokens();
  return leaf;
}

function declare(...patterns: string[]): Message {
  return { ...namespaceSync("DeclareNamespaces", patterns), origin: "old" };
}

function answers(leaf: TestConnection, message: Message): (string | number)[] {
  leaf.send(message, { qos: QOS.confirm });
  return leaf.read().flatMap((answer): (string | number)[] => {
    if (answer.type === "ERROR") return [answer.code];
    return answer.type === "PING" ? [] : [answer.type];
  });
}

function addresses(messages: readonly Message[]): string[] {
  return messages.flatMap((message) =>
    message.type === "SNAPSHOT" ? message.params.map(({ address }) => address) : []
  ).sort();
}

Deno.test("a legacy leaf needs a token, and is shown what it may read", () => {
  const hub = guardedHub();
  assertEquals(greet(hub, undefined).read().map(codeOf), [300]);
  assertEquals(addresses(greet(hub, "old").read()), ["/old/1", "/shared/1"]);
});

Deno.test("a legacy leaf claims what it may write, hears of what it may read, and no more", () => {
  const hub = guardedHub();
  const leaf = greet(hub, "old");
  leaf.read();
  const declared = declare("/old/**", "/shared/**", "/**", "/top/**");
  leaf.send(declared);
  const refused = leaf.read().filter(({ type }) => type === "ERROR");
  assertEquals(refused.map((error) => error.type === "ERROR" && [error.code, error.address]), [
    [403, "/**"],
    [403, "/top/**"],
  ]);
  const { claims } = hub.federation;
  assertEquals(claims.ownerOf("/old/1")?.ownerId, "old");
  assertEquals(claims.ownerOf("/shared/1"), undefined);
  const publish = (address: string): Message => (
    { type: "PUBLISH", address, signal: SIGNAL.event, phase: PHASE.start }
  );
  assertEquals(answers(leaf, set("/shared/1", 9)), [403]);
  assertEquals(answers(leaf, set("/top/1", 9)), [403]);
  assertEquals(answers(leaf, publish("/shared/cue")), [403]);
  assertEquals(
    answers(leaf, { type: "BUNDLE", messages: [set("/old/1", 9), set("/shared/1", 9)] }),
    [
      403,
    ],
  );
  assertEquals(hub.core.params.get("/old/1")?.revision, 1);
  assertEquals(answers(leaf, set("/old/1", 9)), ["ACK"]);
  const client = hub.clientWith("all");
  client.send(set("/shared/2", 1));
  client.send(set("/top/2", 1));
  const told = leaf.read().flatMap((message) => message.type === "SET" ? [message.address] : []);
  assertEquals(told, ["/shared/2"]);
});

Deno.test("a legacy leaf syncs nothing by a subscription that was refused", () => {
  const hub = guardedHub();
  const leaf = greet(hub, "old");
  leaf.send(declare("/old/**"));
  leaf.read();
  const subscribe = (pattern: string): Message => (
    { type: "SUBSCRIBE", id: 1, pattern, types: 0 }
  );
  leaf.send(subscribe("/shared/**"));
  leaf.read();
  assertEquals(answers(leaf, subscribe("/**")), [403]);
  assertEquals(answers(leaf, namespaceSync("RequestSync", ["/**"])), [403]);
  assertEquals(answers(leaf, namespaceSync("RequestSync", ["/top/1"])), [403]);
  const vector: Message = {
    ...namespaceSync("RevisionVector", []),
    revisions: [["/top/1", 0], ["/shared/1", 0]],
  };
  leaf.send(vector);
  assertEquals(addresses(leaf.read()), ["/shared/1"]);
});

Deno.test("a legacy leaf does not take the id that belongs to another credential", () => {
  const hub = guardedHub();
  const leaf = greet(hub, "old");
  leaf.send(declare("/old/**"));
  leaf.read();
  leaf.leave();
  const thief = greet(hub, "other");
  thief.read();
  assertEquals(answers(thief, declare("/other/**")), [403]);
  assertEquals(thief.closed?.code, 1008);
  assertEquals(hub.federation.claims.of({ kind: "leaf", routerId: "old" }).length, 1);
});
