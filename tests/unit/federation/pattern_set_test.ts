import { parsePattern } from "../../../src/address/pattern.ts";
import { PatternSet } from "../../../src/federation/pattern_set.ts";
import { assertEquals } from "../../support/assert.ts";

const ADDRESSES = ["/a", "/a/b", "/ab", "/a/b/c", "/b", "/stage/5/x", "/stage/zone51", "/c"];

function matched(patterns: readonly string[]): string[] {
  const set = new PatternSet(patterns.map(parsePattern));
  return ADDRESSES.filter((address) => set.matches(address));
}

Deno.test("PatternSet: a literal with a final ** matches itself and what is below it, no neighbour", () => {
  assertEquals(matched(["/a/**"]), ["/a", "/a/b", "/a/b/c"]);
  assertEquals(matched(["/a/b/**"]), ["/a/b", "/a/b/c"]);
  assertEquals(matched(["/**"]), ADDRESSES);
  assertEquals(matched([]), []);
});

Deno.test("PatternSet: plain patterns and others are asked together", () => {
  assertEquals(matched(["/a/**", "/stage/*/x", "/stage/zone5*"]), [
    ...["/a", "/a/b", "/a/b/c"],
    ...["/stage/5/x", "/stage/zone51"],
  ]);
  assertEquals(matched(["/**/c"]), ["/a/b/c", "/c"]);
  assertEquals(matched(["/a"]), ["/a"]);
});

Deno.test("PatternSet: many plain patterns match like a few", () => {
  const many = Array.from({ length: 40 }, (_, n) => `/other/${n}/**`);
  assertEquals(matched([...many, "/a/**"]), ["/a", "/a/b", "/a/b/c"]);
});
