import { type Action, ACTIONS, includes, parseScope, ScopeError } from "../../../src/auth/scope.ts";
import {
  assertEquals,
  assertLess,
  assertStringIncludes,
  assertThrows,
} from "../../support/assert.ts";

Deno.test("parseScope() reads each action with its pattern", () => {
  for (const action of ACTIONS) {
    const text = `${action}:/site-a/**`;
    const scope = parseScope(text);
    assertEquals([scope.text, scope.action, scope.pattern.text], [text, action, "/site-a/**"]);
  }
  assertEquals(parseScope("read:/a:b").pattern.text, "/a:b");
});

Deno.test("parseScope() refuses what is no scope, and says why", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "ACTION:PATTERN"],
    ["read", "ACTION:PATTERN"],
    ["/site-a/**", "ACTION:PATTERN"],
    [":/a", 'read, write or admin, not ""'],
    ["Read:/a", 'read, write or admin, not "Read"'],
    ["r:/a", 'read, write or admin, not "r"'],
    ["*:/a", 'read, write or admin, not "*"'],
    ["read :/a", 'not "read "'],
    ["read:", 'it must start with "/"'],
    ["read: /a", 'it must start with "/"'],
    ["read:/", "at least one segment"],
    ["read:/a/**b", '"**" must fill a whole segment'],
    ["read:/a\n", "control characters"],
    [`read:/${"a".repeat(1_024)}`, "1024 bytes"],
  ];
  for (const [text, reason] of cases) {
    assertStringIncludes(assertThrows(() => parseScope(text), ScopeError).message, reason);
  }
});

Deno.test("parseScope() quotes the beginning of a long text only", () => {
  const { message } = assertThrows(() => parseScope("x".repeat(100_000)), ScopeError);
  assertLess(message.length, 400);
});

Deno.test("admin includes write, and write includes read", () => {
  const included = (held: Action) => ACTIONS.filter((wanted) => includes(held, wanted));
  assertEquals(included("read"), ["read"]);
  assertEquals(included("write"), ["read", "write"]);
  assertEquals(included("admin"), ["read", "write", "admin"]);
});
