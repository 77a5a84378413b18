import {
  BUNDLE_DEPTH_MAX,
  BUNDLE_MESSAGES_MAX,
  MESSAGE_BYTES_MAX,
  TOKEN_BYTES_MAX,
} from "../../src/limits.ts";
import { FEATURE, MESSAGE_CODE, PHASE, SIGNAL, VALUE_CODE } from "../../src/wire/message.ts";
import { encodeForm } from "./encode_form.ts";
import {
  addressField,
  countField,
  f64Field,
  fixed,
  flaggedValueField,
  flagsField,
  patternField,
  routerIdField,
  textField,
  u64Field,
  uintField,
  valueField,
  VALUES,
} from "./field_kinds.ts";
import type { Field, Form, Names, Variant } from "./form.ts";
import { type Bytes, f64, frame, join, text, uint } from "./raw_bytes.ts";

const CLIENT_FEATURES = FEATURE.param | FEATURE.event | FEATURE.stream | FEATURE.gesture |
  FEATURE.timeline;
const ROUTER_FEATURES = FEATURE.param | FEATURE.event | FEATURE.federation | FEATURE.envelope;
const I32 = join(VALUE_CODE.i32, uint(4, 7));

const every = (bits = 0xff): Variant => fixed("every bit", uint(1, bits), { isLie: true });

/** The facts of a router behind HELLO and WELCOME. */
function trailer(): readonly Field[] {
  return [
    routerIdField({
      name: "router id",
      covers: ["RouterTrailer.routerId"],
      sample: ({ routerId }) => text(routerId),
    }),
    u64Field({ name: "boot id", covers: ["RouterTrailer.bootId"], sample: () => uint(8, 1) }),
    u64Field({
      name: "router time",
      covers: ["RouterTrailer.timeMicros"],
      sample: () => uint(8, 0),
      // A router goes forward to what it is told, within bounds: too far to be taken here.
      more: [fixed("the year 2200", uint(8, 7_258_118_400_000_000n))],
    }),
    uintField(1, { name: "timed", covers: ["RouterTrailer.timed"], sample: () => uint(1, 0) }),
  ];
}

function hello(name: string, features: number, more: readonly Field[]): Form {
  const covers = (field: string) => [`HelloMessage.${field}`];
  return {
    name,
    type: "HELLO",
    fields: [
      uintField(1, {
        name: "version",
        covers: covers("version"),
        sample: () => uint(1, 1),
        more: [fixed("2", uint(1, 2))],
      }),
      uintField(1, {
        name: "features",
        covers: [...covers("features"), ...more.length > 0 ? covers("router") : []],
        sample: () => uint(1, features),
        more: Object.entries(FEATURE).map(([feature, bit]) =>
          fixed(`only ${feature}`, uint(1, bit))
        ),
      }),
      textField({ name: "name", covers: covers("name"), sample: () => text("table") }),
      textField({
        name: "token",
        covers: covers("token"),
        sample: () => text(""),
        more: [
          fixed(`${TOKEN_BYTES_MAX} bytes`, text("t".repeat(TOKEN_BYTES_MAX))),
          fixed(`${TOKEN_BYTES_MAX + 1} bytes`, text("t".repeat(TOKEN_BYTES_MAX + 1))),
        ],
      }),
      ...more,
    ],
  };
}

function welcome(name: string, features: number, more: readonly Field[]): Form {
  const covers = (field: string) => [`WelcomeMessage.${field}`];
  return {
    name,
    type: "WELCOME",
    fields: [
      uintField(1, { name: "version", covers: covers("version"), sample: () => uint(1, 1) }),
      uintField(1, {
        name: "features",
        covers: [...covers("features"), ...more.length > 0 ? covers("router") : []],
        sample: () => uint(1, features),
      }),
      u64Field({ name: "time", covers: covers("timeMicros"), sample: () => uint(8, 0) }),
      textField({ name: "session", covers: covers("session"), sample: () => text("s") }),
      textField({ name: "name", covers: covers("name"), sample: () => text("table") }),
      textField({ name: "token", covers: covers("token"), sample: () => text("") }),
      ...more,
    ],
  };
}

const SIGNALS = Object.entries(SIGNAL);

