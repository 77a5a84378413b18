import {
  ALL_SIGNALS,
  SIGNAL,
  type SignalName,
  type SubscribeMessage,
  type SubscribeOptions as WireOptions,
} from "../wire/message.ts";

/**
 * What a subscription asks its router for. A clasp-fed router honours all of it; public routers
 * ignore all but `types`.
 */
export interface SubscribeOptions {
  /** Kinds that are wanted, one at least. Default: all. */
  readonly types?: readonly SignalName[];
  /**
   * Updates a second of each param and stream at most, a whole number; the newest value always
   * arrives, later. Events, timelines and gestures are not limited. Default: 0, no limit.
   */
  readonly maxRate?: number;
  /**
   * Numbers that differ from the last one sent by less than this, 0 or more, are left out, in params
   * and streams. Default: 0, none is.
   */
  readonly epsilon?: number;
  /**
   * Values of each param to begin with, the current one included, as far as the router remembers
   * them: a whole number, 1,000 at most with a clasp-fed router. The earlier ones come first, with
   * their own revisions. Default: 1.
   */
  readonly history?: number;
  /**
   * Milliseconds for which the samples of a stream are gathered into one update, a whole number,
   * 1,000 at most with a clasp-fed router. Default: 0, they are not.
   */
  readonly window?: number;
}

const U32_MAX = 0xffff_ffff;

/**
 * Types and options of a SUBSCRIBE. Bounds that a router sets are the router's to check.
 *
 * @throws {RangeError} when a number cannot be sent, or no type is wanted
 * @throws {TypeError} when a type is not known
 */
export function encodeSubscribeOptions(
  options: SubscribeOptions,
): Pick<SubscribeMessage, "types" | "options"> {
  const { epsilon } = options;
  const wire: WireOptions = {
    maxRate: wholeNumber(options, "maxRate"),
    epsilon,
    history: wholeNumber(options, "history"),
    window: wholeNumber(options, "window"),
  };
  if (epsilon !== undefined && !(epsilon >= 0)) {
    throw new RangeError(`Cannot subscribe with epsilon ${epsilon}: 0 or more is needed`);
  }
  return { types: typeMask(options.types), options: wire };
}

function wholeNumber(
  options: SubscribeOptions,
  name: "maxRate" | "history" | "window",
): number | undefined {
  const number = options[name];
  if (number === undefined) return undefined;
  if (Number.isInteger(number) && number >= 0 && number <= U32_MAX) return number;
  throw new RangeError(
    `Cannot subscribe with ${name} ${number}: a whole number from 0 to ${U32_MAX} is needed`,
  );
}

function typeMask(types: readonly SignalName[] | undefined): number {
  if (types === undefined) return ALL_SIGNALS;
  if (types.length === 0) throw new RangeError("Cannot subscribe to no types: name one at least");
  const unknown = types.find((name) => !Object.hasOwn(SIGNAL, name));
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot subscribe to type "${unknown}": known are ${Object.keys(SIGNAL).join(", ")}`,
    );
  }
  return types.reduce((mask, name) => mask | (1 << SIGNAL[name]), 0);
}
