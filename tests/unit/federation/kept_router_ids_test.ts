import { HANDSHAKE_TIMEOUT_SECONDS, ROUTER_ID_KEPT_MS } from "../../../src/limits.ts";
import { FEATURE, type Message } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { FakeAuthenticator } from "../router/fake_authenticator.ts";
import { codeOf, hello, set } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import {
  connectPeer,
  declaration,
  forwardRequest,
  forwardVersion,
  namespaceSync,
  peerHello,
  type TestPeer,
} from "./test_peer.ts";

const TOKENS = {
  all: { scopes: ["admin:/**"] },
  site: { scopes: ["write:/site/**"] },
  thief: { scopes: ["write:/thief/**"] },
};

interface House {
  readonly hub: FederationNode;
  readonly authenticator: FakeAuthenticator;
}

function house(): House {
  const authenticator = new FakeAuthenticator(TOKENS);
  return { authenticator, hub: new FederationNode({ routerId: "hub", authenticator }) };
}

/** A leaf that showed a token; what came for it is not read. */
function greet(hub: FederationNode, routerId: string, token: keyof typeof TOKENS): TestPeer {
  const leaf = connectPeer(hub);
  leaf.send({ ...peerHello(routerId), token });
  hub.answerTokens();
  hub.flush();
  return leaf;
}

function join(
  hub: FederationNode,
  { routerId, token }: { readonly routerId: string; readonly token: keyof typeof TOKENS },
): TestPeer {
  const leaf = greet(hub, routerId, token);
  assertEquals(leaf.read()[0]?.type, "WELCOME", routerId);
  leaf.send(declaration(routerId, [`/${token}/**`]));
  assert(leaf.read().some(({ type }) => type === "ACK"));
  return leaf;
}

/** Codes and addresses of the ERRORs. */
function errors(messages: readonly Message[]): [number, string | undefined][] {
  return messages.flatMap((message): [number, string | undefined][] =>
    message.type === "ERROR" ? [[message.code, message.address]] : []
  );
}

Deno.test("the id of a site that never connected is not for another credential when it is kept", () => {
  const { hub, authenticator } = house();
  authenticator.keepers.set("site-1", "site");
  for (const token of ["thief", "all"] as const) {
    const thief = greet(hub, "site-1", token);
    const [refusal] = thief.read();
    assertEquals(refusal && codeOf(refusal), 403);
    assertStringIncludes(refusal?.type === "ERROR" ? refusal.message : "", "--federation-id");
    assert(thief.closed !== undefined);
  }
  join(hub, { routerId: "site-1", token: "site" });
  // What is kept for nobody is whoever's comes first.
  join(hub, { routerId: "site-2", token: "thief" });
});

Deno.test("a legacy leaf does not take an id that is kept for another credential", () => {
  const { hub, authenticator } = house();
  authenticator.keepers.set("site-1", "site");
  const thief = hub.connect();
  const features = FEATURE.param | FEATURE.federation;
  thief.send({ ...hello(), features, token: "thief" });
  hub.answerTokens();
  thief.read();
  thief.send({ ...namespaceSync("DeclareNamespaces", ["/thief/**"]), origin: "site-1" });
  assertEquals(errors(thief.read()), [[403, undefined]]);
  assert(thief.closed !== undefined);
  assertEquals([...hub.federation.leafIds()], []);
});

Deno.test("whoever took an id before it was kept gives it back when its keeper comes", () => {
  const { hub, authenticator } = house();
  const squatter = join(hub, { routerId: "site-1", token: "thief" });
  // A second connection of its own waits for the first to show a sign of life.
  const waiting = greet(hub, "site-1", "thief");
  assertEquals(greet(hub, "site-1", "site").read().map(codeOf), [403]);

  authenticator.keepers.set("site-1", "site");
  const site = join(hub, { routerId: "site-1", token: "site" });
  assertEquals([squatter.closed !== undefined, waiting.closed !== undefined], [true, true]);
  assertEquals(errors(squatter.read()), [[409, undefined]]);
  assertEquals(site.closed, undefined);
  const { claims } = hub.federation;
  assertEquals(claims.ownerOf("/site/1")?.live, true);
  assertEquals(claims.ownerOf("/thief/1"), undefined);
  assertEquals(greet(hub, "site-1", "thief").read().map(codeOf), [403]);
  assertEquals(errors(site.ask(...forwardVersion("update", "/site/1"))), []);
});

Deno.test("claims in the name of a site do not keep the site out that its id is kept for", () => {
  const { hub, authenticator } = house();
  const other = greet(hub, "other", "thief");
  const claims = [{ ownerId: "site-1", live: true }];
  other.ask(declaration("other", ["/thief/x/**"], { claims }));
  assertEquals(greet(hub, "site-1", "site").read().map(codeOf), [409]);
  authenticator.keepers.set("site-1", "site");
  join(hub, { routerId: "site-1", token: "site" });
});

