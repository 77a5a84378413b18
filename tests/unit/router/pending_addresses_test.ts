import { PendingAddresses } from "../../../src/router/pending_addresses.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("PendingAddresses keeps each once, in the order in which they came first", () => {
  const pending = new PendingAddresses({ addressesMax: 10, isUseful: () => true });
  for (const address of ["/b", "/a", "/b", "/c"]) pending.add(address);
  assertEquals([...pending], ["/b", "/a", "/c"]);
});

Deno.test("PendingAddresses at its bound forgets what has expired, and nothing else", () => {
  const live = new Set(["/1", "/3"]);
  const pending = new PendingAddresses({ addressesMax: 4, isUseful: (it) => live.has(it) });
  for (const address of ["/1", "/2", "/3", "/4"]) pending.add(address);
  assertEquals(pending.size, 4, "not before it is needed");
  pending.add("/5");
  assertEquals([...pending], ["/1", "/3", "/5"]);
});
