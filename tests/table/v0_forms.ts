import type { MessageType } from "../../src/wire/message.ts";
import type { Form, Names, Whole } from "./form.ts";
import { messagePack, type Packable } from "./message_pack.ts";
import { frame, join } from "./raw_bytes.ts";

type Fields = Readonly<Record<string, Packable>>;

const HEADER = { flags: 0 };
/** MessagePack has no such item. */
const NO_ITEM = Uint8Array.of(0xc1);

/** What each message says in v0, without its type. */
const SAMPLES: { readonly [Type in MessageType]: (names: Names) => Fields } = {
  HELLO: () => ({ version: 1, name: "table", features: ["param", "event"], token: "" }),
  WELCOME: () => ({ version: 1, features: ["param"], time: 0, session: "s", name: "table" }),
  ANNOUNCE: ({ address }) => ({
    namespace: "/table",
    signals: [{ address, type: "param", datatype: "i32", meta: { unit: "m", range: [0, 1] } }],
  }),
  SUBSCRIBE: ({ kept }) => ({
    id: 1,
    pattern: kept,
    types: ["param"],
    options: { maxRate: 30, epsilon: 0.5, history: 1, window: 1_000 },
  }),
  UNSUBSCRIBE: () => ({ id: 1 }),
  PUBLISH: ({ address }) => ({
    address,
    signal: "gesture",
    phase: "move",
    value: 7,
    timestamp: 5,
    id: 1,
    rate: 2,
  }),
  SET: ({ address }) => ({
    address,
    value: 7,
    revision: 0,
    lock: false,
    unlock: false,
    ttl: { Sliding: 3_600 },
  }),
  GET: ({ kept }) => ({ address: kept }),
  SNAPSHOT: ({ address }) => ({ params: [{ address, value: 7, revision: 1, writer: "w" }] }),
  REPLAY: ({ kept }) => ({ pattern: kept, from: 0, to: 1, limit: 1, types: ["event"] }),
  BUNDLE: ({ address }) => ({
    timestamp: 1,
    messages: [{ type: "SET", address, value: 7 }],
  }),
  SYNC: () => ({ t1: 5 }),
  PING: () => ({}),
  PONG: () => ({}),
  ACK: ({ kept }) => ({
    address: kept,
    revision: 1,
    locked: false,
    holder: "s",
    correlation_id: 1,
  }),
  ERROR: ({ kept }) => ({ code: 500, message: "no", address: kept, correlation_id: 1 }),
  QUERY: ({ kept }) => ({ pattern: kept }),
  RESULT: ({ address }) => ({ signals: [{ address, type: "param" }] }),
  FEDERATION_SYNC: ({ namespace, address, routerId }) => ({
    op: "DeclareNamespaces",
    patterns: [namespace],
    revisions: { [address]: 1 },
    since_revision: 1,
    origin: routerId,
  }),
};

function v0Form(type: MessageType): Form {
  const sample = (names: Names): Fields => ({ type, ...SAMPLES[type](names) });
  const payload = (names: Names) => messagePack(sample(names));
  const changed = (
    field: string,
    name: string,
    change: (fields: Fields) => Fields,
  ): Whole => ({
    field,
    name,
    make: (names) => frame(messagePack(change(sample(names))), HEADER),
    isLie: true,
  });
  return {
    name: `${type} in v0`,
    type,
    fields: [],
    payload,
    header: HEADER,
    wholes: [
      changed("message", "an unknown field", (fields) => ({ ...fields, more: [null, "x"] })),
      changed("message", "fields in reverse", (fields) => reversed(fields)),
      {
        field: "message",
        name: "truncated",
        make: (names) => frame(payload(names).slice(0, -1), HEADER),
        isLie: true,
      },
      {
        field: "message",
        name: "with the encoding of v1",
        make: (names) => frame(payload(names)),
        isLie: true,
      },
      {
        field: "message",
        name: "a field twice",
        make: (names) => frame(twice(payload(names), sample(names)), HEADER),
        isLie: true,
      },
      ...fieldNames(type).flatMap((field) => [
        changed(field, "absent", (fields) => without(fields, field)),
        changed(field, "nil", (fields) => ({ ...fields, [field]: null })),
        changed(
          field,
          "another type",
          (fields) => ({ ...fields, [field]: otherType(fields[field]) }),
        ),
        changed(field, "no item at all", (fields) => ({ ...fields, [field]: NO_ITEM })),
      ]),
    ],
  };
}

const NO_NAMES: Names = {
  address: "",
  kept: "",
  outside: "",
  namespace: "",
  routerId: "",
  session: "",
  number: 0,
};

function fieldNames(type: MessageType): readonly string[] {
  return ["type", ...Object.keys(SAMPLES[type](NO_NAMES))];
}

function reversed(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).reverse());
}

function without(fields: Fields, name: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));
}

function otherType(value: Packable | undefined): Packable {
  return typeof value === "string" ? true : "text";
}

/** A map with its `type` once more at the end. */
function twice(payload: Uint8Array, fields: Fields): Uint8Array<ArrayBuffer> {
  const again = messagePack({ type: fields["type"] ?? null }).subarray(1);
  return join((payload[0] ?? 0) + 1, payload.subarray(1), again);
}

/** Each message as clients of v0 write it. */
export const V0_FORMS: readonly Form[] = (Object.keys(SAMPLES) as MessageType[]).map(v0Form);
