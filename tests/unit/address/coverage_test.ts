import { covers, overlaps } from "../../../src/address/coverage.ts";
import { matches, parsePattern } from "../../../src/address/pattern.ts";
import type { Pattern } from "../../../src/address/pattern.ts";
import { assert, assertEquals, assertLess } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";
import type { Prng } from "../../support/prng.ts";
import { enumeratePaths, enumerateTexts, randomPath, referenceRegex } from "./reference.ts";

const COVERS_CASES: readonly (readonly [string, string, boolean])[] = [
  ["/a", "/a", true],
  ["/a", "/b", false],
  ["/a", "/a/b", false],
  ["/a", "/a*", false],
  ["/a/b", "/a", false],
  ["/a/b", "/a/**", false],
  ["/a/**", "/a", true],
  ["/a/**", "/a/b/*", true],
  ["/a/**", "/a/**", true],
  ["/a/**", "/a*", false],
  ["/a/**", "/**", false],
  ["/a/**/b", "/a/**", false],
  ["/a/**", "/a/**/b", true],
  ["/a/*", "/a/**", false],
  ["/a/*/**", "/a", false],
  ["/a/*/**", "/a/*", true],
  ["/a/*/**", "/a/b/c", true],
  ["/a/*/**", "/a/**", false],
  ["/a/**/*", "/a/*/**", true],
  ["/a/*/**", "/a/**/*", true],
  ["/*", "/zone*", true],
  ["/zone*", "/*", false],
  ["/**/**", "/**", true],
  ["/**", "/**/**", true],
  // Every address has a segment.
  ["/*/**", "/**", true],
  ["/**/*/**", "/**/**", true],
  ["/*/*/**", "/**", false],
  ["/**/a/**", "/**/a/**/a/**", true],
  ["/**/a/**/a/**", "/**/a/**", false],
  ["/**/a/**/a/**", "/**/a/a/**", true],
  ["/**/a/*/**", "/**/a/**/a", true],
  ["/**/a/**/b", "/**/a/b", true],
  ["/**/a/b", "/**/a/**/b", false],
  ["/a*", "/ab*c", true],
  ["/ab*c", "/a*", false],
  ["/*b*", "/ab", true],
  ["/*b*", "/a*b", true],
  ["/a*b", "/a*c*b", true],
  ["/a*c*b", "/a*b", false],
  ["/a*", "/*a", false],
  ["/*a*b*", "/*ab*", true],
  ["/*ab*", "/*a*b*", false],
  ["/a*a", "/a", false],
  ["/a*/**", "/ab/c*", true],
  ["/site-a/**", "/site-b/**", false],
];

const OVERLAPS_CASES: readonly (readonly [string, string, boolean])[] = [
  ["/a", "/a", true],
  ["/a", "/b", false],
  ["/a", "/a/b", false],
  ["/a", "/*", true],
  ["/a/**", "/a", true],
  ["/a/**", "/b/**", false],
  ["/a/**", "/**/b", true],
  ["/a/**", "/b/**/a", false],
  ["/a/*", "/*/b", true],
  ["/a/*", "/a", false],
  ["/**/a", "/**/b", false],
  ["/**/a/**", "/**/b/**", true],
  ["/*/*", "/*", false],
  ["/*/*/**", "/a", false],
  ["/a*", "/*b", true],
  ["/a*", "/b*", false],
  ["/*a", "/*b", false],
  ["/ab*", "/a*c", true],
  ["/*x*", "/*y*", true],
  ["/a*a", "/a", false],
  ["/ab*ba", "/aba*", true],
  ["/a*/x", "/*b/y", false],
];

for (const [a, b, expected] of COVERS_CASES) {
  Deno.test(`covers(): ${a} ${expected ? "covers" : "does not cover"} ${b}`, () => {
    assertEquals(covers(parsePattern(a), parsePattern(b)), expected);
  });
}

for (const [a, b, expected] of OVERLAPS_CASES) {
  Deno.test(`overlaps(): ${a} and ${b} ${expected ? "overlap" : "share nothing"}`, () => {
    assertEquals(overlaps(parsePattern(a), parsePattern(b)), expected);
    assertEquals(overlaps(parsePattern(b), parsePattern(a)), expected);
  });
}

