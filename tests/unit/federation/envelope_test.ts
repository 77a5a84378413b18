import { BATCH_BYTES_MAX, MESSAGE_BYTES_MAX, NAME_BYTES_MAX } from "../../../src/limits.ts";
import {
  type EnvelopeFrame,
  type EnvelopeVisitor,
  readEnvelope,
} from "../../../src/federation/envelope_reader.ts";
import { EnvelopeWriter } from "../../../src/federation/envelope_writer.ts";
import { wholeFrame } from "../../../src/wire/frame_range.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import type { ForwardMessage } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
  assertThrows,
} from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";

/** Writes down what a message holds; stops after `framesMax`. */
class Recorder implements EnvelopeVisitor {
  readonly found: string[] = [];
  readonly contexts: ForwardMessage[] = [];
  readonly #framesMax: number;

  constructor(framesMax: number = Infinity) {
    this.#framesMax = framesMax;
  }

  get isDone(): boolean {
    return this.found.length >= this.#framesMax;
  }

  message({ message }: EnvelopeFrame): void {
    this.found.push(message.type);
  }

  forwarded(context: ForwardMessage, index: number, { message, bytes }: EnvelopeFrame): void {
    if (index === 0) this.contexts.push(context);
    const entry = "entries" in context ? JSON.stringify(context.entries[index]) : "";
    const address = message.type === "SET" || message.type === "PUBLISH" ? message.address : "";
    assertEquals(encodeFrame(message), bytes);
    this.found.push(`${context.kind} ${context.origin} ${address} ${entry}`);
  }
}

function setUp(): { readonly writer: EnvelopeWriter; readonly sent: Uint8Array[] } {
  const sent: Uint8Array[] = [];
  return { writer: new EnvelopeWriter((bytes) => sent.push(bytes.slice())), sent };
}

function read(sent: readonly Uint8Array[]): Recorder {
  const recorder = new Recorder();
  for (const bytes of sent) readEnvelope(bytes, recorder);
  return recorder;
}

Deno.test("what is written is read in the same order, in one message until it is flushed", () => {
  const { writer, sent } = setUp();
  const prng = createPrng(1);
  const expected: string[] = [];
  for (let n = 0; n < 500; n++) {
    const origin = prng.pick(["a", "b"]);
    const bootId = prng.nextInt(2);
    const address = `/${n}`;
    const set = encodeFrame({ type: "SET", address, value: encodeValue(n) });
    switch (prng.nextInt(6)) {
      case 0:
        writer.message({ type: "PING" });
        expected.push("PING");
        break;
      case 1:
      case 2: {
        const kind = prng.pick(["update", "offer"] as const);
        writer.version(kind, origin, wholeFrame(set));
        expected.push(`${kind} ${origin} ${address} `);
        break;
      }
      case 3: {
        const entry = {
          requestId: n,
          remainingLifeMs: 5,
          knownTimestampMicros: 6,
          knownRevision: 7,
          holder: "h",
        };
        writer.request({ origin, bootId }, entry, set);
        expected.push(`request ${origin} ${address} ${JSON.stringify(entry)}`);
        break;
      }
      case 4: {
        const entry = { sequence: n, remainingLifeMs: 5, ageMs: 0 };
        const publish = encodeFrame({ type: "PUBLISH", address, signal: 1, phase: 0 });
        writer.event({ origin, bootId }, entry, publish);
        expected.push(`event ${origin} ${address} ${JSON.stringify(entry)}`);
        break;
      }
      default: {
        const entry = { requestId: n, stamperId: "s", locked: true };
        writer.reply({ origin, bootId }, entry, set);
        expected.push(`reply ${origin} ${address} ${JSON.stringify(entry)}`);
      }
    }
  }
  assertEquals([sent.length, writer.isEmpty], [0, false]);
  writer.flush();
  assertEquals([sent.length, writer.isEmpty], [1, true]);
  assertEquals(read(sent).found, expected);
  writer.flush();
  assertEquals(sent.length, 1, "nothing is no message");
});

Deno.test("consecutive frames of one kind, origin and boot id share a context, others do not", () => {
  const { writer, sent } = setUp();
  const set = encodeFrame({ type: "SET", address: "/a", value: encodeValue(1) });
  const entry = { requestId: 1, stamperId: "s", locked: false };
  for (let n = 0; n < 3; n++) writer.version("update", "a", wholeFrame(set));
  writer.version("update", "b", wholeFrame(set));
  writer.version("offer", "b", wholeFrame(set));
  writer.reply({ origin: "b", bootId: 1 }, entry, set);
  writer.reply({ origin: "b", bootId: 1 }, entry, set);
  writer.reply({ origin: "b", bootId: 2 }, entry, set);
  writer.flush();
  assertEquals(
    read(sent).contexts.map(({ kind, origin, count }) => `${kind} ${origin} ${count}`),
    ["update a 3", "update b 1", "offer b 1", "reply b 2", "reply b 1"],
  );
});

