/** What the tests hold src/address against: a slow matcher, and patterns to try it on. */

import type { Prng } from "../../support/prng.ts";

/** A matcher that shares nothing with the real one: the pattern as a regular expression. */
export function referenceRegex(pattern: string): RegExp {
  const source = pattern.slice(1).split("/").map((segment) => {
    if (segment === "**") return "(?:/[^/]+)*";
    if (segment === "*") return "/[^/]+";
    return "/" + segment.split("*").map(escapeRegex).join("[^/]*");
  });
  return new RegExp(`^${source.join("")}$`, "su");
}

/** Whether the reference says that a pattern matches an address. */
export function referenceMatches(pattern: string, address: string): boolean {
  return referenceRegex(pattern).test(address);
}

/** All paths of 1 to `segmentsMax` of the given segments. */
export function enumeratePaths(segments: readonly string[], segmentsMax: number): string[] {
  const paths: string[] = [];
  let longest = [""];
  for (let length = 1; length <= segmentsMax; length++) {
    longest = longest.flatMap((path) => segments.map((segment) => `${path}/${segment}`));
    paths.push(...longest);
  }
  return paths;
}

/** All texts of 1 to `unitsMax` of the given characters. */
export function enumerateTexts(characters: string, unitsMax: number): string[] {
  const texts: string[] = [];
  let longest = [""];
  for (let length = 1; length <= unitsMax; length++) {
    longest = longest.flatMap((text) => [...characters].map((character) => text + character));
    texts.push(...longest);
  }
  return texts;
}

/** A path of 1 to `segmentsMax` of the given segments. */
export function randomPath(
  random: Prng,
  segments: readonly string[],
  segmentsMax: number,
): string {
  let path = "";
  for (let left = 1 + random.nextInt(segmentsMax); left > 0; left--) {
    path += `/${random.pick(segments)}`;
  }
  return path;
}

function escapeRegex(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/gu, (character) => `\\${character}`);
}
