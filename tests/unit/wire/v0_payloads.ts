/**
 * Payloads of v0 as the public implementations write them, and what they mean.
 *
 * @module
 */
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import {
  ALL_SIGNALS,
  type EncodedValue,
  FEATURE,
  type Message,
  PHASE,
  SIGNAL,
  VALUE_CODE,
} from "../../../src/wire/message.ts";
import { encodeTtl } from "../../../src/wire/ttl.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";

/** One payload of v0. */
export interface V0Payload {
  readonly name: string;
  readonly hex: string;
  readonly message: Message;
  /** Why clasp-fed does not write the same bytes. */
  readonly notWritten?: string;
}

const TIME = 1_700_000_000_000_000;

/** Values whose types `encodeValue` does not choose. */
const VALUE = {
  i8: (value: number): EncodedValue => Uint8Array.of(VALUE_CODE.i8, value & 0xff),
  i16: (value: number): EncodedValue => Uint8Array.of(VALUE_CODE.i16, value >> 8, value & 0xff),
  arrayOf(...items: readonly EncodedValue[]): EncodedValue {
    const writer = new ByteWriter();
    writer.u8(VALUE_CODE.array);
    writer.u16(items.length);
    for (const item of items) writer.append(item);
    return writer.copy();
  },
  mapOf(entries: Readonly<Record<string, EncodedValue>>): EncodedValue {
    const writer = new ByteWriter();
    writer.u8(VALUE_CODE.map);
    writer.u16(Object.keys(entries).length);
    for (const [key, item] of Object.entries(entries)) {
      writer.string(key);
      writer.append(item);
    }
    return writer.copy();
  },
};

const TIMELINE = VALUE.mapOf({
  keyframes: VALUE.arrayOf(
    VALUE.mapOf({ time: VALUE.i8(0), value: VALUE.i8(0), easing: encodeValue("ease-in-out") }),
    VALUE.mapOf({
      time: VALUE.i16(1000),
      value: encodeValue(1),
      easing: encodeValue("cubic-bezier"),
      bezier: encodeValue([0, 0.1, 0.2, 1]),
    }),
  ),
  loop_: encodeValue(true),
  start_time: VALUE.i8(5),
  duration: VALUE.i16(2000),
});

