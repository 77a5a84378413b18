import { parsePattern } from "../../../src/address/pattern.ts";
import { PatternIndex } from "../../../src/address/pattern_index.ts";
import { ADDRESS_SEGMENTS_MAX } from "../../../src/limits.ts";
import { assert, assertEquals, assertLess } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";
import { MATCH_CASES } from "./cases.ts";
import { enumeratePaths, randomPath, referenceMatches, referenceRegex } from "./reference.ts";

/** What a look-up delivers, sorted. */
function found(index: PatternIndex<unknown>, address: string): string[] {
  const entries: string[] = [];
  index.forEachMatch(address, (value, pattern) => entries.push(`${pattern.text} ${value}`));
  return entries.sort();
}

for (const [pattern, address, expected] of MATCH_CASES) {
  Deno.test(`PatternIndex: ${pattern} ${expected ? "takes" : "leaves"} ${address}`, () => {
    const index = new PatternIndex<number>();
    index.add(parsePattern(pattern), 1);
    assertEquals(found(index, address), expected ? [`${pattern} 1`] : []);
  });
}

Deno.test("PatternIndex delivers each of all cases at once, once", () => {
  const index = new PatternIndex<number>();
  const patterns = new Set(MATCH_CASES.map(([pattern]) => pattern));
  for (const pattern of patterns) index.add(parsePattern(pattern), 1);
  assertEquals(index.size, patterns.size);
  for (const [, address] of MATCH_CASES) {
    const expected = [...patterns].filter((pattern) => referenceMatches(pattern, address));
    assertEquals(found(index, address), expected.map((pattern) => `${pattern} 1`).sort());
  }
});

Deno.test("PatternIndex keeps several values of a pattern and several patterns of a value", () => {
  const index = new PatternIndex<string>();
  assertEquals(index.add(parsePattern("/a/*"), "x"), true);
  assertEquals(index.add(parsePattern("/a/*"), "y"), true);
  assertEquals(index.add(parsePattern("/a/**"), "x"), true);
  assertEquals(index.add(parsePattern("/a/*"), "x"), false);
  assertEquals(index.size, 3);
  assertEquals(found(index, "/a/b"), ["/a/* x", "/a/* y", "/a/** x"]);
  assertEquals(index.delete(parsePattern("/a/*"), "x"), true);
  assertEquals(index.delete(parsePattern("/a/*"), "x"), false);
  assertEquals(index.delete(parsePattern("/a"), "x"), false);
  assertEquals(index.delete(parsePattern("/q/*"), "x"), false);
  assertEquals(index.size, 2);
  assertEquals(found(index, "/a/b"), ["/a/* y", "/a/** x"]);
});

Deno.test("PatternIndex may be asked again while it delivers", () => {
  const index = new PatternIndex<string>();
  for (const text of ["/**", "/**/a", "/*/**"]) index.add(parsePattern(text), "x");
  let inner = 0;
  let outer = 0;
  index.forEachMatch("/b/a", () => {
    outer++;
    index.forEachMatch("/a", () => inner++);
  });
  assertEquals([outer, inner], [3, 9]);
});

Deno.test("PatternIndex agrees with a list through random additions and removals", () => {
  const random = createPrng(1);
  const segments = ["a", "b", "ab", "*", "**", "a*", "*b", "*b*", "a*b", "*a*b*", "ba*"];
  const patterns = Array.from({ length: 150 }, () => randomPath(random, segments, 4));
  const parsed = new Map(patterns.map((text) => [text, parsePattern(text)]));
  const regexes = new Map(patterns.map((text) => [text, referenceRegex(text)]));
  const addresses = enumeratePaths(["a", "b", "ab", "bab"], 4);
  const index = new PatternIndex<number>();
  const list = new Set<string>();
  for (let round = 0; round < 5_000; round++) {
    const [text, value] = [random.pick(patterns), random.nextInt(3)];
    const pattern = parsed.get(text) ?? parsePattern(text);
    const entry = `${text} ${value}`;
    // Mostly grows in the first half and mostly shrinks in the second.
    if (random.nextInt(5) < (round < 2_500 ? 4 : 1)) {
      assertEquals(index.add(pattern, value), !list.has(entry));
      list.add(entry);
    } else {
      assertEquals(index.delete(pattern, value), list.delete(entry));
    }
    assertEquals(index.size, list.size);
    if (round % 5 !== 0) continue;
    const address = random.pick(addresses);
    const expected = [...list].filter((entry) =>
      regexes.get(entry.split(" ")[0] ?? "")?.test(address)
    );
    assertEquals(found(index, address), expected.sort(), address);
  }
  for (const entry of list) {
    const [text = "", value] = entry.split(" ");
    assert(index.delete(parsePattern(text), Number(value)));
  }
  assertEquals(index.size, 0);
  for (const address of addresses.slice(0, 100)) assertEquals(found(index, address), []);
});

