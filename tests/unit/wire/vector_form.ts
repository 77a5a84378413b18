import frames from "../../vectors/clasp-frames.json" with { type: "json" };
import {
  ALL_SIGNALS,
  FEATURE,
  type FederationSyncMessage,
  type Message,
  PHASE,
  type PublishMessage,
  SIGNAL,
  type SignalCode,
  type SignalDefinition,
  VALUE_CODE,
} from "../../../src/wire/message.ts";
import { decodeTtl } from "../../../src/wire/ttl.ts";
import { decodeValue, type Value } from "../../../src/wire/value_codec.ts";

/** One entry of `tests/vectors/clasp-frames.json`. */
export interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly expect?: string | undefined;
  readonly frame?: {
    readonly qos: number;
    readonly timestamp: boolean;
    readonly version: number;
    readonly payloadLength: number;
  } | undefined;
  readonly message?: Readonly<Record<string, unknown>> | undefined;
}

/** All golden frames, v0 included. */
export function loadVectors(): readonly Vector[] {
  return frames.vectors;
}

/** Reads hex digits; white space is ignored. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll(/\s/g, ""));
}

/** A message in the form in which the vectors state their meaning. */
export function toVectorForm(message: Message): unknown {
  return defined(formOf(message));
}

/** A vector's own message: what it calls `payload` is the value of a PUBLISH like any other. */
export function expectedForm(message: Readonly<Record<string, unknown>>): unknown {
  const { payload, messages, ...rest } = message;
  return {
    ...rest,
    ...("payload" in message ? { value: payload } : {}),
    ...(Array.isArray(messages) ? { messages: messages.map(expectedForm) } : {}),
  };
}

function formOf(message: Message): Record<string, unknown> {
  switch (message.type) {
    case "HELLO":
      return { ...message, features: featureNames(message.features) };
    case "WELCOME": {
      const { timeMicros, features, ...rest } = message;
      return { ...rest, time: timeMicros, features: featureNames(features) };
    }
    case "ANNOUNCE":
    case "RESULT":
      return { ...message, signals: message.signals.map(definitionForm) };
    case "SUBSCRIBE":
      return {
        ...message,
        types: typeNames(message.types),
        options: message.options === undefined ? undefined : defined({ ...message.options }),
      };
    case "REPLAY":
      return { ...message, types: typeNames(message.types) };
    case "PUBLISH":
      return publishForm(message);
    case "SET":
      return {
        ...message,
        value: valueForm(message.value),
        lock: message.lock || undefined,
        unlock: message.unlock || undefined,
        ttl: message.ttl === undefined ? undefined : ttlForm(message.ttl),
      };
    case "SNAPSHOT":
      return {
        type: message.type,
        params: message.params.map(({ timestampMicros, value, ...rest }) =>
          defined({ ...rest, value: valueForm(value), timestamp: timestampMicros })
        ),
      };
    case "BUNDLE":
      return {
        type: message.type,
        timestamp: message.timestampMicros,
        messages: message.messages.map(toVectorForm),
      };
    case "FEDERATION_SYNC":
      return federationForm(message);
    case "UNSUBSCRIBE":
    case "GET":
    case "SYNC":
    case "PING":
    case "PONG":
    case "ACK":
    case "ERROR":
    case "QUERY":
      return { ...message };
  }
}

function publishForm(message: PublishMessage): Record<string, unknown> {
  const { timestampMicros, value, signal, phase, ...rest } = message;
  return {
    ...rest,
    timestamp: timestampMicros,
    value: value === undefined ? undefined : valueForm(value),
    signal: signalName(signal),
    phase: signal === SIGNAL.gesture ? nameOf(PHASE, phase) : undefined,
  };
}

function federationForm(message: FederationSyncMessage): Record<string, unknown> {
  if (!("revisions" in message)) return { ...message };
  return { ...message, revisions: Object.fromEntries(message.revisions) };
}

function definitionForm({ signal, meta, ...rest }: SignalDefinition): unknown {
  return defined({
    ...rest,
    type: signalName(signal),
    meta: meta === undefined ? undefined : defined({
      ...meta,
      default: meta.default === undefined ? undefined : valueForm(meta.default),
    }),
  });
}

function valueForm(encoded: Uint8Array): unknown {
  const form = decodedForm(decodeValue(encoded));
  switch (encoded[0]) {
    case VALUE_CODE.i8:
      return { t: "i8", v: form };
    case VALUE_CODE.i16:
      return { t: "i16", v: form };
    case VALUE_CODE.i32:
      return { t: "i32", v: form };
    case VALUE_CODE.f32:
      return { t: "f32", v: form };
    default:
      return form;
  }
}

function decodedForm(value: Value): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return { $bytes: value.toHex() };
  if (Array.isArray(value)) return value.map(decodedForm);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, decodedForm(v)]));
  }
  return value;
}

function ttlForm(raw: number): unknown {
  const ttl = decodeTtl(raw);
  return ttl.kind === "never" ? "never" : { [ttl.kind]: ttl.seconds };
}

function featureNames(bits: number): string[] {
  return Object.entries(FEATURE).filter(([, bit]) => (bits & bit) !== 0).map(([name]) => name);
}

function typeNames(mask: number): string[] | undefined {
  if (mask === ALL_SIGNALS) return undefined;
  return Object.entries(SIGNAL).filter(([, c]) => (mask & (1 << c)) !== 0).map(([name]) => name);
}

function signalName(code: SignalCode): string | undefined {
  return nameOf(SIGNAL, code);
}

function nameOf(codes: Readonly<Record<string, number>>, code: number): string | undefined {
  return Object.entries(codes).find(([, c]) => c === code)?.[0];
}

function defined(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
