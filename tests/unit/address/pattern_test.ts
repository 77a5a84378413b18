import { AddressError, parseAddress } from "../../../src/address/address.ts";
import { matches, parsePattern, patternProblem } from "../../../src/address/pattern.ts";
import { ADDRESS_SEGMENTS_MAX, PATTERN_WILDCARDS_MAX } from "../../../src/limits.ts";
import { assert, assertEquals, assertLess, assertThrows } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";
import { MATCH_CASES } from "./cases.ts";
import {
  enumeratePaths,
  enumerateTexts,
  randomPath,
  referenceMatches,
  referenceRegex,
} from "./reference.ts";

Deno.test("parsePattern() tells the kinds of segments apart", () => {
  assertEquals(parsePattern("/a/b*c*/*/**").segments, [
    { kind: "literal", text: "a" },
    { kind: "partial", text: "b*c*", parts: ["b", "c", ""] },
    { kind: "star", text: "*" },
    { kind: "globstar", text: "**" },
  ]);
  assertEquals(parsePattern("/a/b").isLiteral, true);
  assertEquals(parsePattern("/a/b*").isLiteral, false);
  assertEquals(parsePattern("/a/?").isLiteral, true);
});

Deno.test("patternProblem() refuses ** inside a longer segment", () => {
  for (const text of ["/a/**b", "/a**", "/a/***", "/****", "/a**b/c", "/**/b**", "/*/**a/**"]) {
    assertEquals(patternProblem(text), `"**" must fill a whole segment`, text);
  }
  for (const text of ["/**", "/a/**", "/**/a", "/**/**", "/a*b*c/*/**", "/*a*"]) {
    assertEquals(patternProblem(text), undefined, text);
  }
});

Deno.test("patternProblem() bounds the wildcards and counts ** as one", () => {
  for (const wildcard of ["/*", "/**", "/a*", "/*a"]) {
    assertEquals(patternProblem(wildcard.repeat(PATTERN_WILDCARDS_MAX)), undefined);
    assert(patternProblem(wildcard.repeat(PATTERN_WILDCARDS_MAX + 1))?.includes("wildcards"));
  }
});

Deno.test("patternProblem() applies the rules of addresses", () => {
  for (const text of ["", "a", "*", "**", "/", "/*/", "//*", "/*\n", "/\ud800*"]) {
    assert(patternProblem(text) !== undefined, text);
  }
});

Deno.test("parsePattern() throws an AddressError with the text and the reason", () => {
  const error = assertThrows(() => parsePattern("/a/**b"), AddressError);
  assertEquals(error.message, `Cannot parse pattern "/a/**b": "**" must fill a whole segment`);
});

for (const [pattern, address, expected] of MATCH_CASES) {
  Deno.test(`matches(): ${pattern} ${expected ? "takes" : "leaves"} ${address}`, () => {
    assertEquals(matches(parsePattern(pattern), address), expected);
    assertEquals(matches(parsePattern(pattern), parseAddress(address)), expected);
    assertEquals(referenceMatches(pattern, address), expected, "reference");
  });
}

Deno.test("matches() agrees with the reference on all short patterns and addresses", () => {
  const addresses = enumeratePaths(["a", "b", "ab", "c"], 4);
  for (const pattern of enumeratePaths(["a", "b", "*", "**", "a*", "*b"], 3)) {
    const parsed = parsePattern(pattern);
    const regex = referenceRegex(pattern);
    for (const address of addresses) {
      if (matches(parsed, address) !== regex.test(address)) {
        throw new Error(`matches(${pattern}, ${address}) is wrong`);
      }
    }
  }
});

Deno.test("matches() agrees with the reference on all short partial segments", () => {
  const texts = enumerateTexts("ab", 6);
  for (const segment of enumerateTexts("ab*", 5)) {
    if (segment.includes("**")) continue;
    const parsed = parsePattern(`/${segment}/x`);
    const regex = referenceRegex(`/${segment}/x`);
    for (const text of texts) {
      const address = `/${text}/x`;
      if (matches(parsed, address) !== regex.test(address)) {
        throw new Error(`matches(/${segment}/x, ${address}) is wrong`);
      }
    }
  }
});

Deno.test("matches() agrees with the reference on random longer patterns", () => {
  const random = createPrng(1);
  let taken = 0;
  for (let round = 0; round < 20_000; round++) {
    const pattern = randomPath(random, ["a", "b", "*", "**", "a*", "*b", "**"], 8);
    const address = randomPath(random, ["a", "b", "ab"], 12);
    const expected = referenceMatches(pattern, address);
    if (expected) taken++;
    assertEquals(matches(parsePattern(pattern), address), expected, `${pattern} ${address}`);
  }
  assert(taken > 1_000, `only ${taken} matched`);
});

Deno.test("matches() does not take for ever on many globstars", () => {
  const pattern = parsePattern("/**/a".repeat(PATTERN_WILDCARDS_MAX) + "/b");
  const address = "/a".repeat(ADDRESS_SEGMENTS_MAX);
  const start = performance.now();
  for (let round = 0; round < 100; round++) assertEquals(matches(pattern, address), false);
  // 7e11 ways to place them, if each was tried.
  assertLess(performance.now() - start, 1_000);
});

Deno.test("matches() does not take for ever on many stars in a segment", () => {
  const pattern = parsePattern(`/${"a*".repeat(PATTERN_WILDCARDS_MAX)}b`);
  const address = `/${"a".repeat(1_000)}`;
  const start = performance.now();
  for (let round = 0; round < 100; round++) assertEquals(matches(pattern, address), false);
  assertLess(performance.now() - start, 1_000);
});