/** `rmp_serde::to_vec_named` of messages of the Rust crate clasp-core 4.5.0. */
export const RUST_PAYLOADS: readonly V0Payload[] = [
  {
    name: "hello-full",
    hex:
      "86a474797065a548454c4c4fa776657273696f6e02a46e616d65a46465736ba8666561747572657396a5706172616da56576656e74a673747265616da767657374757265a874696d656c696e65aa66656465726174696f6eac6361706162696c697469657382aa656e6372797074696f6ec3ab636f6d7072657373696f6ea36c7a34a5746f6b656ea66370736b5f78",
    message: { type: "HELLO", version: 2, features: 0xfc, name: "desk", token: "cpsk_x" },
    notWritten: "a client says more of itself than a router needs",
  },
  {
    name: "hello-minimal",
    hex: "84a474797065a548454c4c4fa776657273696f6e01a46e616d65a0a8666561747572657390",
    message: { type: "HELLO", version: 1, features: 0, name: "" },
  },
  {
    name: "welcome",
    hex:
      "86a474797065a757454c434f4d45a776657273696f6e01a773657373696f6ea3732d31a46e616d65a3687562a8666561747572657392a5706172616da56576656e74a474696d65cf00060a24181e4000",
    message: {
      type: "WELCOME",
      version: 1,
      features: FEATURE.param | FEATURE.event,
      timeMicros: TIME,
      session: "s-1",
      name: "hub",
    },
  },
  {
    name: "welcome-token",
    hex:
      "87a474797065a757454c434f4d45a776657273696f6e01a773657373696f6ea3732d31a46e616d65a3687562a8666561747572657390a474696d6500a5746f6b656ea174",
    message: {
      type: "WELCOME",
      version: 1,
      features: 0,
      timeMicros: 0,
      session: "s-1",
      name: "hub",
      token: "t",
    },
  },
  {
    name: "announce",
    hex:
      "84a474797065a8414e4e4f554e4345a96e616d657370616365a22f6ca77369676e616c739285a761646472657373a42f6c2f31a474797065a5706172616da86461746174797065a3663634a6616363657373a27277a46d65746184a4756e6974a125a572616e676592cb0000000000000000cb4059000000000000a764656661756c7401ab6465736372697074696f6ea16482a761646472657373a42f6c2f32a474797065a56576656e74a46d65746181a4726f6f6da161",
    message: {
      type: "ANNOUNCE",
      namespace: "/l",
      signals: [
        {
          address: "/l/1",
          signal: SIGNAL.param,
          datatype: "f64",
          access: "rw",
          meta: { unit: "%", range: [0, 100], default: encodeValue(1n), description: "d" },
        },
        { address: "/l/2", signal: SIGNAL.event },
      ],
    },
    notWritten: "what a whole announcement says in meta has no place in v1",
  },
  {
    name: "subscribe",
    hex:
      "85a474797065a9535542534352494245a2696407a77061747465726ea52f612f2a2aa5747970657392a5706172616da767657374757265a76f7074696f6e7384a86d61785f726174651ea7657073696c6f6ecb3fe0000000000000a7686973746f727901a677696e646f7764",
    message: {
      type: "SUBSCRIBE",
      id: 7,
      pattern: "/a/**",
      types: 1 << SIGNAL.param | 1 << SIGNAL.gesture,
      options: { maxRate: 30, epsilon: 0.5, history: 1, window: 100 },
    },
  },
  {
    name: "subscribe-all",
    hex: "83a474797065a9535542534352494245a26964ceee6b2800a77061747465726ea32f2a2a",
    message: { type: "SUBSCRIBE", id: 4_000_000_000, pattern: "/**", types: ALL_SIGNALS },
  },
  {
    name: "unsubscribe",
    hex: "82a474797065ab554e535542534352494245a2696407",
    message: { type: "UNSUBSCRIBE", id: 7 },
  },
  {
    name: "publish-event",
    hex:
      "85a474797065a75055424c495348a761646472657373a22f65a67369676e616ca56576656e74a77061796c6f616481a16bcb3ff0000000000000a974696d657374616d70cf00060a24181e4000",
    message: {
      type: "PUBLISH",
      address: "/e",
      signal: SIGNAL.event,
      phase: 0,
      value: encodeValue({ k: 1 }),
      timestampMicros: TIME,
    },
  },
  {
    name: "publish-stream",
    hex:
      "85a474797065a75055424c495348a761646472657373a22f65a67369676e616ca673747265616da773616d706c657393cb0000000000000000cb3fe0000000000000cbbff0000000000000a472617465cdbb80",
    message: {
      type: "PUBLISH",
      address: "/e",
      signal: SIGNAL.stream,
      phase: 0,
      samples: [0, 0.5, -1],
      rate: 48_000,
    },
  },
  {
    name: "publish-gesture",
    hex:
      "86a474797065a75055424c495348a761646472657373a22f65a67369676e616ca767657374757265a576616c7565ffa2696403a57068617365a46d6f7665",
    message: {
      type: "PUBLISH",
      address: "/e",
      signal: SIGNAL.gesture,
      phase: PHASE.move,
      id: 3,
      value: encodeValue(-1n),
    },
  },
  {
    name: "publish-timeline",
    hex:
      "84a474797065a75055424c495348a761646472657373a22f65a67369676e616ca874696d656c696e65a874696d656c696e6584a96b65796672616d65739283a474696d6500a576616c756500a6656173696e67ab656173652d696e2d6f757484a474696d65cd03e8a576616c7565cb3ff0000000000000a6656173696e67ac63756269632d62657a696572a662657a69657294cb0000000000000000cb3fb999999999999acb3fc999999999999acb3ff0000000000000a56c6f6f705fc3aa73746172745f74696d6505a86475726174696f6ecd07d0",
    message: { type: "PUBLISH", address: "/e", signal: SIGNAL.timeline, phase: 0, value: TIMELINE },
    notWritten: "v1 carries a timeline as a value",
  },
  {
    name: "publish-bare",
    hex: "82a474797065a75055424c495348a761646472657373a22f65",
    message: { type: "PUBLISH", address: "/e", signal: SIGNAL.event, phase: 0 },
    notWritten: "the kind of signal is always written",
  },
  {
    name: "set-null",
    hex: "85a474797065a3534554a761646472657373a22f61a576616c7565c0a46c6f636bc2a6756e6c6f636bc2",
    message: { type: "SET", address: "/a", value: encodeValue(null) },
  },
  {
    name: "set-true",
    hex: "85a474797065a3534554a761646472657373a22f61a576616c7565c3a46c6f636bc2a6756e6c6f636bc2",
    message: { type: "SET", address: "/a", value: encodeValue(true) },
  },
  {
    name: "set-int-1",
    hex: "85a474797065a3534554a761646472657373a22f61a576616c756501a46c6f636bc2a6756e6c6f636bc2",
    message: { type: "SET", address: "/a", value: encodeValue(1n) },
  },
  {
    name: "set-float-1",
    hex:
      "85a474797065a3534554a761646472657373a22f61a576616c7565cb3ff0000000000000a46c6f636bc2a6756e6c6f636bc2",
    message: { type: "SET", address: "/a", value: encodeValue(1) },
  },
  {
    name: "set-int-min",
    hex:
      "85a474797065a3534554a761646472657373a22f61a576616c7565d38000000000000000a46c6f636bc2a6756e6c6f636bc2",
    message: { type: "SET", address: "/a", value: encodeValue(-(2n ** 63n)) },
  },
  {
    name: "set-int-max",
    hex:
      "85a474797065a3534554a761646472657373a22f61a576616c7565cf7fffffffffffffffa46c6f636bc2a6756e6c6f636bc2",
    message: { type: "SET", address: "/a", value: encodeValue(2n ** 63n - 1n) },
  },
  {
    name: "set-int-neg-33",
    hex: "85a474797065a3534554a761646472657373a22f61a576616c7565d0dfa46c6f636bc2a6756e6c6f636bc2",
    message: { type: "SET", address: "/a", value: encodeValue(-33n) },
  },
  {
    name: "set-int-2^53+1",
    hex:
      "85a474797065a3534554a761646472657373a22f61a576616c7565cf0020000000000001a46c6f636bc2a6756e6c6f636bc2",
    message: { type: "SET", address: "/a", value: encodeValue(2n ** 53n + 1n) },
  },
  {
    name: "set-string",
    hex: "85a474797065a3534554a761646472657373a22f61a576616c7565a2c3a9a46c6f636bc2a6756e6c6f636bc2",
    message: { type: "SET", address: "/a", value: encodeValue("é") },
  },
  {
    name: "set-bytes",
    hex:
      "85a474797065a3534554a761646472657373a22f61a576616c7565930102ccffa46c6f636bc2a6756e6c6f636bc2",
    message: {
      type: "SET",
      address: "/a",
      value: VALUE.arrayOf(VALUE.i8(1), VALUE.i8(2), VALUE.i16(255)),
    },
  },
  {
    name: "set-array",
    hex:
      "85a474797065a3534554a761646472657373a22f61a576616c75659301cb3ff0000000000000c0a46c6f636bc2a6756e6c6f636bc2",
    message: {
      type: "SET",
      address: "/a",
      value: VALUE.arrayOf(VALUE.i8(1), encodeValue(1), encodeValue(null)),
    },
  },
  {
    name: "set-map",
    hex:
      "85a474797065a3534554a761646472657373a22f61a576616c756581a1619100a46c6f636bc2a6756e6c6f636bc2",
    message: { type: "SET", address: "/a", value: VALUE.mapOf({ a: VALUE.arrayOf(VALUE.i8(0)) }) },
  },
  {
    name: "set-full",
    hex:
      "87a474797065a3534554a761646472657373a22f61a576616c7565cb3fe0000000000000a87265766973696f6e2aa46c6f636bc3a6756e6c6f636bc3a374746c81a7536c6964696e673c",
    message: {
      type: "SET",
      address: "/a",
      value: encodeValue(0.5),
      revision: 42,
      lock: true,
      unlock: true,
      ttl: 60,
    },
  },
  {
    name: "set-absolute",
    hex:
      "86a474797065a3534554a761646472657373a22f61a576616c7565c0a46c6f636bc2a6756e6c6f636bc2a374746c81a84162736f6c7574653c",
    message: {
      type: "SET",
      address: "/a",
      value: encodeValue(null),
      ttl: encodeTtl({ kind: "absolute", seconds: 60 }),
    },
  },
  {
    name: "set-never",
    hex:
      "86a474797065a3534554a761646472657373a22f61a576616c7565c0a46c6f636bc2a6756e6c6f636bc2a374746ca54e65766572",
    message: { type: "SET", address: "/a", value: encodeValue(null), ttl: 0 },
  },
  {
    name: "get",
    hex: "82a474797065a3474554a761646472657373a22f61",
    message: { type: "GET", address: "/a" },
  },
  {
    name: "snapshot",
    hex:
      "82a474797065a8534e415053484f54a6706172616d739285a761646472657373a22f61a576616c7565cd012ca87265766973696f6ecf000000012a05f200a6777269746572a177a974696d657374616d70cf00060a24181e400083a761646472657373a22f62a576616c7565c0a87265766973696f6e01",
    message: {
      type: "SNAPSHOT",
      params: [
        {
          address: "/a",
          value: encodeValue(300n),
          revision: 5_000_000_000,
          writer: "w",
          timestampMicros: TIME,
        },
        { address: "/b", value: encodeValue(null), revision: 1 },
      ],
    },
  },
  {
    name: "snapshot-empty",
    hex: "82a474797065a8534e415053484f54a6706172616d7390",
    message: { type: "SNAPSHOT", params: [] },
  },
  {
    name: "replay",
    hex:
      "86a474797065a65245504c4159a77061747465726ea32f2a2aa466726f6d01a2746fce00011170a56c696d6974cd0100a5747970657391a673747265616d",
    message: {
      type: "REPLAY",
      pattern: "/**",
      from: 1,
      to: 70_000,
      limit: 256,
      types: 1 << SIGNAL.stream,
    },
  },
  {
    name: "replay-bare",
    hex: "82a474797065a65245504c4159a77061747465726ea32f2a2a",
    message: { type: "REPLAY", pattern: "/**", types: ALL_SIGNALS },
  },
  {
    name: "federation-declare",
    hex:
      "85a474797065af46454445524154494f4e5f53594e43a26f70b14465636c6172654e616d65737061636573a87061747465726e7391a52f612f2a2aae73696e63655f7265766973696f6e09a66f726967696ea46c656166",
    message: {
      type: "FEDERATION_SYNC",
      op: "DeclareNamespaces",
      patterns: ["/a/**"],
      revisions: [],
      since: 9,
      origin: "leaf",
    },
  },
  {
    name: "federation-request",
    hex:
      "85a474797065af46454445524154494f4e5f53594e43a26f70ab5265717565737453796e63a87061747465726e7391a52f612f2a2aae73696e63655f7265766973696f6e09a66f726967696ea46c656166",
    message: {
      type: "FEDERATION_SYNC",
      op: "RequestSync",
      patterns: ["/a/**"],
      revisions: [],
      since: 9,
      origin: "leaf",
    },
  },
  {
    name: "federation-complete",
    hex:
      "85a474797065af46454445524154494f4e5f53594e43a26f70ac53796e63436f6d706c657465a87061747465726e7391a52f612f2a2aae73696e63655f7265766973696f6e09a66f726967696ea46c656166",
    message: {
      type: "FEDERATION_SYNC",
      op: "SyncComplete",
      patterns: ["/a/**"],
      revisions: [],
      since: 9,
      origin: "leaf",
    },
  },
  {
    name: "federation-vector",
    hex:
      "83a474797065af46454445524154494f4e5f53594e43a26f70ae5265766973696f6e566563746f72a97265766973696f6e7381a22f61cc81",
    message: {
      type: "FEDERATION_SYNC",
      op: "RevisionVector",
      patterns: [],
      revisions: [["/a", 129]],
    },
  },
  {
    name: "bundle",
    hex:
      "83a474797065a642554e444c45a974696d657374616d70cf00060a24181e4000a86d657373616765739385a474797065a3534554a761646472657373a22f61a576616c756501a46c6f636bc2a6756e6c6f636bc281a474797065a450494e4782a474797065a642554e444c45a86d6573736167657390",
    message: {
      type: "BUNDLE",
      timestampMicros: TIME,
      messages: [
        { type: "SET", address: "/a", value: encodeValue(1n), lock: false, unlock: false },
        { type: "PING" },
        { type: "BUNDLE", messages: [] },
      ],
    },
  },
  {
    name: "sync",
    hex: "82a474797065a453594e43a2743101",
    message: { type: "SYNC", t1: 1 },
  },
  {
    name: "sync-answer",
    hex: "84a474797065a453594e43a2743101a27432ce00010000a27433cf0000000100000000",
    message: { type: "SYNC", t1: 1, t2: 65_536, t3: 4_294_967_296 },
  },
  {
    name: "ping",
    hex: "81a474797065a450494e47",
    message: { type: "PING" },
  },
  {
    name: "pong",
    hex: "81a474797065a4504f4e47",
    message: { type: "PONG" },
  },
  {
    name: "ack-full",
    hex:
      "86a474797065a341434ba761646472657373a22f61a87265766973696f6e03a66c6f636b6564c3a6686f6c646572a173ae636f7272656c6174696f6e5f696404",
    message: {
      type: "ACK",
      address: "/a",
      revision: 3,
      locked: true,
      holder: "s",
      correlationId: 4,
    },
  },
  {
    name: "ack-bare",
    hex: "81a474797065a341434b",
    message: { type: "ACK" },
  },
  {
    name: "error-full",
    hex:
      "85a474797065a54552524f52a4636f6465cd0190a76d657373616765a26e6fa761646472657373a22f61ae636f7272656c6174696f6e5f696404",
    message: { type: "ERROR", code: 400, message: "no", address: "/a", correlationId: 4 },
  },
  {
    name: "error",
    hex:
      "83a474797065a54552524f52a4636f646565a76d657373616765d92878787878787878787878787878787878787878787878787878787878787878787878787878787878",
    message: { type: "ERROR", code: 101, message: "x".repeat(40) },
  },
  {
    name: "query",
    hex: "82a474797065a55155455259a77061747465726ea32f2a2a",
    message: { type: "QUERY", pattern: "/**" },
  },
  {
    name: "result",
    hex:
      "82a474797065a6524553554c54a77369676e616c739183a761646472657373a42f6c2f31a474797065a874696d656c696e65a86461746174797065a3663634",
    message: {
      type: "RESULT",
      signals: [{ address: "/l/1", signal: SIGNAL.timeline, datatype: "f64" }],
    },
  },
];

