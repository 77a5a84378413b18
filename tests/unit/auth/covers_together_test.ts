import { matches, parsePattern, type Pattern } from "../../../src/address/pattern.ts";
import { coversTogether } from "../../../src/auth/covers_together.ts";
import { assert, assertEquals, assertGreater } from "../../support/assert.ts";
import { createPrng, type Prng } from "../../support/prng.ts";

function together(wide: readonly string[], narrow: string): boolean {
  return coversTogether(wide.map((text) => parsePattern(text)), parsePattern(narrow));
}

Deno.test("patterns cover together what none of them covers alone", () => {
  assert(together(["/a", "/a/*/**"], "/a/**"));
  assert(together(["/a", "/a/*", "/a/*/*/**"], "/a/**"));
  assert(together(["/a/*/**", "/a"], "/a/**"));
  assert(together(["/*", "/*/*/**"], "/**"));
  assert(together(["/a/x", "/a/*/**/x"], "/a/**/x"));
});

Deno.test("patterns with a gap between them do not cover together", () => {
  assert(!together(["/a/*/**", "/b"], "/a/**"));
  assert(!together(["/a", "/a/*"], "/a/**"));
  assert(!together(["/a", "/a/*/*/**"], "/a/**"));
  assert(!together(["/a", "/a/b/**"], "/a/**"));
  assert(!together(["/a/**", "/b/**"], "/**"));
  assert(!together(["/a/*", "/b/*"], "/*/x"));
  assert(!together([], "/a"));
});

Deno.test("the longest patterns are compared like any other", () => {
  const long = "/a".repeat(30);
  assert(together([long, `${long}/*/**`], `${long}/**`));
  assert(!together([long, `${long}/*`], `${long}/**`));
  assert(!together(["/a".repeat(31), `${long}/b/**`], `${"/a".repeat(31)}/**`));
});

Deno.test("patterns that cover together match whatever the narrow one matches", () => {
  const prng = createPrng(7);
  let covered = 0;
  for (let round = 0; round < 20_000; round++) {
    const narrow = randomPattern(prng);
    const wide = Array.from({ length: 3 }, () => randomPattern(prng));
    if (!coversTogether(wide, narrow)) continue;
    covered++;
    for (const address of ADDRESSES) {
      if (!matches(narrow, address)) continue;
      const names = `${wide.map(({ text }) => text)} and ${narrow.text} at ${address}`;
      assertEquals(wide.some((pattern) => matches(pattern, address)), true, names);
    }
  }
  assertGreater(covered, 1_000);
});

/** All addresses of up to five segments of "a" and "b". */
const ADDRESSES: readonly string[] = addressesUpTo(5);

function addressesUpTo(segments: number): string[] {
  if (segments === 0) return [];
  const shorter = ["", ...addressesUpTo(segments - 1)];
  return [
    ...new Set([...shorter.slice(1), ...shorter.flatMap((text) => [`${text}/a`, `${text}/b`])]),
  ];
}

function randomPattern(prng: Prng): Pattern {
  const length = 1 + prng.nextInt(3);
  const segments = Array.from({ length }, () => prng.pick(["a", "b", "*", "**"]));
  return parsePattern(`/${segments.join("/")}`);
}
