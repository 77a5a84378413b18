import {
  type EncodedValue,
  PHASE,
  type PhaseName,
  type PublishMessage,
  SIGNAL,
  type SignalName,
} from "../wire/message.ts";
import { decodeValue, type Value } from "../wire/value_codec.ts";

/** A param, as a router sent it. */
export interface ParamUpdate {
  /** Tells it from a signal. */
  readonly kind: "param";
  /** Where it is. */
  readonly address: string;
  /** Decoded; integers as numbers where they fit. */
  readonly value: Value;
  /** The value as it travelled: type code, then data. Tells 1 from 1.0. */
  readonly encoded: EncodedValue;
  /** Grows with each write. */
  readonly revision: number;
  /** Id of the router that stamped it, where the router says so: in snapshots and answers to GET. */
  readonly writer?: string;
  /** Its stamp, likewise, microseconds. */
  readonly timestampMicros?: number;
}

/** An event, stream sample, gesture or timeline, as a router sent it. */
export interface SignalUpdate {
  /** Which kind of signal. */
  readonly kind: Exclude<SignalName, "param">;
  /** Where it was published. */
  readonly address: string;
  /** Null when there was none; an array of numbers for samples. */
  readonly value: Value;
  /** The value as it travelled, samples left out. Tells 1 from 1.0. */
  readonly encoded?: EncodedValue;
  /** Of gestures only. */
  readonly phase?: PhaseName;
  /** Of gestures only: which of several at one address. */
  readonly gestureId?: number;
  /** As the publisher wrote it, microseconds. */
  readonly timestampMicros?: number;
}

/** What a subscription delivers. */
export type Update = ParamUpdate | SignalUpdate;

/** A SET, or an entry of a SNAPSHOT, as a subscription delivers it. */
export function paramUpdateOf(
  param: {
    readonly address: string;
    readonly value: EncodedValue;
    readonly writer?: string | undefined;
    readonly timestampMicros?: number | undefined;
  },
  revision: number,
): ParamUpdate {
  const { address, value, writer, timestampMicros } = param;
  return {
    kind: "param",
    address,
    value: decodeValue(value),
    encoded: value,
    revision,
    ...(writer === undefined ? {} : { writer }),
    ...(timestampMicros === undefined ? {} : { timestampMicros }),
  };
}

const SIGNAL_NAMES = Object.keys(SIGNAL) as SignalName[];
const PHASE_NAMES = Object.keys(PHASE) as PhaseName[];

/** A PUBLISH as a subscription delivers it. */
export function signalUpdateOf(message: PublishMessage): SignalUpdate {
  const { address, value, samples, id, timestampMicros } = message;
  const name = SIGNAL_NAMES[message.signal];
  const kind = name === undefined || name === "param" ? "event" : name;
  const phase = kind === "gesture" ? PHASE_NAMES[message.phase] : undefined;
  return {
    kind,
    address,
    value: samples ?? (value === undefined ? null : decodeValue(value)),
    ...(samples !== undefined || value === undefined ? {} : { encoded: value }),
    ...(phase === undefined ? {} : { phase }),
    ...(id === undefined ? {} : { gestureId: id }),
    ...(timestampMicros === undefined ? {} : { timestampMicros }),
  };
}
