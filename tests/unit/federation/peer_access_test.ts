import type { LinkEvent } from "../../../src/federation/link_event.ts";
import { ALL_SIGNALS, type Message, PHASE, SIGNAL } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { FakeAuthenticator, type FakeToken } from "../router/fake_authenticator.ts";
import { codeOf, set } from "../router/test_router.ts";
import { FederationNode, type NodeOptions } from "./federation_node.ts";
import {
  answerSyncs,
  connectPeer,
  declaration,
  forwardEvent,
  forwardRequest,
  forwardVersion,
  type Frame,
  namespaceSync,
  peerHello,
  type TestPeer,
} from "./test_peer.ts";

const TOKENS: Readonly<Record<string, FakeToken>> = {
  all: { scopes: ["admin:/**"] },
  a: { scopes: ["write:/a/**", "read:/shared/**"] },
  b: { scopes: ["write:/b/**"] },
  reader: { scopes: ["read:/**"] },
};

function guardedHub(options: Partial<NodeOptions> = {}): FederationNode {
  const authenticator = new FakeAuthenticator(TOKENS);
  const hub = new FederationNode({ routerId: "hub", authenticator, ...options });
  const client = hub.clientWith("all");
  for (const address of ["/a/1", "/b/1", "/shared/1", "/top/1"]) client.send(set(address, 1));
  client.leave();
  return hub;
}

/** A leaf that showed a token; what came for it is not read. */
function greet(hub: FederationNode, routerId: string, token: string | undefined): TestPeer {
  const leaf = connectPeer(hub);
  leaf.send({ ...peerHello(routerId), token });
  hub.answerTokens();
  hub.flush();
  return leaf;
}

function join(
  hub: FederationNode,
  routerId: string,
  { token = routerId, patterns = [`/${routerId}/**`] }: {
    readonly token?: string;
    readonly patterns?: readonly string[];
  } = {},
): TestPeer {
  const leaf = greet(hub, routerId, token);
  assertEquals(leaf.read().map(({ type }) => type), ["WELCOME"]);
  leaf.send(declaration(routerId, patterns));
  assert(leaf.read().some(({ type }) => type === "ACK"));
  return leaf;
}

function errors(messages: readonly Message[]): [number, string | undefined][] {
  return messages.flatMap((message): [number, string | undefined][] =>
    message.type === "ERROR" ? [[message.code, message.address]] : []
  );
}

function ask(leaf: TestPeer, ...frames: readonly Frame[]): [number, string | undefined][] {
  return errors(leaf.ask(...frames));
}

function publish(address: string): Message {
  return { type: "PUBLISH", address, signal: SIGNAL.event, phase: PHASE.start };
}

function subscribe(pattern: string, id: number = 1): Message {
  return { type: "SUBSCRIBE", id, pattern, types: ALL_SIGNALS };
}

function namespaces(hub: FederationNode): readonly string[] | undefined {
  const told = hub.events.findLast((event: LinkEvent) => event.type === "peerNamespaces");
  return told?.type === "peerNamespaces" ? told.patterns : undefined;
}

Deno.test("nobody federates without a token", () => {
  for (const token of [undefined, "unknown"]) {
    const hub = guardedHub();
    const leaf = greet(hub, "a", token);
    leaf.send(declaration("a", ["/a/**"]));
    const answers = leaf.read();
    assertEquals(answers.map(codeOf), [300]);
    assertEquals(leaf.closed?.code, 1008);
    assertEquals([...hub.federation.leafIds()], []);
  }
});