// Why addresses of up to 5 segments are enough for patterns a and b of up to 3:
//
// Overlap. A shortest common address has no segment that both take with a "**", so it is no longer
// than the other segments of both: at most 2 + 2 with a "**" in each, 3 if one has none.
//
// Coverage. Take a shortest address that b matches and a does not. If a has no "**", it matches one
// length of at most 3, and b matches something of another length of at most 3 or of the same one.
// If a has a "**" it has at most 2 other segments. Let a "**" of b take r segments of our address;
// they may as well be equal and fresh. Had it taken r - 1, then a would match (ours is shortest),
// and with r - 1 >= 2 either one of these fell to a "**" of a, which could have taken one more, or
// all of a's other segments are "*" and a takes any address that is long enough; a contradiction
// both ways. So r <= 2, and b is at most two "**" around one segment: 2 + 1 + 2.
//
// The segments below contain one for each thing that a wildcard here may need to stand for: "c" for
// `*`, "ac" and "cb" for `a*` and `*b`, where "c" is in no pattern, and "ab" for both at once.
Deno.test("covers() and overlaps() are exact for all patterns of up to 3 segments", () => {
  const addresses = enumeratePaths(["a", "b", "ab", "c", "ac", "cb"], 5);
  const patterns = enumeratePaths(["a", "b", "ab", "*", "**", "a*", "*b"], 3);
  assertExact(patterns, addresses);
});

// Here a counterexample to coverage is b's segment with "c" for each "*" (at most 4 characters), and
// a common segment is no longer than the literal characters of both (3 + 3, or 4 without a "*").
Deno.test("covers() and overlaps() are exact for all partial segments of up to 4 characters", () => {
  const addresses = enumerateTexts("abc", 6).map((text) => `/${text}`);
  const patterns = enumerateTexts("ab*", 4).map((text) => `/${text}`)
    .filter((text) => !text.includes("**"));
  assertExact(patterns, addresses);
});

/** Compares the sets of addresses that the reference matches, for every pair. */
function assertExact(patterns: readonly string[], addresses: readonly string[]): void {
  const parsed = patterns.map(parsePattern);
  const sets = patterns.map((pattern) => matchedSet(pattern, addresses));
  let covered = 0;
  let overlapping = 0;
  for (const [i, a] of parsed.entries()) {
    for (const [j, b] of parsed.entries()) {
      const { contains, meets } = compareSets(sets[i], sets[j]);
      if (covers(a, b) !== contains) throw new Error(`covers(${a.text}, ${b.text}): ${!contains}`);
      if (overlaps(a, b) !== meets) throw new Error(`overlaps(${a.text}, ${b.text}): ${!meets}`);
      covered += Number(contains);
      overlapping += Number(meets);
    }
  }
  assert(covered > patterns.length && covered < overlapping);
}

function matchedSet(pattern: string, addresses: readonly string[]): Uint32Array {
  const regex = referenceRegex(pattern);
  const set = new Uint32Array(Math.ceil(addresses.length / 32));
  for (const [index, address] of addresses.entries()) {
    if (regex.test(address)) set[index >>> 5] = (set[index >>> 5] ?? 0) | (1 << (index & 31));
  }
  return set;
}

function compareSets(
  a: Uint32Array = new Uint32Array(),
  b: Uint32Array = new Uint32Array(),
): { contains: boolean; meets: boolean } {
  let contains = true;
  let meets = false;
  for (let index = 0; index < b.length; index++) {
    const [left, right] = [a[index] ?? 0, b[index] ?? 0];
    if ((right & ~left) !== 0) contains = false;
    if ((left & right) !== 0) meets = true;
  }
  return { contains, meets };
}

const SEGMENTS = ["a", "b", "ab", "x", "*", "**", "a*", "*b", "*x*"];

/** Replaces some segments by wider ones, so that the result often covers the given pattern. */
function widened(pattern: string, random: Prng): string {
  const segments = pattern.slice(1).split("/").map((segment) => {
    if (random.nextInt(3) !== 0 || segment === "**") return segment;
    return random.pick(["*", "**", "**", "*/**", segment.includes("*") ? "*" : `${segment}*`]);
  });
  return `/${segments.join("/")}`;
}

/**
 * Texts of b with "#" for each "*", and up to `longest` times "/#" for each "**": if a matches all
 * of them, it matches all that b does (see above), as long as it has less segments than `longest`.
 */
function samples(b: string, longest: number): string[] {
  let texts = [""];
  for (const segment of b.slice(1).split("/")) {
    const choices = segment === "**"
      ? Array.from({ length: longest + 1 }, (_, times) => "/#".repeat(times))
      : [`/${segment.replaceAll("*", "#")}`];
    texts = texts.flatMap((text) => choices.map((choice) => text + choice));
  }
  return texts.filter((text) => text !== "");
}

function isPattern(text: string, segmentsMax: number): boolean {
  const segments = text.split("/");
  const wildcards = segments.reduce(
    (sum, segment) => sum + (segment.match(/\*+/g)?.length ?? 0),
    0,
  );
  return segments.length - 1 <= segmentsMax && wildcards <= 10;
}