/** Definitions, behind their count. */
export function definition(owner: string): readonly Field[] {
  const covers = (field: string) => [`SignalDefinition.${field}`];
  return [
    countField({
      name: "count",
      covers: [owner],
      sample: () => uint(2, 1),
    }),
    addressField({
      name: "signal address",
      covers: covers("address"),
      sample: ({ address }) => text(address),
    }),
    uintField(1, {
      name: "signal",
      covers: covers("signal"),
      sample: () => uint(1, 1),
      more: SIGNALS.map(([name, code]) => fixed(name, uint(1, code))),
    }),
    flagsField({ name: "flags", covers: [], sample: () => uint(1, 0), more: [every()] }),
    textField({
      name: "datatype",
      covers: covers("datatype"),
      flag: { field: "flags", bits: 0x01 },
    }),
    textField({ name: "access", covers: covers("access"), flag: { field: "flags", bits: 0x02 } }),
  ];
}

const META_FLAGS = { field: "meta flags", bits: 0 };

function meta(): readonly Field[] {
  const covers = (field: string) => [`SignalMeta.${field}`];
  const part = (bits: number) => ({ flag: { ...META_FLAGS, bits } });
  return [
    flagsField({
      name: "meta flags",
      covers: ["SignalDefinition.meta"],
      sample: () => uint(1, 0),
      flag: { field: "flags", bits: 0x04 },
      more: [every()],
    }),
    textField({ name: "unit", covers: covers("unit"), ...part(0x01) }),
    f64Range(covers("range"), part(0x02)),
    valueField({ name: "default", covers: covers("default"), ...part(0x04) }),
    textField({ name: "description", covers: covers("description"), ...part(0x08) }),
  ];
}

function f64Range(covers: readonly string[], part: Pick<Field, "flag">): Field {
  const range = (least: number, most: number) => join(f64(least), f64(most));
  return {
    name: "range",
    covers,
    ...part,
    variants: [
      fixed("0 to 1", range(0, 1)),
      fixed("1 to 0", range(1, 0)),
      fixed("NaN to NaN", range(NaN, NaN)),
      fixed("all numbers", range(-Infinity, Infinity)),
    ],
  };
}

/** SET, as a client says it. */
export const SET: Form = {
  name: "SET",
  type: "SET",
  fields: [
    flagsField({
      name: "flags",
      covers: ["SetMessage.lock", "SetMessage.unlock"],
      sample: () => uint(1, 0),
      more: [
        fixed("lock", uint(1, 0x44)),
        fixed("unlock", uint(1, 0x24)),
        fixed("lock and unlock", uint(1, 0x64)),
        every(),
      ],
    }),
    addressField({
      name: "address",
      covers: ["SetMessage.address"],
      sample: ({ address }) => text(address),
    }),
    {
      ...flaggedValueField({ name: "value", covers: ["SetMessage.value"] }),
      sample: () => uint(4, 7),
      flag: { field: "flags", bits: VALUE_CODE.i32 },
    },
    u64Field({
      name: "revision",
      covers: ["SetMessage.revision"],
      flag: { field: "flags", bits: 0x80 },
    }),
    uintField(4, {
      name: "TTL",
      covers: ["SetMessage.ttl", "Ttl.kind", "Ttl.seconds"],
      flag: { field: "flags", bits: 0x10 },
      more: [
        fixed("1 h sliding", uint(4, 3_600)),
        fixed("1 h absolute", uint(4, 0x8000_0000 + 3_600)),
        fixed("0 s absolute", uint(4, 0x8000_0000)),
        fixed("longest sliding", uint(4, 0x7fff_ffff)),
      ],
    }),
  ],
};

const CONTENTS: readonly Variant[] = [
  fixed("none", uint(1, 0)),
  ...VALUES.map(({ name, code, data, isLie = false }) =>
    fixed(name, join(1, code, data), { isLie })
  ),
  fixed("no samples", join(2, uint(2, 0))),
  fixed("two samples", join(2, uint(2, 2), f64(NaN), f64(1))),
  fixed("8000 samples", join(2, uint(2, 8_000), new Uint8Array(64_000))),
  fixed("samples that are cut", join(2, uint(2, 0xffff)), { isLie: true }),
  fixed("unknown", uint(1, 3), { isLie: true }),
];