Deno.test("a namespace outside the scopes of a token is refused, the rest of the declaration counts", () => {
  const hub = guardedHub();
  const leaf = greet(hub, "a", "a");
  leaf.read();
  const beyond = ["/b/**", "/shared/**", "/**", "/a*/**", "/*/1", "/**/a"];
  const answers = leaf.ask(declaration("a", ["/a/x/**", ...beyond]));
  assertEquals(errors(answers), beyond.map((pattern) => [403, pattern]));
  assert(answers.some(({ type }) => type === "ACK"));
  assertEquals(namespaces(hub), ["/a/x/**"]);
  assertEquals(hub.federation.claims.ownerOf("/b/1"), undefined);
  // Nor does a pattern that is read, but not written, become a claim.
  assertEquals(hub.federation.claims.ownerOf("/shared/1"), undefined);
  assertEquals(ask(leaf, ...forwardVersion("update", "/a/x/1")), []);
  assertEquals(ask(leaf, ...forwardVersion("update", "/shared/1")), [[403, "/shared/1"]]);
});

Deno.test("patterns that are none end the link: what follows them is no whole declaration", () => {
  for (const pattern of ["", "/", "//", "/a//**", "/a/**/", "a/**", "/a/***"]) {
    const leaf = greet(guardedHub(), "a", "a");
    leaf.read();
    assertEquals(leaf.ask(declaration("a", [pattern])).map(codeOf), [202]);
    assert(leaf.closed !== undefined);
  }
});

Deno.test("declaring again replaces what was declared: rights do not add up", () => {
  const hub = guardedHub();
  const leaf = join(hub, "a", { patterns: ["/a/1/**"] });
  assertEquals(ask(leaf, ...forwardVersion("update", "/a/1/x")), []);
  leaf.ask(declaration("a", ["/a/2/**", "/b/**"]));
  assertEquals(ask(leaf, ...forwardVersion("update", "/a/1/y")), [[403, "/a/1/y"]]);
  assertEquals(ask(leaf, ...forwardVersion("update", "/b/y")), [[403, "/b/y"]]);
  assertEquals(ask(leaf, namespaceSync("RequestSync", ["/a/1/**"])), [[403, "/a/1/**"]]);
  // In several messages too: each entry is looked at.
  leaf.send(declaration("a", ["/b/**"], { more: true }));
  assertEquals(ask(leaf, declaration("a", ["/a/3/**"])), [[403, "/b/**"]]);
  assertEquals(namespaces(hub), ["/a/3/**"]);
});

Deno.test("a peer that declared nothing writes nothing", () => {
  const hub = guardedHub();
  const leaf = greet(hub, "a", "a");
  leaf.read();
  const before = hub.core.params.get("/a/1");
  const frames = [
    forwardVersion("update", "/a/1", { timestampMicros: 9e15 / 4 }),
    forwardVersion("offer", "/a/1", { timestampMicros: 9e15 / 4 }),
    forwardRequest({ type: "SET", address: "/a/1", value: encodeValue(9) }),
    forwardEvent(publish("/a/1")),
  ];
  for (const frame of frames) {
    assertEquals(ask(leaf, ...frame).map(([code]) => code), [403]);
  }
  for (
    const plain of [set("/a/1", 9), publish("/a/1"), { type: "BUNDLE", messages: [] } as const]
  ) {
    assertEquals(ask(leaf, plain).map(([code]) => code), [403]);
  }
  assertEquals(hub.core.params.get("/a/1"), before);
});

Deno.test("a peer writes nothing outside its scopes, by whatever message; the rest of its batch counts", () => {
  const hub = guardedHub();
  const client = hub.clientWith("all");
  client.subscribe("/**");
  const leaf = join(hub, "a", { patterns: [] });
  const stamp = { revision: 7, timestampMicros: 1_900_000_000_000_000 };
  assertEquals(
    ask(leaf, ...forwardVersion("offer", "/b/1", stamp), ...forwardVersion("offer", "/a/1", stamp)),
    [[403, "/b/1"]],
  );
  assertEquals(ask(leaf, ...forwardVersion("update", "/b/1", stamp)), [[403, "/b/1"]]);
  assertEquals(ask(leaf, ...forwardEvent(publish("/b/cue")), ...forwardEvent(publish("/a/cue"))), [[
    403,
    "/b/cue",
  ]]);
  assertEquals(
    client.read().map((message) => [message.type, "address" in message && message.address]),
    [["SET", "/a/1"], ["PUBLISH", "/a/cue"]],
  );
  // Plain messages are not spoken on a link at all.
  for (const plain of [set("/b/1", 9), publish("/b/1"), set("/a/1", 9)]) {
    assertEquals(ask(leaf, plain).map(([code]) => code), [101]);
  }
  assertEquals(hub.core.params.get("/b/1")?.revision, 1);
});

