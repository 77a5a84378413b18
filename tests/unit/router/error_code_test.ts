import { ERROR_CODE, toErrorMessage } from "../../../src/router/error_code.ts";
import { assert, assertLess, assertStringIncludes } from "../../support/assert.ts";

Deno.test("toErrorMessage() leaves out the middle of a long text, so that it says why", () => {
  const { message } = toErrorMessage({
    code: ERROR_CODE.invalidAddress,
    message: `Lock of "${"/\u{1F3AD}".repeat(20_000)}" refused: it is too long`,
  });
  assertLess(message.length, 4_100);
  assert(message.isWellFormed());
  assertStringIncludes(message, 'Lock of "/');
  assertStringIncludes(message, "refused: it is too long");
});