/** PUBLISH of an event, as a client says it. */
export const PUBLISH: Form = {
  name: "PUBLISH",
  type: "PUBLISH",
  fields: [
    flagsField({
      name: "flags",
      covers: ["PublishMessage.signal", "PublishMessage.phase"],
      sample: () => uint(1, SIGNAL.event << 5),
      more: [
        ...SIGNALS.filter(([name]) => name !== "gesture")
          .map(([name, code]) => fixed(name, uint(1, code << 5))),
        ...Object.entries(PHASE).map(([name, code]) =>
          fixed(`gesture ${name}`, uint(1, (SIGNAL.gesture << 5) | code))
        ),
        fixed("gesture of phase 7", uint(1, (SIGNAL.gesture << 5) | 7)),
        fixed("signal 7", uint(1, 7 << 5)),
        every(),
      ],
    }),
    addressField({
      name: "address",
      covers: ["PublishMessage.address"],
      sample: ({ address }) => text(address),
    }),
    {
      name: "content",
      covers: ["PublishMessage.value", "PublishMessage.samples"],
      sample: () => join(1, I32),
      variants: CONTENTS,
    },
    u64Field({
      name: "timestamp",
      covers: ["PublishMessage.timestampMicros"],
      flag: { field: "flags", bits: 0x10 },
    }),
    uintField(4, {
      name: "id",
      covers: ["PublishMessage.id"],
      flag: { field: "flags", bits: 0x08 },
    }),
    uintField(4, { name: "rate", covers: ["PublishMessage.rate"] }),
  ],
};

const AHEAD_MICROS = { "a second ago": -1e6, "in an hour": 3_600e6, "in 25 hours": 90_000e6 };

/** By the clock of this machine, which is the one of the router. */
function fromNow(): readonly Variant[] {
  return Object.entries(AHEAD_MICROS).map(([name, micros]) => ({
    name,
    make: () => uint(8, BigInt(Date.now()) * 1_000n + BigInt(micros)),
  }));
}

/** A map of one text. */
function textMap(key: string, value: string): Bytes {
  return join(VALUE_CODE.map, uint(2, 1), text(key), VALUE_CODE.string, text(value));
}

function p2pForm(kind: "announce" | "signal", field: "session_id" | "from"): Form {
  return {
    name: `PUBLISH of a P2P ${kind}`,
    type: "PUBLISH",
    fields: [
      flagsField({
        name: "flags",
        covers: [],
        sample: () => uint(1, SIGNAL.event << 5),
        more: SIGNALS.filter(([name]) => name !== "event")
          .map(([name, code]) => fixed(name, uint(1, code << 5))),
      }),
      {
        name: "address",
        covers: [],
        sample: ({ session }) =>
          text(kind === "announce" ? "/clasp/p2p/announce" : `/clasp/p2p/signal/${session}`),
        variants: [
          fixed("of nobody", text("/clasp/p2p/signal/nobody")),
          fixed("without a session", text("/clasp/p2p/signal")),
          fixed("of an empty session", text("/clasp/p2p/signal/")),
          fixed("below a session", text("/clasp/p2p/signal/nobody/more")),
          fixed("of nothing that is known", text("/clasp/p2p/more")),
          fixed("a session of 1000 bytes", text(`/clasp/p2p/signal/${"s".repeat(1_000)}`)),
        ],
      },
      {
        name: "content",
        covers: [],
        sample: ({ session }) => join(1, textMap(field, session)),
        variants: [
          fixed("none", uint(1, 0)),
          fixed("no map", join(1, I32)),
          fixed("nobody's", join(1, textMap(field, "nobody"))),
          fixed("without a sender", join(1, textMap("type", "offer"))),
          fixed(
            "a sender that is no text",
            join(
              1,
              VALUE_CODE.map,
              uint(2, 1),
              text(field),
              I32,
            ),
          ),
          fixed("a sender that is null", join(1, VALUE_CODE.map, uint(2, 1), text(field), 0)),
          {
            name: "a sender twice",
            make: ({ session }) =>
              join(
                join(1, VALUE_CODE.map, uint(2, 2)),
                join(text(field), VALUE_CODE.string, text(session)),
                join(text(field), VALUE_CODE.string, text("nobody")),
              ),
          },
        ],
      },
    ],
  };
}