Deno.test("a peer's write request outside its scopes is refused, and its lock not given", () => {
  const hub = guardedHub();
  const leaf = join(hub, "a");
  const write = (address: string) => ({ type: "SET", address, value: encodeValue(9) } as const);
  assertEquals(ask(leaf, ...forwardRequest(write("/b/1"))), [[403, "/b/1"]]);
  assertEquals(ask(leaf, ...forwardRequest(write("/shared/1"), { requestId: 2 })), [[
    403,
    "/shared/1",
  ]]);
  const lock = forwardRequest({ ...write("/b/1"), lock: true }, {
    origin: "a",
    requestId: 3,
    holder: "session",
  });
  assertEquals(ask(leaf, ...lock), [[403, "/b/1"]]);
  assertEquals(hub.core.locks.holder("/b/1"), undefined);
  assertEquals(hub.core.params.get("/b/1")?.revision, 1);
});

Deno.test("a peer renews no lock outside its scopes", () => {
  const hub = guardedHub();
  const leaf = join(hub, "a");
  const lease: Message = {
    type: "FEDERATION_SYNC",
    op: "Lease",
    kind: "renew",
    origin: "a",
    bootId: 1,
    sentMicros: 1,
    hops: 0,
    entries: [{ address: "/b/1", holder: "session" }],
  };
  assertEquals(ask(leaf, lease), [[403, "/b/1"]]);
  assertEquals(hub.core.locks.holder("/b/1"), undefined);
});

function share(messages: readonly Message[], runAtMicros: number): readonly Frame[] {
  const entry = { remainingLifeMs: 5_000, runAtMicros, knownTimestampMicros: 0, holder: "" };
  return [
    {
      type: "FEDERATION_SYNC",
      op: "Forward",
      kind: "share",
      origin: "a",
      bootId: 1,
      count: 1,
      entries: [{ requestId: 1, ...entry }],
    },
    { type: "BUNDLE", messages },
  ];
}

Deno.test("nothing of a peer's share of a bundle is done when one message of it is outside its scopes", () => {
  const hub = guardedHub();
  const leaf = join(hub, "a", { patterns: [] });
  for (const last of [set("/b/1", 9), publish("/b/cue")]) {
    for (const runAtMicros of [0, hub.wallMicros + 1_000_000]) {
      const answers = ask(leaf, ...share([set("/a/1", 9), last], runAtMicros));
      assertEquals(answers.map(([code]) => code), [403]);
    }
  }
  assertEquals([hub.core.bundles.waiting, hub.core.params.get("/a/1")?.revision], [0, 1]);
});

Deno.test("a peer's share is not passed on where its scopes do not reach", () => {
  const hub = guardedHub();
  const owner = greet(hub, "b", "b");
  owner.read();
  owner.send(declaration("b", ["/b/**"]), namespaceSync("SyncComplete", []));
  answerSyncs(owner);
  assertEquals(hub.linkState("b"), "Active");
  const leaf = join(hub, "a");
  assertEquals(ask(leaf, ...share([set("/b/1", 9)], 0)), [[403, "/b/1"]]);
  const write = { type: "SET", address: "/b/1", value: encodeValue(9) } as const;
  assertEquals(ask(leaf, ...forwardRequest(write)), [[403, "/b/1"]]);
  assertEquals(owner.read().filter(({ type }) => type === "SET" || type === "BUNDLE"), []);
});

