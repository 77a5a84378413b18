import type { MessageType } from "../../src/wire/message.ts";
import type { Bytes, FrameLies } from "./raw_bytes.ts";

/** What a case is about: each has its own, of the same length, so that no case meets another's. */
export interface Names {
  /** An address of nobody but this case, which the sender may write. */
  readonly address: string;
  /** Has a value when the table begins. */
  readonly kept: string;
  /** Like `address`, but outside what a peer has declared. */
  readonly outside: string;
  /** What a peer declares and subscribes. */
  readonly namespace: string;
  /** The id of the sender, when it is a router. */
  readonly routerId: string;
  /** The id of the sender's session. */
  readonly session: string;
  /** Unique for the case. */
  readonly number: number;
}

/** The session of whoever was told of none; no router gives such an id. */
export const NO_SESSION = "no-session";

/** Makes a field, for one case. */
export type Make = (names: Names) => Bytes;

/** What else a field may hold. */
export interface Variant {
  readonly name: string;
  readonly make: Make;
  /** Bits that the field's flags get with it, in place of those of the sample. */
  readonly bits?: number;
  /** It cannot be decoded: asked where each message is decoded, not again at every end of a link. */
  readonly isLie?: boolean;
}

/** One field of a message, in the order of the wire. */
export interface Field {
  readonly name: string;
  /** Which properties of `src/wire/message.ts` it is, as in "SetMessage.address". */
  readonly covers: readonly string[];
  /** As a valid message has it; left out of the sample when absent. */
  readonly sample?: Make;
  readonly variants: readonly Variant[];
  /** Bits of another field that say that this one is there. */
  readonly flag?: { readonly field: string; readonly bits: number };
}

/** One message, or one of its kinds, and how its fields may be wrong. */
export interface Form {
  /** "SET", or "FEDERATION_SYNC RequestSync". */
  readonly name: string;
  readonly type: MessageType;
  /** Fields behind the message's code; flags are a `flags` field with the bits that are always set. */
  readonly fields: readonly Field[];
  /** The payload, when it is not the message's code and its fields. */
  readonly payload?: Make;
  /** Of the frame around it. */
  readonly header?: FrameLies;
  /** Frames behind it in the same WebSocket message. */
  readonly behind?: Make;
  /** Whole WebSocket messages that are no variant of one field. */
  readonly wholes?: readonly Whole[];
}

/** A WebSocket message that stands for itself. */
export interface Whole {
  readonly field: string;
  readonly name: string;
  readonly make: Make;
  /** A marker behind it in the same WebSocket message would become part of it. */
  readonly takesMarker?: boolean;
  readonly isLie?: boolean;
  readonly covers?: readonly string[];
}