const GET: Form = {
  name: "GET",
  type: "GET",
  fields: [
    addressField({
      name: "address",
      covers: ["GetMessage.address"],
      sample: ({ kept }) => text(kept),
      more: [{ name: "never set", make: ({ address }) => text(address) }],
    }),
  ],
};

const SNAPSHOT: Form = {
  name: "SNAPSHOT",
  type: "SNAPSHOT",
  fields: [
    countField({ name: "count", covers: ["SnapshotMessage.params"], sample: () => uint(2, 1) }),
    addressField({
      name: "address",
      covers: ["SnapshotParam.address"],
      sample: ({ address }) => text(address),
    }),
    valueField({ name: "value", covers: ["SnapshotParam.value"], sample: () => I32 }),
    u64Field({
      name: "revision",
      covers: ["SnapshotParam.revision"],
      sample: () => uint(8, 1),
    }),
    flagsField({ name: "flags", covers: [], sample: () => uint(1, 0), more: [every()] }),
    routerIdField({
      name: "writer",
      covers: ["SnapshotParam.writer"],
      flag: { field: "flags", bits: 0x01 },
    }),
    u64Field({
      name: "timestamp",
      covers: ["SnapshotParam.timestampMicros"],
      flag: { field: "flags", bits: 0x02 },
    }),
  ],
};

const TYPES: readonly Variant[] = [
  ...SIGNALS.map(([name, code]) => fixed(`only ${name}`, uint(1, 1 << code))),
  fixed("none that is known", uint(1, 0xe0)),
];

const SUBSCRIBE: Form = {
  name: "SUBSCRIBE",
  type: "SUBSCRIBE",
  fields: [
    uintField(4, { name: "id", covers: ["SubscribeMessage.id"], sample: () => uint(4, 1) }),
    patternField({
      name: "pattern",
      covers: ["SubscribeMessage.pattern"],
      sample: ({ kept }) => text(kept),
    }),
    uintField(1, {
      name: "types",
      covers: ["SubscribeMessage.types"],
      sample: () => uint(1, 0xff),
      more: TYPES,
    }),
    flagsField({
      name: "options",
      covers: ["SubscribeMessage.options"],
      sample: () => uint(1, 0),
      more: [every(0x0f), fixed("unknown bits", uint(1, 0xf0))],
    }),
    ...(["maxRate", "history", "window"] as const).map((name) =>
      uintField(4, {
        name,
        covers: [`SubscribeOptions.${name}`],
        flag: { field: "options", bits: { maxRate: 0x01, history: 0x04, window: 0x08 }[name] },
        more: [fixed("30", uint(4, 30))],
      })
    ),
    f64Field({
      name: "epsilon",
      covers: ["SubscribeOptions.epsilon"],
      flag: { field: "options", bits: 0x02 },
    }),
  ],
  wholes: [{
    field: "options",
    name: "all options",
    make: ({ kept }) =>
      frame(join(
        join(MESSAGE_CODE.SUBSCRIBE, uint(4, 1), text(kept), 0xff, 0x0f),
        join(uint(4, 30), f64(0.5), uint(4, 1), uint(4, 1_000)),
      )),
  }],
};

const UNSUBSCRIBE: Form = {
  name: "UNSUBSCRIBE",
  type: "UNSUBSCRIBE",
  fields: [
    uintField(4, {
      name: "id",
      covers: ["UnsubscribeMessage.id"],
      sample: () => uint(4, 1),
      more: [fixed("never subscribed", uint(4, 77))],
    }),
  ],
};

const REPLAY: Form = {
  name: "REPLAY",
  type: "REPLAY",
  fields: [
    flagsField({ name: "flags", covers: [], sample: () => uint(1, 0), more: [every()] }),
    patternField({
      name: "pattern",
      covers: ["ReplayMessage.pattern"],
      sample: ({ kept }) => text(kept),
    }),
    u64Field({
      name: "from",
      covers: ["ReplayMessage.from"],
      flag: { field: "flags", bits: 0x80 },
    }),
    u64Field({ name: "to", covers: ["ReplayMessage.to"], flag: { field: "flags", bits: 0x40 } }),
    uintField(4, {
      name: "limit",
      covers: ["ReplayMessage.limit"],
      flag: { field: "flags", bits: 0x20 },
    }),
    uintField(1, {
      name: "types",
      covers: ["ReplayMessage.types"],
      sample: () => uint(1, 0xff),
      more: TYPES,
    }),
  ],
};

