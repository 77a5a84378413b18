import { PHASE, type PhaseCode, SIGNAL, type SignalCode } from "../wire/message.ts";

/**
 * Whether a publication waits for a link and is sent again until it is acknowledged. A stream sample
 * or a gesture's move is worth nothing once the next has come.
 */
export function isRepeatable(
  { signal, phase }: { readonly signal: SignalCode; readonly phase: PhaseCode },
): boolean {
  if (signal === SIGNAL.gesture) return phase !== PHASE.move;
  return signal !== SIGNAL.stream;
}