Deno.test("a peer's share that waits is not done when its token is revoked by then", () => {
  for (const isRevoked of [false, true]) {
    const hub = guardedHub();
    const leaf = join(hub, "a", { patterns: [] });
    assertEquals(ask(leaf, ...share([set("/a/1", 9)], hub.wallMicros + 1_000_000)), []);
    assertEquals(hub.core.bundles.waiting, 1);
    if (isRevoked) hub.core.revoked("a", hub.nowMicros);
    hub.advance(2_000);
    assertEquals(hub.core.params.get("/a/1")?.revision, isRevoked ? 1 : 2);
  }
});

Deno.test("a peer's definitions count inside its scopes, and it is told what it may read", () => {
  const hub = guardedHub();
  const client = hub.clientWith("all");
  const definition = (address: string) => ({ address, signal: SIGNAL.param });
  const announce = (...addresses: string[]): Message => ({
    type: "ANNOUNCE",
    namespace: "/",
    signals: addresses.map(definition),
  });
  client.send(announce("/b/1", "/shared/1"));
  const leaf = join(hub, "a");
  const offered = (messages: readonly Message[]): string[] =>
    messages.flatMap((message) =>
      message.type === "FEDERATION_SYNC" && message.op === "Signals"
        ? message.offered.map(({ address }) => address)
        : []
    );
  hub.advance(10);
  hub.flush();
  const first = leaf.read();
  client.send(announce("/b/2", "/shared/2"));
  hub.flush();
  assertEquals(offered([...first, ...leaf.read()]), ["/shared/2"]);
  const told: Message = {
    type: "FEDERATION_SYNC",
    op: "Signals",
    offered: [definition("/b/3"), definition("/a/3")],
    withdrawn: [],
    joined: [],
    left: [],
  };
  assertEquals(ask(leaf, told), [[403, "/b/3"]]);
  const known = ["/a/3", "/b/3"].map((address) => hub.core.signals.best(address) !== undefined);
  assertEquals(known, [true, false]);
});

