import { QOS } from "../../../src/wire/message.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FakeAuthenticator, type FakeToken } from "../router/fake_authenticator.ts";
import { codeOf, set } from "../router/test_router.ts";
import type { FederationNode } from "./federation_node.ts";
import { TestNetwork } from "./test_network.ts";

const TOKENS: Readonly<Record<string, FakeToken>> = {
  all: { scopes: ["admin:/**"] },
  a: { scopes: ["write:/a/**", "write:/shared/**"] },
  b: { scopes: ["write:/b/**", "write:/a/x/**"] },
  desk: { scopes: ["write:/a/**", "write:/shared/**"], expiresAtSeconds: 100 },
};

const NOTHING = [undefined, undefined, undefined];

interface Federation {
  readonly network: TestNetwork;
  readonly authenticator: FakeAuthenticator;
  readonly hub: FederationNode;
  readonly a: FederationNode;
  readonly b: FederationNode;
}

/** A hub in authenticated mode and two sites, each with what it owns. */
function federation(): Federation {
  const network = new TestNetwork();
  const authenticator = new FakeAuthenticator(TOKENS);
  const hub = network.add({ routerId: "hub", authenticator });
  const a = network.add({ routerId: "a", hub: "hub", token: "a", namespaces: ["/a/**"] });
  const b = network.add({ routerId: "b", hub: "hub", token: "b", namespaces: ["/b/**"] });
  network.advance(1_000);
  assertEquals([a.linkState(), b.linkState()], ["Active", "Active"]);
  return { network, authenticator, hub, a, b };
}

function revisions({ hub, a, b }: Federation): (number | undefined)[] {
  return [
    hub.core.params.get("/shared/1")?.revision,
    a.core.params.get("/a/1")?.revision,
    b.core.params.get("/b/1")?.revision,
  ];
}

Deno.test("a bundle across owners is done nowhere when one of its messages is not allowed", () => {
  for (const delayMicros of [undefined, 2_000_000]) {
    for (const at of ["hub", "a"] as const) {
      const all = federation();
      const { network, hub, a } = all;
      // At the site the client itself needs no token: the site's token is what counts at the hub.
      const client = at === "hub" ? hub.clientWith("desk") : a.client();
      client.send({
        type: "BUNDLE",
        messages: [set("/a/1", 1), set("/shared/1", 1), set("/b/1", 1)],
        ...(delayMicros === undefined ? {} : { timestampMicros: hub.wallMicros + delayMicros }),
      }, { qos: QOS.confirm });
      network.advance(4_000);
      const answers = client.read().map(codeOf).filter((code) => code !== undefined);
      assert(answers.includes(at === "hub" ? 301 : 403), `${at}: ${answers}`);
      assertEquals(revisions(all)[2], undefined, at);
      if (at === "hub") assertEquals(revisions(all), NOTHING);
    }
  }
});

Deno.test("a scheduled bundle across owners is done nowhere when its sender's token is over by then", () => {
  for (const end of ["revoked", "expired", "good"] as const) {
    for (const stays of [true, false]) {
      const all = federation();
      const { network, authenticator, hub, a } = all;
      const client = hub.clientWith("desk");
      client.send({
        type: "BUNDLE",
        messages: [set("/a/1", 1), set("/shared/1", 1)],
        timestampMicros: hub.wallMicros + 3_000_000,
      });
      network.advance(1_000);
      assertEquals([hub.core.bundles.waiting, a.core.bundles.waiting], [1, 1]);
      // Bundles outlive the sessions that sent them.
      if (!stays) client.leave();
      if (end === "revoked") {
        hub.core.revoked("desk", hub.nowMicros);
        network.settle();
        assertEquals(a.core.bundles.waiting, 0);
      }
      if (end === "expired") authenticator.seconds = 100;
      network.advance(1_000);
      if (end !== "good") {
        assertEquals([a.core.bundles.waiting, hub.federation.shares.sent], [0, 0]);
      }
      network.advance(5_000);
      assertEquals(revisions(all), end === "good" ? [1, 1, undefined] : NOTHING, end);
    }
  }
});

Deno.test("what a hub passed on for a leaf is taken back when the leaf's token is revoked", () => {
  for (const isRevoked of [true, false]) {
    const all = federation();
    const { network, authenticator, hub, a, b } = all;
    b.client().send({
      type: "BUNDLE",
      messages: [set("/b/1", 1), set("/a/x/1", 1)],
      timestampMicros: hub.wallMicros + 3_000_000,
    });
    network.advance(1_000);
    assertEquals([a.core.bundles.waiting, b.core.bundles.waiting], [1, 1]);
    if (isRevoked) {
      authenticator.tokens.delete("b");
      hub.core.revoked("b", hub.nowMicros);
    }
    network.advance(6_000);
    assertEquals(a.core.params.get("/a/x/1")?.revision, isRevoked ? undefined : 1);
  }
});
