/**
 * What went wrong, in the system's words, as the end of a sentence; without the number of the
 * error, which differs between systems.
 */
export function failureText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .replace(/ \(os error -?\d+\)$/, "")
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}
