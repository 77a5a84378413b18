import { addressProblem } from "../../src/address/address.ts";
import { covers, overlaps } from "../../src/address/coverage.ts";
import { matches, parsePattern } from "../../src/address/pattern.ts";
import { PatternIndex } from "../../src/address/pattern_index.ts";

const ADDRESS = "/site-a/stage/zone5/fader/17";

for (const count of [10, 1_000, 100_000]) {
  const index = new PatternIndex<number>();
  for (const text of ["/**", "/site-a/**", "/site-a/*/zone*/**"]) index.add(parsePattern(text), 0);
  for (let n = 0; n < count; n++) {
    index.add(parsePattern(`/site-${n % 100}/stage/zone${n}*/fader/${n}`), n);
  }
  let found = 0;
  Deno.bench(`index look-up, 3 of ${count + 3} match`, { group: "index" }, () => {
    index.forEachMatch(ADDRESS, () => found++);
  });
}

Deno.bench("addressProblem", () => {
  addressProblem(ADDRESS);
});

for (const text of [ADDRESS, "/site-a/**", "/**/fader/*", "/site-a/*/zone5*/**"]) {
  const pattern = parsePattern(text);
  Deno.bench(`matches ${text}`, { group: "matches" }, () => {
    matches(pattern, ADDRESS);
  });
}

const PAIRS: readonly (readonly [string, string])[] = [
  ["/site-a/**", "/site-b/**"],
  ["/site-a/**", "/site-a/stage/**"],
  ["/site-a/*/zone*/**", "/site-a/stage/zone5*/**"],
  [
    "/**/x/**/*/*/*/*/*/*/*/*/x/x/x/x/x/x/x/y/x/y/y/x",
    "/x/**/x/**/**/x/**/x/**/x/**/x/**/x/x/x/x/x/x/**/x/**/x/x/y/x/x/y/x/**/x/x",
  ],
];

for (const [textA, textB] of PAIRS) {
  const [a, b] = [parsePattern(textA), parsePattern(textB)];
  Deno.bench(`covers ${textA} ${textB}`, { group: "covers" }, () => {
    covers(a, b);
  });
  Deno.bench(`overlaps ${textA} ${textB}`, { group: "overlaps" }, () => {
    overlaps(a, b);
  });
}
