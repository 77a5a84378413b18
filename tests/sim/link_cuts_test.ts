import { assertEquals } from "../support/assert.ts";
import { describeLinkCuts, isClean, runLinkCuts } from "./link_cuts.ts";

Deno.test("link cuts under load leave no difference, and bring no event twice or late", () => {
  const result = runLinkCuts(40);
  console.log(describeLinkCuts(result));
  assertEquals(isClean(result), true);
});
