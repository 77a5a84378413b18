import { ERROR_CODE } from "../../../src/router/error_code.ts";
import { assertEquals } from "../../support/assert.ts";
import { codeOf } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import { registerHub } from "./test_peer.ts";

Deno.test("a GET is ended by an answer to it, not by an error about a write at its address", () => {
  for (const code of [ERROR_CODE.addressNotFound, ERROR_CODE.unavailable, ERROR_CODE.forbidden]) {
    const leaf = new FederationNode({ routerId: "leaf", hub: "hub", imports: ["/mine/**"] });
    const hub = registerHub(leaf, "hub");
    const client = leaf.client();
    client.send({ type: "GET", address: "/other" });
    leaf.flush();
    assertEquals(hub.read().map(({ type }) => type), ["GET"]);
    const refusals = [ERROR_CODE.refused, ERROR_CODE.invalidMessage, ERROR_CODE.overload];
    for (const other of refusals) {
      hub.send({ type: "ERROR", code: other, message: "no update", address: "/other" });
      assertEquals(client.read(), []);
    }
    // They are told of, as any refusal.
    assertEquals(
      leaf.events.flatMap((event) => event.type === "refused" ? [event.code] : []),
      refusals,
    );
    hub.send({ type: "ERROR", code, message: "nothing there", address: "/other" });
    assertEquals(client.read().map(codeOf), [code]);
  }
});
