import { LiveAddresses } from "../../../src/federation/live_addresses.ts";
import { assert, assertEquals, assertLess } from "../../support/assert.ts";
import { set, TestRouter } from "../router/test_router.ts";

const PARAMS_MAX = 10;

Deno.test("LiveAddresses gives back what was added, the oldest first, each once", () => {
  const addresses = new LiveAddresses(new TestRouter().core);
  for (const address of ["/b", "/a", "/b"]) addresses.add(address);
  assertEquals([addresses.size, addresses.has("/a"), addresses.has("/c")], [2, true, false]);
  assertEquals([addresses.take(), addresses.take(), addresses.take()], ["/b", "/a", undefined]);
});

Deno.test("LiveAddresses forgets what is not kept any more before it grows without bound", () => {
  const router = new TestRouter({ paramsMax: PARAMS_MAX });
  const client = router.client();
  const addresses = new LiveAddresses(router.core);
  const kept = Array.from({ length: PARAMS_MAX }, (_, n) => `/kept/${n}`);
  for (const address of kept) {
    client.ask(set(address, 1));
    addresses.add(address);
  }
  for (let n = 0; n < 1_000; n++) {
    addresses.add(`/gone/${n}`);
    assertLess(addresses.size, 2 * PARAMS_MAX + 1);
  }
  assert(addresses.has("/gone/999"), "its param may be about to be kept");
  assertEquals(kept.filter((address) => !addresses.has(address)), []);
});
