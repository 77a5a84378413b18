import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { FakeAuthenticator, type FakeToken } from "../router/fake_authenticator.ts";
import { codeOf, set } from "../router/test_router.ts";
import { QOS } from "../../../src/wire/message.ts";
import type { FederationNode } from "./federation_node.ts";
import { TestNetwork } from "./test_network.ts";

const TOKENS: Readonly<Record<string, FakeToken>> = {
  all: { scopes: ["admin:/**"] },
  a: { scopes: ["write:/a/**", "read:/shared/**"] },
  reader: { scopes: ["read:/**", "write:/a/**"] },
};

interface Federation {
  readonly network: TestNetwork;
  readonly authenticator: FakeAuthenticator;
  readonly hub: FederationNode;
}

/** A hub in authenticated mode with some params. */
function guarded(): Federation {
  const network = new TestNetwork();
  const authenticator = new FakeAuthenticator(TOKENS);
  const hub = network.add({ routerId: "hub", authenticator });
  const client = hub.clientWith("all");
  for (const address of ["/a/1", "/b/1", "/shared/1"]) client.send(set(address, 1));
  client.leave();
  network.settle();
  return { network, authenticator, hub };
}

function shown({ core: { params } }: FederationNode): string[] {
  return ["/a/1", "/b/1", "/shared/1"].filter((address) => params.get(address) !== undefined);
}

function refusals({ events }: FederationNode): [number, string][] {
  return events.flatMap((event): [number, string][] =>
    event.type === "refused" ? [[event.code, event.message]] : []
  );
}

Deno.test("a leaf with a token federates within its scopes", () => {
  const { network, hub } = guarded();
  const options = { token: "a", namespaces: ["/a/**"], imports: ["/shared/**"] };
  const leaf = network.add({ routerId: "a", hub: "hub", ...options });
  network.advance(1_000);
  assertEquals([leaf.linkState(), hub.linkState("a")], ["Active", "Active"]);
  assertEquals(shown(leaf), ["/a/1", "/shared/1"]);
  const client = leaf.client();
  client.send(set("/a/2", 5), { qos: QOS.confirm });
  network.settle();
  assertEquals(hub.core.params.get("/a/2")?.origin, "a");
  assertEquals(refusals(leaf), []);
});

Deno.test("a client of a leaf writes no further than the leaf's token goes", () => {
  const { network, hub } = guarded();
  const leaf = network.add({ routerId: "a", hub: "hub", token: "a", imports: ["/shared/**"] });
  network.advance(1_000);
  const client = leaf.client();
  client.read();
  client.send(set("/shared/1", 9), { qos: QOS.confirm });
  network.settle();
  assertEquals(client.read().map(codeOf), [403]);
  client.send({ type: "GET", address: "/b/1" });
  network.settle();
  assertEquals(client.read().map(codeOf), [301]);
  assertEquals(hub.core.params.get("/shared/1")?.revision, 1);
});

Deno.test("a leaf that imports more than its token lets it read has the rest, and says so", () => {
  const { network } = guarded();
  const leaf = network.add({ routerId: "a", hub: "hub", token: "a", namespaces: ["/a/**"] });
  network.advance(1_000);
  assertEquals(leaf.linkState(), "Active");
  assertEquals(shown(leaf), ["/a/1"]);
  const [first] = refusals(leaf);
  assertEquals(first?.[0], 403);
  assertStringIncludes(first?.[1] ?? "", '"/**"');
  // Once on a link, not with each change.
  const before = refusals(leaf).length;
  leaf.client().subscribe("/shared/**");
  network.advance(120_000);
  assertEquals(refusals(leaf).length, before);
});

Deno.test("a leaf that may follow nothing is connected all the same", () => {
  const { network } = guarded();
  const leaf = network.add({ routerId: "a", hub: "hub", token: "a" });
  network.advance(1_000);
  assertEquals([leaf.linkState(), shown(leaf)], ["Active", []]);
});

Deno.test("a leaf whose token does not allow its namespace gives up, and says which", () => {
  const { network, hub } = guarded();
  const leaf = network.add({ routerId: "a", hub: "hub", token: "a", namespaces: ["/b/**"] });
  network.advance(60_000);
  assertEquals(leaf.linkState(), "Failed");
  assertStringIncludes(leaf.federation.uplink?.reason ?? "", '"/b/**"');
  assertEquals(hub.linkState("a"), undefined);
});

Deno.test("a namespace of a router further below is left out, and the link stays", () => {
  const { network, hub } = guarded();
  const options = { token: "a", imports: ["/a/**"] };
  const middle = network.add({ routerId: "a", hub: "hub", namespaces: ["/a/**"], ...options });
  const below = network.add({ routerId: "below", hub: "a", namespaces: ["/b/**"] });
  network.advance(5_000);
  assertEquals([middle.linkState(), below.linkState()], ["Active", "Active"]);
  assertEquals(hub.federation.claims.ownerOf("/b/1"), undefined);
  assert(refusals(middle).some(([code, text]) => code === 403 && text.includes('"/b/**"')));
});

Deno.test("a leaf gives up on a token that is not accepted, and on one that expires", () => {
  const { network, authenticator } = guarded();
  const stranger = network.add({ routerId: "x", hub: "hub", token: "unknown" });
  authenticator.tokens.set("short", { scopes: ["read:/**"], expiresAtSeconds: 10 });
  const leaf = network.add({ routerId: "y", hub: "hub", token: "short" });
  network.advance(5_000);
  assertEquals([stranger.linkState(), leaf.linkState()], ["Failed", "Active"]);
  assertStringIncludes(stranger.federation.uplink?.reason ?? "", "300");
  authenticator.seconds = 10;
  network.advance(10_000);
  assertEquals(leaf.linkState(), "Failed");
  assertStringIncludes(leaf.federation.uplink?.reason ?? "", "302");
});

Deno.test("a leaf whose token is revoked is cut off at once, and comes back with a good one", () => {
  const { network, hub, authenticator } = guarded();
  const leaf = network.add({ routerId: "a", hub: "hub", token: "a", imports: ["/shared/**"] });
  network.advance(1_000);
  hub.core.revoked("a", hub.nowMicros);
  network.settle();
  assertEquals(hub.linkState("a"), undefined);
  network.advance(5_000);
  // The credential was renewed meanwhile: the same token counts again.
  assertEquals(leaf.linkState(), "Active");
  authenticator.tokens.delete("a");
  hub.core.revoked("a", hub.nowMicros);
  network.advance(5_000);
  assertEquals(leaf.linkState(), "Failed");
});

Deno.test("what a leaf wrote alone, and may not write, gives way to what the hub has", () => {
  const { network, hub } = guarded();
  const leaf = network.add({ routerId: "a", hub: "hub", token: "reader", namespaces: ["/a/**"] });
  network.advance(2_000);
  assertEquals(shown(leaf), ["/a/1", "/b/1", "/shared/1"]);
  network.cut(leaf, hub);
  const client = leaf.client();
  for (const address of ["/a/1", "/b/1", "/b/new"]) client.send(set(address, 7));
  assertEquals(leaf.core.params.get("/b/1")?.origin, "a");
  network.advance(60_000);
  assertEquals(leaf.linkState(), "Active");
  for (const address of ["/a/1", "/b/1", "/b/new"]) {
    assertEquals(leaf.core.params.get(address), hub.core.params.get(address), address);
  }
  assertEquals(hub.core.params.get("/a/1")?.origin, "a");
  assertEquals(hub.core.params.get("/b/1")?.origin, "hub");
});
