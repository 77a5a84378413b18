import { assertEquals } from "../support/assert.ts";
import { describeManySites, runManySites } from "./many_sites.ts";

Deno.test("every site gets every other's updates, at the cost of one message a site", () => {
  const result = runManySites(20);
  console.log(describeManySites(result));
  assertEquals(result.missing, 0);
  assertEquals(result.hubParams, 20 * 101);
  assertEquals(result.messagesPerUpdate, 20);
});
