import type { Message } from "../../../src/wire/message.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeAuthenticator } from "../router/fake_authenticator.ts";
import { codeOf, set } from "../router/test_router.ts";
import { TestNetwork } from "./test_network.ts";

Deno.test("a GET beyond the imports of a leaf is answered as far as the leaf's token reads", () => {
  const network = new TestNetwork();
  const authenticator = new FakeAuthenticator({
    all: { scopes: ["admin:/**"] },
    a: { scopes: ["write:/a/**", "read:/shared/**"] },
  });
  const hub = network.add({ routerId: "hub", authenticator });
  const all = hub.clientWith("all");
  for (const address of ["/shared/1", "/top/1"]) all.send(set(address, 1));
  const leaf = network.add({
    routerId: "a",
    hub: "hub",
    token: "a",
    namespaces: ["/a/**"],
    imports: ["/a/**"],
  });
  network.advance(2_000);
  assertEquals(leaf.linkState(), "Active");
  const client = leaf.client();
  const get = (address: string): readonly Message[] => {
    client.send({ type: "GET", address });
    network.settle();
    return client.read();
  };
  assertEquals(get("/shared/1").map(({ type }) => type), ["SNAPSHOT"]);
  assertEquals(get("/top/1").map(codeOf), [301]);
  // Nor is it told whether there is anything.
  assertEquals(get("/top/none").map(codeOf), [301]);
  assertEquals(leaf.core.params.get("/top/1"), undefined);
});
