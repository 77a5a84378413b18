import { isSample } from "../router/is_sample.ts";
import type { PhaseCode, SignalCode } from "../wire/message.ts";

/**
 * Whether a publication waits for a link and is sent again until it is acknowledged. A stream sample
 * or a gesture's move is worth nothing once the next has come.
 */
export function isRepeatable(
  publication: { readonly signal: SignalCode; readonly phase: PhaseCode },
): boolean {
  return !isSample(publication);
}
