import { PHASE, SIGNAL } from "../../../src/wire/message.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeAuthenticator } from "../router/fake_authenticator.ts";
import { TestNetwork } from "./test_network.ts";

Deno.test("what was kept for a leaf that is away is not sent when its token allows less by then", () => {
  for (const isNarrowed of [false, true]) {
    const network = new TestNetwork();
    const authenticator = new FakeAuthenticator({
      all: { scopes: ["admin:/**"] },
      a: { scopes: ["write:/a/**", "read:/shared/**"] },
    });
    const hub = network.add({ routerId: "hub", authenticator, router: { eventTtlMs: 60_000 } });
    const options = { token: "a", namespaces: ["/a/**"], imports: ["/shared/**"] };
    const leaf = network.add({ routerId: "a", hub: "hub", ...options });
    network.advance(2_000);
    const client = leaf.client();
    client.subscribe("/shared/**");
    network.settle();
    client.read();
    network.cut(leaf, hub);
    hub.clientWith("all").send({
      type: "PUBLISH",
      address: "/shared/cue",
      signal: SIGNAL.event,
      phase: PHASE.start,
    });
    hub.flush();
    if (isNarrowed) authenticator.tokens.set("a", { scopes: ["write:/a/**"] });
    network.advance(20_000);
    assertEquals(leaf.linkState(), "Active");
    const heard = client.read().filter(({ type }) => type === "PUBLISH");
    assertEquals(heard.length, isNarrowed ? 0 : 1, `narrowed: ${isNarrowed}`);
  }
});
