import { assertEquals, assertGreater } from "../support/assert.ts";
import { describeLinkCuts, isClean, runLinkCuts } from "./link_cuts.ts";

Deno.test("link cuts under load leave no difference, and bring no event twice or late", () => {
  const result = runLinkCuts(110);
  console.log(describeLinkCuts(result));
  assertEquals(isClean(result), true);
  // One of the cuts lasted longer than an event lives.
  assertGreater(result.missing, 0);
});