Deno.test("PatternIndex keeps nothing of what was deleted", () => {
  const index = new PatternIndex<number>();
  const patterns = enumeratePaths(["a", "*", "**", "a*", "*b", "a*b*c"], 3).map(parsePattern);
  for (const pattern of patterns) {
    index.add(pattern, 1);
    assertEquals(index.nodeCount, pattern.segments.length, pattern.text);
    index.delete(pattern, 1);
    assertEquals(index.nodeCount, 0, pattern.text);
  }
  const kept = parsePattern("/a/a*/**");
  index.add(kept, 2);
  for (const pattern of patterns) index.add(pattern, 1);
  for (const pattern of patterns) index.delete(pattern, 1);
  assertEquals([index.size, index.nodeCount], [1, 3]);
  assertEquals(found(index, "/a/a"), ["/a/a*/** 2"]);
});

/** The quickest of several rounds of look-ups, milliseconds. */
function lookUpMs(index: PatternIndex<number>, address: string): number {
  let quickest = Infinity;
  for (let round = 0; round < 20; round++) {
    const start = performance.now();
    for (let times = 0; times < 500; times++) index.forEachMatch(address, () => {});
    quickest = Math.min(quickest, performance.now() - start);
  }
  return quickest;
}

const UNRELATED: readonly (readonly [string, (n: number) => string])[] = [
  ["literal", (n) => `/site/stage/fader${n}`],
  ["star", (n) => `/site/*/fader${n}`],
  ["globstar", (n) => `/**/fader${n}`],
  ["prefix", (n) => `/site/stage/fader${n}-*`],
  ["suffix", (n) => `/site/stage/*-fader${n}`],
  ["prefix and suffix", (n) => `/site/stage/fader*-${n}`],
  ["middle", (n) => `/site/stage/*-${n}-*`],
  ["first segment", (n) => `/site${n}/**`],
];

for (const [kind, make] of UNRELATED) {
  Deno.test(`PatternIndex look-up does not slow down with unrelated patterns: ${kind}`, () => {
    const build = (count: number): PatternIndex<number> => {
      const index = new PatternIndex<number>();
      index.add(parsePattern("/site/stage/*"), 0);
      for (let n = 0; n < count; n++) index.add(parsePattern(make(n)), n);
      return index;
    };
    const [few, many] = [build(10), build(10_000)];
    assertEquals(found(many, "/site/stage/fader-x").length, 1);
    lookUpMs(few, "/site/stage/fader-x");
    const ratio = lookUpMs(many, "/site/stage/fader-x") / lookUpMs(few, "/site/stage/fader-x");
    assertLess(ratio, 5);
  });
}

Deno.test("PatternIndex does not take for ever on many globstars", () => {
  const index = new PatternIndex<number>();
  for (let depth = 1; depth <= 10; depth++) {
    index.add(parsePattern("/**/a".repeat(depth)), depth);
    index.add(parsePattern("/**/*".repeat(Math.min(depth, 5))), depth);
    index.add(parsePattern("/**/a".repeat(depth) + "/b"), depth);
  }
  const address = "/a".repeat(ADDRESS_SEGMENTS_MAX);
  const start = performance.now();
  for (let round = 0; round < 100; round++) assertEquals(found(index, address).length, 20);
  assertLess(performance.now() - start, 1_000);
});
