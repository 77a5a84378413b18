import { closestString, levenshteinDistance } from "./std_text.ts";

/** `; did you mean X?` when one of the known words is near what was typed, else nothing. */
export function suggestion(typed: string, known: readonly string[]): string {
  if (typed === "" || known.length === 0) return "";
  const nearest = closestString(typed, known, { caseSensitive: true });
  // A third of the letters wrong is a slip; more is another word.
  const slips = Math.max(1, Math.floor(nearest.length / 3));
  const distance = levenshteinDistance(typed, nearest);
  const isNear = distance <= slips || (distance === 2 && haveSameLetters(typed, nearest));
  return isNear ? `; did you mean ${nearest}?` : "";
}

/** Two letters changed places: one slip, however short the word is. */
function haveSameLetters(a: string, b: string): boolean {
  return [...a].sort().join("") === [...b].sort().join("");
}
