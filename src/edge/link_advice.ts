/** What to do about a link that is not up, by what its reason says; the first that fits. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  // It says itself what to do.
  [/; | --[a-z]|try again later/, ""],
  [/connection refused/i, "is a router running there, and does a firewall let its port through?"],
  [
    /failed to lookup|resolve|name or service|dns/i,
    "this machine does not find the name; check it, or give the address",
  ],
  [
    /timed out|within \d+|no answer to|unreachable|no route|reset by peer/i,
    "look at the network between the two, and whether the other router runs",
  ],
  [/^30[0-2]\b/, "show another token, and look at clasp-fed token list where it is checked"],
  [/^403\b/, "it needs a token with this scope, or other namespaces"],
  [/^409\b/, "change the namespaces or the id of one of them"],
  [/^429\b/, "it sends too much too often; look at what connects again and again"],
  [
    /^503\b|stopping|going away/i,
    "the other router stops or has too much to do; it is tried again",
  ],
  [/^ring\b/, "one of these routers has the wrong hub; see --federation-hub"],
  [/^too deep\b/, "connect it to a hub nearer to the root"],
  [/is no hub of this router any more/, ""],
];
const DEFAULT_ADVICE = "the log of the other router may say why";

/** What to do about a link that is not up, as the end of a sentence. */
export function linkAdvice(reason: string): string {
  const advice = ADVICE.find(([pattern]) => pattern.test(reason))?.[1] ?? DEFAULT_ADVICE;
  return advice === "" ? "" : `; ${advice}`;
}