Deno.test("covers() is exact for random pairs of longer patterns", () => {
  const random = createPrng(2);
  const found = { true: 0, false: 0 };
  for (let round = 0; round < 6_000; round++) {
    const b = randomPath(random, SEGMENTS, 6);
    const a = random.nextInt(4) === 0 ? randomPath(random, SEGMENTS, 6) : widened(b, random);
    if (!isPattern(a, 7) || !isPattern(b, 6) || b.split("**").length > 4) continue;
    const regex = referenceRegex(a);
    const expected = samples(b, 8).every((text) => regex.test(text));
    assertEquals(covers(parsePattern(a), parsePattern(b)), expected, `${a} ${b}`);
    found[`${expected}`]++;
  }
  assert(found.true > 1_000 && found.false > 1_000, JSON.stringify(found));
});

Deno.test("covers() is exact for patterns as long as they may be", () => {
  const random = createPrng(3);
  const found = { true: 0, false: 0 };
  for (let round = 0; round < 400; round++) {
    const literals = Array.from({ length: 28 + random.nextInt(4) }, () => random.pick(["a", "b"]));
    literals[random.nextInt(4)] = "**";
    const b = `/${literals.join("/")}`;
    // The more a starts with, the less likely it covers b.
    const start = random.pick(["", "/**", "/**/a", "/**/b/*"]);
    const a = `${start}/${
      literals.slice(random.nextInt(3)).map((segment) => random.nextInt(8) === 0 ? "*" : segment)
        .join(
          "/",
        )
    }`;
    if (!isPattern(a, 32) || !isPattern(b, 32)) continue;
    const regex = referenceRegex(a);
    const expected = samples(b, 33).every((text) => regex.test(text));
    assertEquals(covers(parsePattern(a), parsePattern(b)), expected, `${a} ${b}`);
    found[`${expected}`]++;
  }
  assert(found.true > 50 && found.false > 50, JSON.stringify(found));
});

/** An address that a pattern matches, at random. */
function sampleAddress(pattern: Pattern, random: Prng): string {
  let address = "";
  for (const { kind, text } of pattern.segments) {
    if (kind === "globstar") {
      for (let left = random.nextInt(4); left > 0; left--) {
        address += `/${random.pick(["a", "b", "ab", "x", "q"])}`;
      }
    } else if (kind === "star") {
      address += `/${random.pick(["a", "b", "ab", "x", "q"])}`;
    } else {
      address += `/${text.replaceAll("*", () => random.pick(["", "a", "b", "x", "q"]))}`;
    }
  }
  return address === "" ? "/a" : address;
}

Deno.test("covers() and overlaps() are never contradicted by an address", () => {
  const random = createPrng(4);
  for (let round = 0; round < 4_000; round++) {
    const [textA, textB] = [randomPath(random, SEGMENTS, 10), randomPath(random, SEGMENTS, 10)];
    if (!isPattern(textA, 10) || !isPattern(textB, 10)) continue;
    const a = parsePattern(textA);
    const b = parsePattern(random.nextInt(2) === 0 ? textB : widenedWithin(textA, random));
    const isCovered = covers(a, b);
    const isOverlapping = overlaps(a, b);
    assertEquals(isOverlapping, overlaps(b, a));
    assert(isOverlapping || !isCovered);
    for (let sample = 0; sample < 10; sample++) {
      const address = sampleAddress(b, random);
      assert(matches(b, address), `${b.text} ${address}`);
      const isShared = matches(a, address);
      assert(isShared || !isCovered, `${a.text} covers ${b.text}? ${address}`);
      assert(!isShared || isOverlapping, `${a.text} overlaps ${b.text}? ${address}`);
    }
  }
});

function widenedWithin(text: string, random: Prng): string {
  const wider = widened(text, random);
  return isPattern(wider, 32) ? wider : text;
}

Deno.test("covers() and overlaps() answer quickly for hostile patterns", () => {
  const hostile = [
    "/**",
    "/**/x/*/*/*/*/*/*/*/*",
    "/**/x/*/*/*/*/**/*/*/*/*/x",
    "/**/x".repeat(10),
    "/**/x/*/*/*/*/*/*/*/*/*" + "/x".repeat(21),
    "/**/x".repeat(10) + "/x".repeat(12),
    // The worst that a search over mutated patterns came upon.
    "/**/x/**/*/*/*/*/*/*/*/*/x/x/x/x/x/x/x/y/x/y/y/x",
    "/x/**/x/**/**/x/**/x/**/x/**/x/**/x/x/x/x/x/x/**/x/**/x/x/y/x/x/y/x/**/x/x",
    `/**/${"a*".repeat(9)}${"a".repeat(900)}b`,
    `/**/${"a".repeat(900)}*`,
    "/**" + "/*a*a*a".repeat(3) + "/a".repeat(28),
  ].map(parsePattern);
  for (const a of hostile) {
    for (const b of hostile) {
      const start = performance.now();
      covers(a, b);
      overlaps(a, b);
      // Measured: less than 0.2 ms once compiled.
      assertLess(performance.now() - start, 100, `${a.text} ${b.text}`);
    }
  }
});
