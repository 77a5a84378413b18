/**
 * What went wrong, in the system's words, as the end of a sentence; without the number of the
 * error, which differs between systems. Where these say little, what to do is added.
 */
export function failureText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const reason = text
    .replace(/ \(os error -?\d+\)$/, "")
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
  const advice = ADVICE.find(([pattern]) => pattern.test(reason))?.[1];
  return advice === undefined ? reason : `${reason}; ${advice}`;
}

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /invalid peer certificate: (UnknownIssuer|BadSignature)/,
    "nobody who is trusted here has signed it: a private authority is trusted with --ca FILE " +
    "(in code, with ca)",
  ],
  [
    /corrupt message of type InvalidContentType/,
    "it speaks no TLS: is it ws:// there, not wss://?",
  ],
  [
    /does not speak HTTP\/1\.1|HTTP status 426/,
    "if it has a certificate, it is wss:// there, not ws://",
  ],
];