Deno.test("a new link is told of the definitions that its token lets it read", () => {
  const hub = guardedHub();
  hub.clientWith("all").send({
    type: "ANNOUNCE",
    namespace: "/",
    signals: ["/b/1", "/shared/1"].map((address) => ({ address, signal: SIGNAL.param })),
  });
  const leaf = greet(hub, "a", "a");
  const told = leaf.ask(declaration("a", [])).flatMap((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "Signals" ? message.offered : []
  );
  assertEquals(told.map(({ address }) => address), ["/shared/1"]);
});

Deno.test("a peer brings sessions that it may read the signals of, and no others", () => {
  const hub = guardedHub();
  const leaf = join(hub, "a");
  const joined: Message = {
    type: "FEDERATION_SYNC",
    op: "Signals",
    offered: [],
    withdrawn: [],
    joined: ["victim"],
    left: [],
  };
  assertEquals(ask(leaf, joined).map(([code]) => code), [403]);
  assertEquals(hub.federation.p2p.sessionsBelow, 0);
  const trusted = join(hub, "t", { token: "all" });
  assertEquals(ask(trusted, joined), []);
  assertEquals(hub.federation.p2p.sessionsBelow, 1);
  // To send signals takes leave to write.
  const address = "/clasp/p2p/signal/victim";
  assertEquals(ask(leaf, ...forwardEvent(publish(address))), [[403, address]]);
});

Deno.test("link state that is forged is refused", () => {
  const hub = guardedHub({ showsLinks: true });
  const b = join(hub, "b");
  const leaf = join(hub, "a");
  hub.flush();
  const address = "/clasp/federation/peers/b";
  const before = hub.core.params.get(address);
  assert(before !== undefined);
  const forged = {
    value: encodeValue("gone"),
    revision: 99,
    timestampMicros: 3_900_000_000_000_000,
  };
  for (const kind of ["update", "offer"] as const) {
    assertEquals(ask(leaf, ...forwardVersion(kind, address, forged)), [[403, address]]);
  }
  for (const other of ["/clasp/federation/link", "/clasp/federation", "/clasp/federation/x"]) {
    assertEquals(ask(leaf, ...forwardVersion("offer", other, forged)), [[403, other]]);
  }
  const write = { type: "SET", address, value: encodeValue("gone") } as const;
  assertEquals(ask(leaf, ...forwardRequest(write)), [[403, address]]);
  assertEquals(hub.core.params.get(address), before);
  assertEquals(b.closed, undefined);
});

Deno.test("a peer subscribes and compares what its token lets it read, entry by entry", () => {
  const hub = guardedHub();
  const leaf = join(hub, "a");
  const beyond = ["/**", "/b/**", "/a*/**", "/*/1", "/shared*", "/clasp/federation/**"];
  for (const pattern of beyond) {
    assertEquals(ask(leaf, subscribe(pattern)), [[403, pattern]]);
    // Not by the id of one that was accepted either.
    assertEquals(ask(leaf, subscribe("/shared/**"), subscribe(pattern)), [[403, pattern]]);
    assertEquals(ask(leaf, namespaceSync("RequestSync", [pattern])), [[403, pattern]]);
  }
  for (const pattern of ["", "//", "/a/**/"]) {
    assertEquals(ask(leaf, namespaceSync("RequestSync", [pattern])), [[202, pattern]]);
  }
  const answers = leaf.ask(namespaceSync("RequestSync", ["/b/**", "/shared/**", "/a/**"]));
  assertEquals(errors(answers), [[403, "/b/**"]]);
  const root = answers.find((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "Digest"
  );
  // Of /a/1 and /shared/1.
  assertEquals(
    root?.type === "FEDERATION_SYNC" && root.op === "Digest" && root.root?.count,
    2,
  );
});

Deno.test("a peer is sent nothing that its token does not let it read, though it asks for it by name", () => {
  const hub = guardedHub();
  const leaf = join(hub, "a");
  leaf.ask(subscribe("/shared/**"));
  const answers = leaf.ask(namespaceSync("RequestSync", ["/shared/**"]));
  const begun = answers.find((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "Digest"
  );
  assert(begun?.type === "FEDERATION_SYNC" && begun.op === "Digest");
  const wants = ["/b/1", "/shared/1", "/top/1"];
  const sent = leaf.ask({ ...begun, root: undefined, wants, idle: false });
  assertEquals(
    sent.flatMap((message) => message.type === "SET" ? [message.address] : []),
    ["/shared/1"],
  );
});

Deno.test("a peer gets what its token lets it read", () => {
  const leaf = join(guardedHub(), "a");
  const [refused] = leaf.ask({ type: "GET", address: "/b/1" });
  assertEquals(refused?.type === "ERROR" && refused.code, 301);
  assertEquals(leaf.ask({ type: "GET", address: "/shared/1" })[0]?.type, "SNAPSHOT");
});

Deno.test("a peer is told of what it subscribed, and of nothing else", () => {
  const hub = guardedHub();
  const leaf = join(hub, "a");
  leaf.ask(subscribe("/shared/**"), subscribe("/**", 2));
  const client = hub.clientWith("all");
  for (const address of ["/shared/2", "/top/2", "/b/2", "/clasp/x"]) client.send(set(address, 2));
  hub.flush();
  const sets = leaf.read().flatMap((message) => message.type === "SET" ? [message.address] : []);
  assertEquals(sets, ["/shared/2"]);
});

Deno.test("a router id belongs to the credential that uses it", () => {
  const hub = guardedHub();
  const leaf = join(hub, "a");
  const thief = greet(hub, "a", "b");
  const [refusal] = thief.read();
  assertEquals(refusal && codeOf(refusal), 403);
  assertStringIncludes(refusal?.type === "ERROR" ? refusal.message : "", "--federation-id");
  assert(thief.closed !== undefined);
  hub.advance(400);
  assertEquals([leaf.closed, hub.linkState("a")], [undefined, "Syncing"]);

  // Nor when it is away: what waits for it is its own.
  hub.core.closed(leaf.id, "gone", hub.nowMicros);
  assertEquals(greet(hub, "a", "b").read().map(codeOf), [403]);
  assertEquals(hub.federation.claims.of({ kind: "leaf", routerId: "a" }).length, 1);
  join(hub, "a");
});

Deno.test("a router id that nobody used for an hour is free again", () => {
  const hub = guardedHub();
  const leaf = join(hub, "a");
  hub.core.closed(leaf.id, "gone", hub.nowMicros);
  hub.nowMicros += 3_599_999_000;
  assertEquals(greet(hub, "a", "b").read().map(codeOf), [403]);
  hub.nowMicros += 1_000;
  assertEquals(greet(hub, "a", "b").read()[0]?.type, "WELCOME");
});

Deno.test("whoever says HELLO and no more binds no router id", () => {
  const hub = guardedHub();
  const squatter = greet(hub, "a", "b");
  squatter.read();
  hub.core.closed(squatter.id, "gone", hub.nowMicros);
  join(hub, "a");
});

Deno.test("the id of a router that is reached by another link is not for who could not own as much", () => {
  const hub = guardedHub();
  const via = greet(hub, "m", "all");
  const claims = [{ ownerId: "behind", live: true }];
  via.send(declaration("m", ["/x/**"], { claims }));
  assertEquals(greet(hub, "behind", "b").read().map(codeOf), [409]);
  // It may well be that one, come over.
  const over = greet(hub, "behind", "all");
  assertEquals(over.read()[0]?.type, "WELCOME");
  hub.core.closed(over.id, "gone", hub.nowMicros);
  via.send(declaration("m", []));
  assertEquals(greet(hub, "behind", "b").read()[0]?.type, "WELCOME");
});

Deno.test("a peer whose token is revoked, or expires, is sent away, and its claims are not live", () => {
  for (const code of [301, 302]) {
    const authenticator = new FakeAuthenticator({
      a: { ...TOKENS["a"], scopes: ["write:/a/**"], expiresAtSeconds: 60 },
    });
    const hub = new FederationNode({ routerId: "hub", authenticator });
    const leaf = join(hub, "a");
    if (code === 301) hub.core.revoked("a", hub.nowMicros);
    else {
      authenticator.seconds = 60;
      for (let beat = 0; beat < 60; beat++) {
        hub.advance(1_000);
        const syncs = leaf.read();
        if (errors(syncs).length > 0) {
          assertEquals(errors(syncs), [[302, undefined]]);
          break;
        }
        for (const sync of syncs) {
          if (sync.type === "SYNC") leaf.send({ type: "SYNC", t1: sync.t1, t2: 1, t3: 1 });
        }
      }
    }
    assert(leaf.closed !== undefined);
    assertEquals(hub.federation.claims.ownerOf("/a/1")?.live, false);
    leaf.send(...forwardVersion("update", "/a/1"));
    assertEquals(hub.core.params.size, 0);
  }
});

Deno.test("a router accepts the writes of others where it is told to, in open mode too", () => {
  const hub = new FederationNode({ routerId: "hub", acceptWrites: ["/shared/**"] });
  const leaf = connectPeer(hub);
  leaf.send(peerHello("a"));
  leaf.send(declaration("a", ["/a/**"]));
  leaf.read();
  const write = (address: string) => ({ type: "SET", address, value: encodeValue(9) } as const);
  assertEquals(ask(leaf, ...forwardRequest(write("/top/1"))), [[403, "/top/1"]]);
  assertEquals(ask(leaf, ...forwardVersion("offer", "/top/1")), [[403, "/top/1"]]);
  assertEquals(ask(leaf, ...forwardVersion("offer", "/shared/1")), []);
  assertEquals(ask(leaf, ...forwardVersion("update", "/a/1")), []);
  assertEquals(ask(leaf, ...forwardRequest(write("/shared/2"), { requestId: 2 })), []);
  assertEquals(ask(leaf, ...forwardVersion("offer", "/clasp/federation/peers/x")), []);
  assertEquals(hub.core.params.get("/top/1"), undefined);
});
