import { SIGNAL, type SignalCode } from "./message.ts";

/**
 * Reads the code of a kind of signal. One that is not known is an event, as in the public decoders.
 */
export function toSignalCode(byte: number): SignalCode {
  switch (byte) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      return byte;
    default:
      return SIGNAL.event;
  }
}