/** Whole frames of the Python client clasp-to 0.1.0, which writes what it leaves out as nil. */
export const PYTHON_FRAMES: readonly V0Payload[] = [
  {
    name: "hello",
    hex:
      "5300004185a474797065a548454c4c4fa776657273696f6e02a46e616d65a27079a8666561747572657393a5706172616da56576656e74a673747265616da5746f6b656ec0",
    message: {
      type: "HELLO",
      version: 2,
      features: FEATURE.param | FEATURE.event | FEATURE.stream,
      name: "py",
    },
  },
  {
    name: "subscribe",
    hex:
      "5300002b84a474797065a9535542534352494245a2696401a77061747465726ea52f612f2a2aa76f7074696f6e73c0",
    message: { type: "SUBSCRIBE", id: 1, pattern: "/a/**", types: ALL_SIGNALS },
  },
  {
    name: "subscribe with options",
    hex:
      "5300004284a474797065a9535542534352494245a2696402a77061747465726ea22f62a76f7074696f6e7382a76d6178526174651ea7657073696c6f6ecb3fe0000000000000",
    message: {
      type: "SUBSCRIBE",
      id: 2,
      pattern: "/b",
      types: ALL_SIGNALS,
      options: { maxRate: 30, epsilon: 0.5 },
    },
  },
  {
    name: "set 1",
    hex: "5300001e83a474797065a3534554a761646472657373a42f612f69a576616c756501",
    message: { type: "SET", address: "/a/i", value: encodeValue(1n), lock: false, unlock: false },
  },
  {
    name: "set 1.0",
    hex: "5300002683a474797065a3534554a761646472657373a42f612f66a576616c7565cb3ff0000000000000",
    message: { type: "SET", address: "/a/f", value: encodeValue(1), lock: false, unlock: false },
  },
  {
    name: "set bytes",
    hex: "5300002183a474797065a3534554a761646472657373a42f612f78a576616c7565c40200ff",
    message: {
      type: "SET",
      address: "/a/x",
      value: encodeValue(Uint8Array.of(0, 255)),
      lock: false,
      unlock: false,
    },
  },
  {
    name: "set map",
    hex:
      "5300002c83a474797065a3534554a761646472657373a42f612f6da576616c756581a16b93c0c3cf0000010000000000",
    message: {
      type: "SET",
      address: "/a/m",
      value: encodeValue({ k: [null, true, 2n ** 40n] }),
      lock: false,
      unlock: false,
    },
  },
  {
    name: "emit nothing",
    hex:
      "5300004285a474797065a75055424c495348a761646472657373a22f65a67369676e616ca56576656e74a77061796c6f6164c0a974696d657374616d70cf00060a24181e4000",
    message: {
      type: "PUBLISH",
      address: "/e",
      signal: SIGNAL.event,
      phase: 0,
      value: encodeValue(null),
      timestampMicros: TIME,
    },
  },
  {
    name: "emit",
    hex:
      "5300004585a474797065a75055424c495348a761646472657373a22f65a67369676e616ca56576656e74a77061796c6f616481a16e01a974696d657374616d70cf00060a24181e4000",
    message: {
      type: "PUBLISH",
      address: "/e",
      signal: SIGNAL.event,
      phase: 0,
      value: VALUE.mapOf({ n: VALUE.i8(1) }),
      timestampMicros: TIME,
    },
  },
  {
    name: "stream",
    hex:
      "5300004985a474797065a75055424c495348a761646472657373a22f73a67369676e616ca673747265616da576616c7565cb3fe0000000000000a974696d657374616d70cf00060a24181e4000",
    message: {
      type: "PUBLISH",
      address: "/s",
      signal: SIGNAL.stream,
      phase: 0,
      value: encodeValue(0.5),
      timestampMicros: TIME,
    },
  },
  {
    name: "bundle",
    hex:
      "5300006f83a474797065a642554e444c45a974696d657374616d70c0a86d657373616765739283a474797065a3534554a761646472657373a42f612f69a576616c75650284a474797065a75055424c495348a761646472657373a22f65a67369676e616ca56576656e74a77061796c6f6164c0",
    message: {
      type: "BUNDLE",
      messages: [
        { type: "SET", address: "/a/i", value: encodeValue(2n), lock: false, unlock: false },
        {
          type: "PUBLISH",
          address: "/e",
          signal: SIGNAL.event,
          phase: 0,
          value: encodeValue(null),
        },
      ],
    },
  },
  {
    name: "get",
    hex: "5300001782a474797065a3474554a761646472657373a42f612f69",
    message: { type: "GET", address: "/a/i" },
  },
];
