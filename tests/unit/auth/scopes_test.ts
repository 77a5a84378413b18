import { parsePattern } from "../../../src/address/pattern.ts";
import { ScopeError } from "../../../src/auth/scope.ts";
import { Scopes } from "../../../src/auth/scopes.ts";
import { SCOPES_COSTLY_MAX, SCOPES_PER_TOKEN_MAX } from "../../../src/limits.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

Deno.test("scopes allow what one of them allows", () => {
  const scopes = Scopes.parse(["read:/**", "write:/site-a/**", "admin:/desk/*"]);
  const allowed: readonly (readonly ["read" | "write" | "admin", string, boolean])[] = [
    ["read", "/anything/at/all", true],
    ["write", "/site-a", true],
    ["write", "/site-a/fader/1", true],
    ["write", "/site-b/fader/1", false],
    ["admin", "/site-a/fader/1", false],
    ["admin", "/desk/1", true],
    ["write", "/desk/1", true],
    ["write", "/desk/1/2", false],
  ];
  for (const [action, address, wanted] of allowed) {
    assertEquals(scopes.allows(action, address), wanted, `${action} ${address}`);
  }
});

Deno.test("no scopes allow nothing", () => {
  const none = Scopes.parse([]);
  assert(!none.allows("read", "/a"));
  assert(!none.coversPattern("read", parsePattern("/a")));
  assertEquals(none.beyond(none), undefined);
});

Deno.test("a pattern is covered by a scope that covers it whole, with its action or a greater one", () => {
  const scopes = Scopes.parse(["read:/site-a/**", "write:/site-a/*/fader"]);
  const covers = (action: "read" | "write", text: string) =>
    scopes.coversPattern(action, parsePattern(text));
  assert(covers("read", "/site-a/**"));
  assert(covers("read", "/site-a/stage/**"));
  assert(covers("write", "/site-a/stage/fader"));
  assert(covers("write", "/site-a/zone*/fader"));
  assert(!covers("write", "/site-a/**"));
  assert(!covers("write", "/site-a/**/fader"));
  assert(!covers("read", "/**"));
  assert(!covers("read", "/*/stage"));
});

Deno.test("several scopes cover a pattern together, whatever their actions", () => {
  const pattern = parsePattern("/site-a/**");
  const together = Scopes.parse(["read:/site-a", "write:/site-a/*", "admin:/site-a/*/*/**"]);
  assert(together.coversPattern("read", pattern));
  assert(!together.coversPattern("write", pattern));
  assert(!Scopes.parse(["read:/site-a/*", "read:/site-a/*/**"]).coversPattern("read", pattern));
  assert(!Scopes.parse(["read:/site-a", "read:/site-a/*/*/**"]).coversPattern("read", pattern));
});

Deno.test("scopes within others are found to be, and the first beyond them is named", () => {
  const parent = Scopes.parse(["read:/**", "write:/site-a/**"]);
  const beyond = (...texts: string[]) => parent.beyond(Scopes.parse(texts))?.text;
  assertEquals(beyond(), undefined);
  assertEquals(beyond("read:/**", "write:/site-a/**"), undefined);
  assertEquals(beyond("read:/site-b/*", "write:/site-a/x"), undefined);
  assertEquals(beyond("read:/**", "write:/site-b/**"), "write:/site-b/**");
  assertEquals(beyond("admin:/site-a/**"), "admin:/site-a/**");
  assertEquals(beyond("write:/**"), "write:/**");
  assertEquals(beyond("write:/*/x"), "write:/*/x");
  assertEquals(
    Scopes.parse(["write:/a/*"]).beyond(Scopes.parse(["write:/a/**/x"]))?.action,
    "write",
  );
});

Deno.test("a token has a bounded number of scopes", () => {
  const texts = (count: number) => Array.from({ length: count }, (_, i) => `read:/zone/${i}`);
  assertEquals(Scopes.parse(texts(SCOPES_PER_TOKEN_MAX)).all.length, SCOPES_PER_TOKEN_MAX);
  assertThrows(() => Scopes.parse(texts(SCOPES_PER_TOKEN_MAX + 1)), ScopeError, "at most 64");
});

Deno.test("a token has a smaller number of scopes that are dear to compare", () => {
  const texts = (count: number) => Array.from({ length: count }, (_, i) => `read:/**/zone/${i}`);
  const ends = Array.from({ length: SCOPES_COSTLY_MAX + 1 }, (_, i) => `read:/zone/${i}/**`);
  Scopes.parse([...texts(SCOPES_COSTLY_MAX), ...ends]);
  assertThrows(() => Scopes.parse(texts(SCOPES_COSTLY_MAX + 1)), ScopeError, "at most 8");
});
