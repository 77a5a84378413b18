import { LinkErrors } from "../../../../src/edge/http/link_errors.ts";
import { LINK_ERRORS_KEPT_MAX } from "../../../../src/limits.ts";
import { assertEquals } from "../../../support/assert.ts";

Deno.test("LinkErrors keeps the last refusal of a link, and of so many links only", () => {
  const errors = new LinkErrors();
  const refuse = (routerId: string, code: number, atMs: number) =>
    errors.apply({ type: "refused", routerId, code, message: "no" }, atMs);
  refuse("a", 403, 1);
  refuse("a", 409, 2);
  errors.apply({ type: "connected", routerId: "a" }, 3);
  assertEquals(errors.get("a"), { code: 409, message: "no", atMs: 2 });
  for (let i = 0; i < LINK_ERRORS_KEPT_MAX - 1; i++) refuse(`site ${i}`, 403, 10);
  refuse("a", 429, 20);
  refuse("one more", 403, 30);
  assertEquals(errors.get("site 0"), undefined);
  assertEquals(errors.get("a")?.code, 429);
});
