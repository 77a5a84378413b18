import { assertEquals, assertLess } from "../support/assert.ts";
import {
  describeJoiningSites,
  describeManySites,
  runJoiningSites,
  runManySites,
} from "./many_sites.ts";

Deno.test("every site gets every other's updates, at the cost of one message a site", () => {
  const result = runManySites(20);
  console.log(describeManySites(result));
  assertEquals(result.missing, 0);
  assertEquals(result.hubParams, 20 * 101);
  assertEquals(result.messagesPerUpdate, 20);
});

Deno.test("sites that join one after the other are told of by and by, each is told at once", () => {
  const result = runJoiningSites(120);
  console.log(describeJoiningSites(result));
  // Told at once, each of 120 would hear 120 times of up to 120 claims: 11 MB.
  assertLess(result.declaredBytes, 6_000_000);
  assertEquals(result.knownToLast, 120);
});
