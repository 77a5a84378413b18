/** The part of `@std/text` that the command line uses, as `deno-std` publishes it without types. */
export declare function closestString(
  givenWord: string,
  possibleWords: readonly string[],
  options?: { readonly caseSensitive?: boolean },
): string;
export declare function levenshteinDistance(a: string, b: string): number;