Deno.test("whoever says HELLO and no more keeps a site out for as long as a handshake takes", () => {
  const { hub } = house();
  const squatter = greet(hub, "site-1", "thief");
  squatter.read();
  // To try again, and not to give up: the id is nobody's yet.
  assertEquals(greet(hub, "site-1", "site").read().map(codeOf), [409]);
  for (let second = 0; second <= HANDSHAKE_TIMEOUT_SECONDS; second++) {
    hub.advance(1_000);
    for (const message of squatter.read()) {
      if (message.type === "SYNC") squatter.send({ type: "SYNC", t1: message.t1, t2: 1, t3: 1 });
    }
  }
  assert(squatter.closed !== undefined);
  join(hub, { routerId: "site-1", token: "site" });
});

Deno.test("nobody has the id of the hub itself, whatever the token", () => {
  const { hub, authenticator } = house();
  for (const keeper of [undefined, "all"]) {
    if (keeper !== undefined) authenticator.keepers.set("hub", keeper);
    for (const token of ["thief", "all"] as const) {
      const leaf = greet(hub, "hub", token);
      assertEquals(leaf.read().map(codeOf), [409]);
      assert(leaf.closed !== undefined);
    }
  }
  assertEquals([...hub.federation.leafIds()], []);
});

Deno.test("the id of the router that stamped versions gives no rights on them", () => {
  const { hub } = house();
  const site = join(hub, { routerId: "site-1", token: "site" });
  const stamp = { origin: "site-1", revision: 3, timestampMicros: 1_900_000_000_000_000 };
  assertEquals(errors(site.ask(...forwardVersion("update", "/site/1", stamp))), []);
  const lock = { type: "SET", address: "/site/1", value: encodeValue(4), lock: true } as const;
  hub.core.closed(site.id, "gone", hub.nowMicros);
  const kept = hub.core.params.get("/site/1");
  assertEquals([kept?.origin, kept?.revision], ["site-1", 3]);

  // Nobody used it for an hour, and it is kept for nobody.
  hub.nowMicros += ROUTER_ID_KEPT_MS * 1_000;
  const thief = greet(hub, "site-1", "thief");
  assertEquals(thief.read()[0]?.type, "WELCOME");
  const declared = thief.ask(declaration("site-1", ["/site/**", "/thief/**"]));
  assertEquals(errors(declared), [[403, "/site/**"]]);
  // The claims of before are gone with the declaration, and not this one's.
  assertEquals(hub.federation.claims.ownerOf("/site/1"), undefined);
  const newer = { ...stamp, revision: 9, timestampMicros: 1_950_000_000_000_000 };
  for (const kind of ["update", "offer"] as const) {
    const answer = thief.ask(...forwardVersion(kind, "/site/1", newer));
    assertEquals(errors(answer), [[403, "/site/1"]]);
  }
  const request = forwardRequest(lock, { origin: "site-1", holder: "desk" });
  assertEquals(errors(thief.ask(...request)), [[403, "/site/1"]]);
  for (const ask of [namespaceSync("RequestSync", ["/site/**"]), subscribe("/site/**")]) {
    assertEquals(errors(thief.ask(ask)), [[403, "/site/**"]]);
  }
  assertEquals(errors(thief.ask({ type: "GET", address: "/site/1" })), [[301, "/site/1"]]);
  assertEquals(hub.core.params.get("/site/1"), kept);
  assertEquals(hub.core.locks.holder("/site/1"), undefined);
});

Deno.test("what waits for a site is not sent to another that has its id after it", () => {
  const { hub } = house();
  const site = join(hub, { routerId: "site-1", token: "site" });
  site.ask(subscribe("/site/**"), namespaceSync("RequestSync", ["/site/**"]));
  hub.core.closed(site.id, "gone", hub.nowMicros);
  const client = hub.clientWith("all");
  client.send({ type: "PUBLISH", address: "/site/cue", signal: 1, phase: 0 } as Message);
  client.send(set("/site/1", 7));
  hub.nowMicros += ROUTER_ID_KEPT_MS * 1_000;
  const thief = join(hub, { routerId: "site-1", token: "thief" });
  const answers = thief.ask(subscribe("/**"), subscribe("/thief/**"), {
    ...namespaceSync("RequestSync", ["/site/**", "/thief/**"]),
  });
  hub.advance(1_000);
  hub.flush();
  const shown = [...answers, ...thief.read()].filter(({ type }) =>
    type === "SET" || type === "PUBLISH" || type === "SNAPSHOT"
  );
  assertEquals(shown, []);
});

function subscribe(pattern: string): Message {
  return { type: "SUBSCRIBE", id: 1, pattern, types: 0xff };
}
