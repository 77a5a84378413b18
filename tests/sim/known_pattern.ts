import { parsePattern, type Pattern } from "../../src/address/pattern.ts";

/** There are as many as all topologies have namespaces, imports and subscriptions. */
const KNOWN = new Map<string, Pattern>();

/** A pattern that checkers ask for again and again: parsed once. */
export function knownPattern(text: string): Pattern {
  let pattern = KNOWN.get(text);
  if (pattern === undefined) {
    pattern = parsePattern(text);
    KNOWN.set(text, pattern);
  }
  return pattern;
}
