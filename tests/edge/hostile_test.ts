import { encodeFrame } from "../../src/wire/frame.ts";
import { FEATURE, type Message, MESSAGE_CODE, QOS } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertStringIncludes,
} from "../support/assert.ts";
import type { RouterCounts } from "../support/counting_router.ts";
import { LineProcess } from "../support/line_process.ts";
import { createPrng } from "../support/prng.ts";
import { RawClient } from "../support/raw_client.ts";
import { RawWebSocket } from "../support/raw_websocket.ts";
import type { RoundTrips } from "../support/round_trips.ts";

const MIB = 1_048_576;
const HELLO: Message = { type: "HELLO", version: 1, features: FEATURE.param, name: "offender" };
const SET = encodeFrame({ type: "SET", address: "/hostile/value", value: encodeValue("x") });

/** Something no client should send, and what it must get for it. */
interface Offence {
  readonly name: string;
  /** Said after HELLO unless `isFirst`. */
  readonly isFirst?: boolean;
  readonly message: Uint8Array<ArrayBuffer> | string;
  readonly code: number;
  /** Part of the ERROR's message. */
  readonly says: string;
  /** Absent when the session goes on. */
  readonly closeCode?: number;
}

const OFFENCES: readonly Offence[] = [
  { name: "one byte", message: garbage(1), code: 100, says: "header takes 4 bytes" },
  { name: "garbage", message: garbage(100), code: 100, says: "starts with" },
  { name: "a large heap of garbage", message: garbage(60_000), code: 100, says: "starts with" },
  {
    name: "2 MiB",
    message: new Uint8Array(2 * MIB),
    code: 100,
    says: "2097152 bytes",
    closeCode: 1009,
  },
  {
    name: "65 MiB that start well",
    message: padded(SET, 65 * MIB),
    code: 100,
    says: "68157440 bytes",
    closeCode: 1009,
  },
  { name: "a text message", message: "hello", code: 100, says: "text message" },
  { name: "a 45 KB nested array", message: nestedArray(15_000), code: 101, says: "nested deeper" },
  { name: "an encrypted frame", message: flagged(0x10), code: 100, says: "it is encrypted" },
  { name: "a compressed frame", message: flagged(0x08), code: 100, says: "it is compressed" },
  { name: "an unknown encoding", message: flagged(0x02), code: 100, says: "encoding 3" },
  {
    name: "a frame longer than its message",
    message: SET.slice(0, -1),
    code: 100,
    says: `it takes ${SET.length} bytes, ${SET.length - 1} are left`,
  },
  { name: "bundles in bundles", message: bundles(12), code: 101, says: "nested deeper than 4" },
  { name: "an unknown message", message: frame([0x7f, 1, 2]), code: 101, says: "0x7f" },
  { name: "a second HELLO", message: encodeFrame(HELLO), code: 101, says: "already said" },
  {
    name: "a SNAPSHOT",
    message: encodeFrame({
      type: "SNAPSHOT",
      params: [{ address: "/hostile/value", value: encodeValue(1), revision: 1 }],
    }),
    code: 101,
    says: "SNAPSHOT is sent by routers only",
  },
  {
    name: "garbage before HELLO",
    isFirst: true,
    message: garbage(100),
    code: 100,
    says: "starts with",
    closeCode: 1008,
  },
  {
    name: "SET before HELLO",
    isFirst: true,
    message: SET,
    code: 101,
    says: "must be HELLO, not SET",
    closeCode: 1008,
  },
  {
    name: "HELLO of another version",
    isFirst: true,
    message: encodeFrame({ ...HELLO, version: 2 }),
    code: 102,
    says: "version 2",
    closeCode: 1008,
  },
  {
    name: "HELLO with an endless name",
    isFirst: true,
    message: encodeFrame({ ...HELLO, name: "x".repeat(60_000) }),
    code: 101,
    says: "60000 bytes",
    closeCode: 1008,
  },
];

Deno.test("a router answers hostile input with a reason, and nobody else notices", async (t) => {
  await using router = LineProcess.start("counting_router.ts");
  const port = Number(await router.next());
  await using control = LineProcess.start("round_trips.ts", String(port));
  assertEquals(await control.next(), "ready");
  await control.ask("500");
  const alone = await control.ask("1000") as RoundTrips;

  using silent = await SilentCrowd.connect(port, 200);
  const before = await router.ask() as RouterCounts;
  assertEquals([before.connections, before.clients], [201, 1]);

  await control.ask("0");
  for (const offence of OFFENCES) {
    await t.step(offence.name, () => repeat(20, () => commit(offence, port)));
  }
  await t.step("every truncation of a frame", () => repeat(5, () => truncate(port)));
  const amongOffences = await control.ask("200") as RoundTrips;

  await t.step("200 connections that never say HELLO and ignore the close", async () => {
    const after = await router.ask("1") as RouterCounts;
    assertEquals([after.connections, after.clients], [1, 1]);
    assertEquals(after.params, 1, "hostile input left something behind");
    const goodbye = await silent.goodbye();
    assertStringIncludes(goodbye, "No HELLO within 10 s");
  });

  await t.step("the round trips of another session", async () => {
    const amongSilent = await control.ask("200") as RoundTrips;
    const medians = [alone, amongOffences, amongSilent].map(({ medianMs }) => medianMs.toFixed(2));
    console.log(
      `median round trip, ms: alone ${medians[0]}, among the offences ${medians[1]}, ` +
        `among silent connections ${medians[2]}`,
    );
    for (const disturbed of [amongOffences, amongSilent]) {
      assertEquals(disturbed.unexpectedFrames, 0);
      assertLess(disturbed.medianMs, 10 * alone.medianMs + 5);
      assertLess(disturbed.maxMs, 10 * alone.maxMs + 1_000);
    }
  });
});

