import { PHASE, type PhaseCode, SIGNAL, type SignalCode } from "../wire/message.ts";

/** Whether a publication is worth nothing once there is a newer one: a stream's, or a gesture's move. */
export function isSample(
  { signal, phase }: { readonly signal: SignalCode; readonly phase: PhaseCode },
): boolean {
  return signal === SIGNAL.stream || (signal === SIGNAL.gesture && phase === PHASE.move);
}
