import { NAME_BYTES_MAX } from "../../../src/limits.ts";
import { routerIdProblem } from "../../../src/federation/router_id.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("routerIdProblem() counts bytes, not characters", () => {
  for (const text of ["a", "é".repeat(NAME_BYTES_MAX / 2), "r".repeat(NAME_BYTES_MAX)]) {
    assertEquals(routerIdProblem(text), undefined);
  }
  for (
    const text of [
      "",
      "é".repeat(NAME_BYTES_MAX / 2) + "x",
      "r".repeat(NAME_BYTES_MAX + 1),
      "r".repeat(60_000),
    ]
  ) {
    assert(routerIdProblem(text) !== undefined);
  }
});