Deno.test("a message is closed at the size bound, with its order kept and no frame lost", () => {
  const { writer, sent } = setUp();
  const value = encodeValue(new Uint8Array(60_000));
  for (let n = 0; n < 20; n++) {
    writer.version(
      "update",
      "a",
      wholeFrame(encodeFrame({ type: "SET", address: `/${n}`, value })),
    );
  }
  assertGreater(sent.length, 3, "before anyone flushed");
  writer.flush();
  for (const bytes of sent) assertLessOrEqual(bytes.length, BATCH_BYTES_MAX + 66_000);
  assertEquals(
    read(sent).found,
    Array.from({ length: 20 }, (_, n) => `update a /${n} `),
  );
});

Deno.test("answers with the longest router ids fit the frame of their context", () => {
  const { writer, sent } = setUp();
  const longest = "r".repeat(NAME_BYTES_MAX);
  const frame = encodeFrame({ type: "SET", address: "/a", value: encodeValue(1) });
  for (let requestId = 0; requestId < 2_000; requestId++) {
    writer.reply(
      { origin: longest, bootId: 2 ** 53 - 1 },
      { requestId, stamperId: longest, locked: true },
      frame,
    );
  }
  writer.flush();
  const { contexts, found } = read(sent);
  assertEquals(found.length, 2_000);
  assert(contexts.some(({ count }) => count === 400));
  for (const bytes of sent) assertLessOrEqual(bytes.length, MESSAGE_BYTES_MAX);
});

Deno.test("requests with the longest holders fit the frame of their context", () => {
  const { writer, sent } = setUp();
  const longest = "r".repeat(NAME_BYTES_MAX);
  const frame = encodeFrame({ type: "SET", address: "/a", value: encodeValue(1) });
  for (let requestId = 0; requestId < 2_000; requestId++) {
    writer.request({ origin: longest, bootId: 2 ** 53 - 1 }, {
      requestId,
      remainingLifeMs: 5_000,
      knownTimestampMicros: 1,
      knownRevision: 1,
      holder: longest,
    }, frame);
  }
  writer.flush();
  const { contexts, found } = read(sent);
  assertEquals(found.length, 2_000);
  assert(contexts.some(({ count }) => count === 400));
});

Deno.test("readEnvelope() refuses a context that covers frames which are not there", () => {
  const { writer, sent } = setUp();
  const set = encodeFrame({ type: "SET", address: "/a", value: encodeValue(1) });
  writer.version("update", "a", wholeFrame(set));
  writer.version("update", "a", wholeFrame(set));
  writer.flush();
  const [bytes] = sent;
  assert(bytes !== undefined);
  const recorder = new Recorder();
  const cut = bytes.subarray(0, bytes.length - set.length);
  assertThrows(() => readEnvelope(cut, recorder), WireError, "frame 2 of 2");
  assertEquals(recorder.found.length, 1, "what came before was read");
});

Deno.test("readEnvelope() stops when its visitor is done, between frames and inside a context", () => {
  const { writer, sent } = setUp();
  const set = encodeFrame({ type: "SET", address: "/a", value: encodeValue(1) });
  for (let n = 0; n < 3; n++) writer.version("update", "a", wholeFrame(set));
  writer.message({ type: "PING" });
  writer.message({ type: "PONG" });
  writer.flush();
  for (let framesMax = 0; framesMax <= 5; framesMax++) {
    const recorder = new Recorder(framesMax);
    for (const bytes of sent) readEnvelope(bytes, recorder);
    assertEquals(recorder.found.length, framesMax);
  }
});

Deno.test("readEnvelope() refuses frames that are not binary", () => {
  const bytes = Uint8Array.of(0x53, 0x40, 0, 1, 0x41);
  assertThrows(() => readEnvelope(bytes, new Recorder()), WireError);
});

Deno.test("shares are in their place, each behind a context that says when it was written", () => {
  const sent: Uint8Array[] = [];
  const writer = new EnvelopeWriter((bytes) => sent.push(bytes.slice()), () => 7);
  const base = {
    type: "FEDERATION_SYNC",
    op: "Forward",
    origin: "a",
    bootId: 1,
    count: 1,
  } as const;
  const entry = { requestId: 1, remainingLifeMs: 1, runAtMicros: 0, knownTimestampMicros: 0 };
  const value = encodeValue("x".repeat(40_000));
  const set = encodeFrame({ type: "SET", address: "/a", value });
  const bundle = encodeFrame({ type: "BUNDLE", messages: [{ type: "SET", address: "/b", value }] });
  const read: string[] = [];
  const visitor: EnvelopeVisitor = {
    isDone: false,
    message: () => {},
    forwarded: ({ kind }, _index, { sentMicros }) => read.push(`${kind} ${sentMicros ?? "-"}`),
  };
  // So much that messages are closed in between, wherever that may be.
  for (let count = 0; count < 10; count++) {
    writer.version("update", "a", wholeFrame(set));
    writer.covered({ ...base, kind: "share", entries: [{ ...entry, holder: "s" }] }, bundle);
    const reply = { requestId: 1, afterwards: false, lateMs: 0 };
    writer.covered({ ...base, kind: "shareReply", entries: [reply] }, encodeFrame({ type: "ACK" }));
  }
  writer.flush();
  assertGreater(sent.length, 1);
  for (const bytes of sent) readEnvelope(bytes, visitor);
  assertEquals(
    read,
    Array.from({ length: 10 }, () => ["update -", "share 7", "shareReply -"]).flat(),
  );
});