async function repeat(times: number, action: () => Promise<void>): Promise<void> {
  for (let i = 0; i < times; i++) await action();
}

async function commit(offence: Offence, port: number): Promise<void> {
  await using offender = await RawClient.open(port);
  if (!offence.isFirst) {
    offender.send(HELLO);
    await offender.until(() => offender.all("SNAPSHOT").length === 1, "the welcome");
  }
  offender.frames.length = 0;
  if (typeof offence.message === "string") offender.sendText(offence.message);
  else offender.sendBytes(offence.message);
  await offender.until(() => offender.all("ERROR").length > 0, "ERROR");
  const [error] = offender.all("ERROR");
  assertEquals(error?.code, offence.code);
  assertStringIncludes(error?.message ?? "", offence.says);
  if (offence.closeCode === undefined) {
    await offender.settle();
    assertEquals(offender.frames.map(({ message }) => message.type), ["ERROR", "PONG"]);
  } else {
    const { code, reason } = await offender.ended;
    assertEquals(code, offence.closeCode);
    assertStringIncludes(error?.message ?? "", reason);
    assertGreater(reason.length, 10);
    assertEquals(offender.frames.length, 1);
  }
}

async function truncate(port: number): Promise<void> {
  await using offender = await RawClient.connect(port);
  const { length } = SET;
  for (let end = 1; end < length; end++) offender.sendBytes(SET.slice(0, end));
  // Whole frames of a payload that is cut off.
  for (let end = 5; end < length; end++) offender.sendBytes(frame(SET.subarray(4, end)));
  await offender.settle();
  const codes = offender.all("ERROR").map(({ code }) => code);
  assertEquals(codes.slice(0, length - 1), Array(length - 1).fill(100));
  assertEquals(codes.slice(length - 1), Array(length - 5).fill(101));
}

/** Connections that say nothing, read nothing and close nothing. */
class SilentCrowd implements Disposable {
  readonly #sockets: readonly RawWebSocket[];

  private constructor(sockets: readonly RawWebSocket[]) {
    this.#sockets = sockets;
  }

  static async connect(port: number, count: number): Promise<SilentCrowd> {
    const sockets: RawWebSocket[] = [];
    for (let i = 0; i < count; i++) sockets.push(await RawWebSocket.connect(port));
    return new SilentCrowd(sockets);
  }

  /** What the first of them was told, read at last. */
  async goodbye(): Promise<string> {
    const [first] = this.#sockets;
    assert(first !== undefined);
    return new TextDecoder().decode(await first.readToEnd());
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket[Symbol.dispose]();
  }
}

function garbage(length: number): Uint8Array<ArrayBuffer> {
  const prng = createPrng(length);
  const bytes = Uint8Array.from({ length }, () => prng.nextInt(256));
  bytes[0] = 0xc1;
  return bytes;
}

/** SET with a flag more in its header. */
function flagged(bit: number): Uint8Array<ArrayBuffer> {
  const bytes = SET.slice();
  bytes[1] = (bytes[1] ?? 0) | bit;
  return bytes;
}

/** A PING in a bundle in a bundle. */
function bundles(depth: number): Uint8Array<ArrayBuffer> {
  let payload: number[] = [MESSAGE_CODE.PING];
  for (let i = 0; i < depth; i++) {
    payload = [
      MESSAGE_CODE.BUNDLE,
      0,
      0,
      1,
      payload.length >> 8,
      payload.length & 0xff,
      ...payload,
    ];
  }
  return frame(payload);
}

function padded(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(length);
  result.set(bytes);
  return result;
}

/** A frame around any payload. */
function frame(payload: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + payload.length);
  bytes.set([0x53, (QOS.confirm << 6) | 1, payload.length >> 8, payload.length & 0xff]);
  bytes.set(payload, 4);
  return bytes;
}

/** SET of an array in an array in an array, 3 bytes a level. */
function nestedArray(depth: number): Uint8Array<ArrayBuffer> {
  const address = new TextEncoder().encode("/hostile/nested");
  const ARRAY = 0x0a;
  const levels = Array.from({ length: depth }, () => [ARRAY, 0, 1]).flat();
  // The type of the outermost value is in the flags; the innermost level holds a null.
  const value = [...levels.slice(1), 0];
  return frame([MESSAGE_CODE.SET, ARRAY, 0, address.length, ...address, ...value]);
}
