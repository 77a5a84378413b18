import { closestString, levenshteinDistance } from "./std_text.ts";

/** `; did you mean X?` when one of the known words is near what was typed, else nothing. */
export function suggestion(typed: string, known: readonly string[]): string {
  if (typed === "" || known.length === 0) return "";
  const nearest = closestString(typed, known, { caseSensitive: true });
  // A third of the letters wrong is a slip; more is another word.
  const slips = Math.max(1, Math.floor(nearest.length / 3));
  return levenshteinDistance(typed, nearest) <= slips ? `; did you mean ${nearest}?` : "";
}