function inBundle(payload: Uint8Array, toldLength = payload.length): Bytes {
  return join(uint(2, toldLength), payload);
}

function bundle(...payloads: readonly Uint8Array[]): Bytes {
  return join(
    MESSAGE_CODE.BUNDLE,
    0,
    uint(2, payloads.length),
    ...payloads.map((payload) => inBundle(payload)),
  );
}

function nestedBundle(names: Names, depth: number): Bytes {
  let payload = encodeForm(SET, names);
  for (let level = 0; level < depth; level++) payload = bundle(payload);
  return payload;
}

/** A bundle of one SET. */
export const BUNDLE: Form = {
  name: "BUNDLE",
  type: "BUNDLE",
  fields: [
    flagsField({
      name: "flags",
      covers: [],
      sample: () => uint(1, 0),
      more: [fixed("unknown bits", uint(1, 0x7f)), every()],
    }),
    countField({
      name: "count",
      covers: ["BundleMessage.messages"],
      sample: () => uint(2, 1),
      more: [
        fixed(`${BUNDLE_MESSAGES_MAX + 1}, one follows`, uint(2, BUNDLE_MESSAGES_MAX + 1), {
          isLie: true,
        }),
      ],
    }),
    u64Field({
      name: "timestamp",
      covers: ["BundleMessage.timestampMicros"],
      flag: { field: "flags", bits: 0x80 },
      more: [fixed("long ago", uint(8, 1)), ...fromNow()],
    }),
    {
      name: "messages",
      covers: ["BundleMessage.messages"],
      sample: (names) => inBundle(encodeForm(SET, names)),
      variants: [
        { name: "an event", make: (names) => inBundle(encodeForm(PUBLISH, names)) },
        fixed("a PING", inBundle(Uint8Array.of(MESSAGE_CODE.PING))),
        ...["announce", "signal/nobody"].map((path) =>
          fixed(
            `an event at /clasp/p2p/${path}`,
            inBundle(join(
              MESSAGE_CODE.PUBLISH,
              SIGNAL.event << 5,
              text(`/clasp/p2p/${path}`),
              join(1, I32),
            )),
          )
        ),
        {
          name: "a bundle of its SET",
          make: (names) => inBundle(bundle(encodeForm(SET, names))),
        },
        {
          name: "a bundle for another time",
          make: (names) =>
            inBundle(join(
              MESSAGE_CODE.BUNDLE,
              0x80,
              uint(2, 1),
              uint(8, 2n ** 53n - 1n),
              inBundle(encodeForm(SET, names)),
            )),
        },
        {
          name: "a SET that locks",
          make: (names) => inBundle(join(MESSAGE_CODE.SET, 0x44, text(names.address), uint(4, 7))),
        },
        {
          name: "a SET that expects revision 9",
          make: (names) =>
            inBundle(join(MESSAGE_CODE.SET, 0x84, text(names.address), uint(4, 7), uint(8, 9))),
        },
        { name: "a GET", make: (names) => inBundle(encodeForm(GET, names)) },
        fixed("an unknown message", inBundle(Uint8Array.of(0x7f)), { isLie: true }),
        fixed("an empty message", inBundle(new Uint8Array()), { isLie: true }),
        {
          name: "longer than the frame",
          make: (names) => inBundle(encodeForm(SET, names), 0xffff),
          isLie: true,
        },
        {
          name: "shorter than its SET",
          make: (names) => inBundle(encodeForm(SET, names), 5),
          isLie: true,
        },
        {
          name: "bytes behind its SET",
          make: (names) => inBundle(join(encodeForm(SET, names), 1, 2, 3)),
        },
      ],
    },
  ],
  wholes: [
    {
      field: "messages",
      name: "no message",
      make: () => frame(bundle()),
    },
    {
      field: "messages",
      name: "a SET and the same SET",
      make: (names) => frame(bundle(encodeForm(SET, names), encodeForm(SET, names))),
    },
    {
      field: "messages",
      name: "a SET and a SET of the router's own address",
      make: (names) =>
        frame(
          bundle(
            encodeForm(SET, names),
            encodeForm(SET, { ...names, address: "/clasp/federation/link" }),
          ),
        ),
    },
    {
      field: "messages",
      name: `bundles ${BUNDLE_DEPTH_MAX} deep`,
      make: (names) => frame(nestedBundle(names, BUNDLE_DEPTH_MAX)),
    },
    {
      field: "messages",
      name: `bundles ${BUNDLE_DEPTH_MAX + 1} deep`,
      make: (names) => frame(nestedBundle(names, BUNDLE_DEPTH_MAX + 1)),
      isLie: true,
    },
    {
      field: "messages",
      name: `${BUNDLE_MESSAGES_MAX + 1} SETs of no value`,
      make: () => {
        const set = join(MESSAGE_CODE.SET, 0, text("/x"));
        return frame(bundle(...Array<Uint8Array>(BUNDLE_MESSAGES_MAX + 1).fill(set)));
      },
      isLie: true,
    },
  ],
};

