import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals, assertGreater } from "../../support/assert.ts";
import { set } from "../router/test_router.ts";
import { TestNetwork } from "./test_network.ts";

Deno.test("what a router stamped before it knew federation time is raised to when it was written", () => {
  const network = new TestNetwork();
  const hub = network.add({ routerId: "hub" });
  const owner = network.add({ routerId: "a", hub: "hub", namespaces: ["/a/**"] });
  network.advance(1_000);
  owner.client().ask(set("/a/x", "owner, before"));
  network.settle();
  // Comes up while the hub is away, with the state it had.
  const late = network.add({ routerId: "late", hub: "nobody" });
  const known = owner.core.params.get("/a/x");
  late.core.params.store.put("/a/x", known ?? assertNever());
  network.advance(1_000);
  late.client().ask(set("/a/x", "caretaker, later"));
  const stamped = late.core.params.get("/a/x");
  // Its own clock says nothing about the owner's: just past what it knew.
  assertEquals(stamped?.timestampMicros, (known?.timestampMicros ?? 0) + 1);
  const hubMicros = hub.federation.timeMicros();
  late.federation.clock.measure({
    t1: late.core.nowMicros,
    t2: hubMicros,
    t3: hubMicros,
    nowMicros: late.core.nowMicros,
  });
  late.federation.time.measured();
  const raised = late.core.params.get("/a/x");
  assertGreater(raised?.timestampMicros ?? 0, (known?.timestampMicros ?? 0) + 900_000);
  assertEquals([raised?.value, raised?.revision], [encodeValue("caretaker, later"), 2]);
  // Once: what is stamped from now on has federation time already.
  late.federation.time.measured();
  assertEquals(late.core.params.get("/a/x"), raised);
});

function assertNever(): never {
  throw new Error("the owner has stamped it");
}
