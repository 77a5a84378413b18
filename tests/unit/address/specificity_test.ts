import { covers } from "../../../src/address/coverage.ts";
import { parsePattern } from "../../../src/address/pattern.ts";
import { compareSpecificity } from "../../../src/address/specificity.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";
import { enumeratePaths } from "./reference.ts";

const ORDERED: readonly (readonly [string, string])[] = [
  ["/a", "/a*"],
  ["/a*", "/*"],
  ["/*", "/**"],
  ["/a/b", "/a/*"],
  ["/a/*", "/a/**"],
  ["/a/*/c", "/*/b/c"],
  ["/a/**", "/*/b"],
  ["/a/**", "/**/b/c/d"],
  ["/a/stage/**", "/a/**"],
  ["/a/**/b", "/a/**"],
  ["/a/b", "/a"],
  ["/a/*/*", "/a/*"],
  // A claim for one address holds against the one for all below it.
  ["/a", "/a/**"],
  ["/**", "/**/**"],
  ["/zone5*", "/zone*"],
  ["/zone5*/**", "/zone*/**"],
  ["/a*b", "/a*b*"],
  // Whatever is before, the kind of a later segment counts more.
  ["/z*/a", "/zone*/*"],
  ["/a", "/b"],
  ["/B", "/a"],
];

for (const [more, less] of ORDERED) {
  Deno.test(`compareSpecificity(): ${more} is more specific than ${less}`, () => {
    assertGreater(compareSpecificity(parsePattern(more), parsePattern(less)), 0);
    assertLess(compareSpecificity(parsePattern(less), parsePattern(more)), 0);
  });
}

const SEGMENTS = ["a", "b", "ab", "*", "**", "a*", "*b", "*b*"];

Deno.test("compareSpecificity() is antisymmetric, and 0 for the same text only", () => {
  const patterns = enumeratePaths(SEGMENTS, 3).map(parsePattern);
  for (const a of patterns) {
    for (const b of patterns) {
      const sign = Math.sign(compareSpecificity(a, b));
      assert(sign === -Math.sign(compareSpecificity(b, a)), `${a.text} ${b.text}`);
      assert((sign === 0) === (a.text === b.text), `${a.text} ${b.text}`);
    }
  }
});

Deno.test("compareSpecificity() is transitive", () => {
  // In a transitive order each pattern beats exactly those that a sort puts behind it.
  const patterns = enumeratePaths(SEGMENTS, 3).map(parsePattern);
  const random = createPrng(1);
  for (let index = patterns.length - 1; index > 0; index--) {
    const other = random.nextInt(index + 1);
    [patterns[index], patterns[other]] = [
      patterns[other] ?? parsePattern("/a"),
      patterns[index] ?? parsePattern("/a"),
    ];
  }
  patterns.sort((a, b) => compareSpecificity(b, a));
  for (const [i, a] of patterns.entries()) {
    for (const b of patterns.slice(i + 1)) {
      assert(compareSpecificity(a, b) > 0, `${a.text} ${b.text}`);
    }
  }
});

Deno.test("compareSpecificity() prefers a nested pattern of the same shape", () => {
  const patterns = enumeratePaths(["a", "b", "*", "**", "a*", "*b", "ab*", "*b*", "a*b"], 2)
    .map(parsePattern);
  let nested = 0;
  for (const a of patterns) {
    for (const b of patterns) {
      if (shapeOf(a.text) !== shapeOf(b.text) || !covers(a, b) || covers(b, a)) continue;
      nested++;
      assertLess(compareSpecificity(a, b), 0, `${a.text} ${b.text}`);
    }
  }
  assertGreater(nested, 10);
});

function shapeOf(text: string): string {
  return parsePattern(text).segments.map((segment) => segment.kind).join();
}

Deno.test("compareSpecificity() sorts the same whatever the order was", () => {
  const texts = enumeratePaths(SEGMENTS, 2);
  const sorted = (list: string[]): string[] =>
    list.map(parsePattern).sort(compareSpecificity).map((pattern) => pattern.text);
  assertEquals(sorted(texts), sorted(texts.toReversed()));
});