const SYNC: Form = {
  name: "SYNC",
  type: "SYNC",
  fields: [
    flagsField({ name: "flags", covers: [], sample: () => uint(1, 0), more: [every()] }),
    u64Field({ name: "t1", covers: ["SyncMessage.t1"], sample: () => uint(8, 5) }),
    u64Field({ name: "t2", covers: ["SyncMessage.t2"], flag: { field: "flags", bits: 0x01 } }),
    u64Field({ name: "t3", covers: ["SyncMessage.t3"], flag: { field: "flags", bits: 0x02 } }),
  ],
  wholes: [{
    field: "t2 and t3",
    name: "an answer to nothing",
    make: () => frame(join(MESSAGE_CODE.SYNC, 3, uint(8, 5), uint(8, 5), uint(8, 5))),
  }],
};

/** ACK, which says nothing but that. */
export const ACK: Form = {
  name: "ACK",
  type: "ACK",
  fields: [
    flagsField({ name: "flags", covers: [], sample: () => uint(1, 0), more: [every()] }),
    addressField({
      name: "address",
      covers: ["AckMessage.address"],
      flag: { field: "flags", bits: 0x01 },
    }),
    u64Field({
      name: "revision",
      covers: ["AckMessage.revision"],
      flag: { field: "flags", bits: 0x02 },
    }),
    uintField(1, {
      name: "locked",
      covers: ["AckMessage.locked"],
      flag: { field: "flags", bits: 0x04 },
    }),
    textField({
      name: "holder",
      covers: ["AckMessage.holder"],
      flag: { field: "flags", bits: 0x08 },
    }),
    uintField(4, {
      name: "correlation id",
      covers: ["AckMessage.correlationId"],
      flag: { field: "flags", bits: 0x10 },
    }),
  ],
};

const ERROR: Form = {
  name: "ERROR",
  type: "ERROR",
  fields: [
    uintField(2, {
      name: "code",
      covers: ["ErrorMessage.code"],
      sample: () => uint(2, 500),
      more: [301, 403, 409, 429, 503].map((code) => fixed(String(code), uint(2, code))),
    }),
    textField({ name: "message", covers: ["ErrorMessage.message"], sample: () => text("no") }),
    flagsField({ name: "flags", covers: [], sample: () => uint(1, 0), more: [every()] }),
    addressField({
      name: "address",
      covers: ["ErrorMessage.address"],
      flag: { field: "flags", bits: 0x01 },
    }),
    uintField(4, {
      name: "correlation id",
      covers: ["ErrorMessage.correlationId"],
      flag: { field: "flags", bits: 0x02 },
    }),
  ],
};

const QUERY: Form = {
  name: "QUERY",
  type: "QUERY",
  fields: [
    patternField({
      name: "pattern",
      covers: ["QueryMessage.pattern"],
      sample: ({ kept }) => text(kept),
    }),
  ],
};

const PING_PAYLOAD = Uint8Array.of(MESSAGE_CODE.PING);
const FRAME_FLAGS = [
  ["encrypted", 0x11],
  ["compressed", 0x09],
  ["MessagePack", 0x00],
  ["encoding 2", 0x02],
  ["encoding 7", 0x07],
] as const;

/** What is wrong with the frame and not with what it holds. */
const FRAME: Form = {
  name: "frame",
  type: "PING",
  fields: [],
  wholes: [
    { field: "frame", name: "no byte", make: () => join() },
    { field: "frame", name: "3 bytes", make: () => frame(PING_PAYLOAD).slice(0, 3), isLie: true },
    { field: "magic", name: "0x52", make: () => frame(PING_PAYLOAD, { magic: 0x52 }), isLie: true },
    { field: "QoS", name: "3", make: () => frame(PING_PAYLOAD, { qos: 3 }) },
    ...FRAME_FLAGS.map(([name, flags]) => ({
      field: "flags",
      name,
      make: () => frame(PING_PAYLOAD, { flags }),
      isLie: true,
    })),
    {
      field: "length",
      name: "zero, no payload",
      make: () => frame(new Uint8Array()),
      isLie: true,
    },
    {
      field: "length",
      name: "zero, a payload follows",
      make: () => frame(PING_PAYLOAD, { toldLength: 0 }),
      isLie: true,
    },
    {
      field: "length",
      name: "one too many",
      make: () => frame(PING_PAYLOAD, { toldLength: 2 }),
      takesMarker: true,
      isLie: true,
    },
    {
      field: "length",
      name: "greatest",
      make: () => frame(PING_PAYLOAD, { toldLength: 0xffff }),
      takesMarker: true,
      isLie: true,
    },
    ...([["zero", 0n], ["2^53 - 1", 2n ** 53n - 1n]] as const).map(([name, timestamp]) => ({
      field: "timestamp",
      name,
      make: () => frame(PING_PAYLOAD, { timestamp }),
    })),
    {
      field: "timestamp",
      name: "2^53",
      make: () => frame(PING_PAYLOAD, { timestamp: 2n ** 53n }),
      isLie: true,
    },
    {
      field: "timestamp",
      name: "told and cut",
      make: () => frame(PING_PAYLOAD, { flags: 0x21 }),
      takesMarker: true,
      isLie: true,
    },
    {
      field: "message code",
      name: "zero",
      make: () => frame(Uint8Array.of(0)),
      isLie: true,
    },
    {
      field: "message code",
      name: "greatest",
      make: () => frame(Uint8Array.of(0xff)),
      isLie: true,
    },
    {
      field: "frame",
      name: "garbage behind a whole one",
      make: () => join(frame(PING_PAYLOAD), 1, 2, 3, 4, 5),
      takesMarker: true,
      isLie: true,
    },
    {
      field: "frame",
      name: `${MESSAGE_BYTES_MAX + 1} bytes`,
      make: () => new Uint8Array(MESSAGE_BYTES_MAX + 1),
      takesMarker: true,
    },
  ],
};

/** Every message but FEDERATION_SYNC. */
export const CLIENT_FORMS: readonly Form[] = [
  FRAME,
  hello("HELLO", CLIENT_FEATURES, []),
  hello("HELLO of a router", ROUTER_FEATURES, trailer()),
  welcome("WELCOME", CLIENT_FEATURES, []),
  welcome("WELCOME of a router", ROUTER_FEATURES, trailer()),
  {
    name: "ANNOUNCE",
    type: "ANNOUNCE",
    fields: [
      textField({
        name: "namespace",
        covers: ["AnnounceMessage.namespace"],
        sample: () => text("/table"),
      }),
      ...definition("AnnounceMessage.signals"),
      ...meta(),
    ],
  },
  SUBSCRIBE,
  UNSUBSCRIBE,
  PUBLISH,
  p2pForm("announce", "session_id"),
  p2pForm("signal", "from"),
  SET,
  GET,
  SNAPSHOT,
  REPLAY,
  BUNDLE,
  SYNC,
  { name: "PING", type: "PING", fields: [] },
  { name: "PONG", type: "PONG", fields: [] },
  ACK,
  ERROR,
  QUERY,
  { name: "RESULT", type: "RESULT", fields: definition("ResultMessage.signals") },
];
