/**
 * What every `Transport` has to do, whatever carries it.
 *
 * @module
 */
import type { AcceptTransport, Transport, TransportHandler } from "../../src/edge/transport.ts";
import {
  assert,
  assertEquals,
  assertLess,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";

const DEADLINE_MS = 10_000;
/** What may still be buffered on a connection that keeps up. */
const BUFFERED_BYTES_MAX = 65_536;

/** One end of a connection: give `accept` to the transport under test, then read what it got. */
export class TransportEnd implements TransportHandler {
  readonly accept: AcceptTransport = (transport) => {
    this.#transport = transport;
    this.#changed();
    return this;
  };
  readonly messages: Uint8Array[] = [];
  texts = 0;
  readonly closes: { readonly code: number; readonly reason: string }[] = [];
  /** Called first thing with each message. */
  intercept: ((bytes: Uint8Array) => void) | undefined;
  #transport: Transport | undefined;
  #wakeUps: (() => void)[] = [];

  onMessage(bytes: Uint8Array): void {
    // They are the transport's again when this returns.
    this.messages.push(bytes.slice());
    this.#changed();
    this.intercept?.(bytes);
  }

  /** Messages that were too large to be read, by what was known of their size. */
  readonly tooLarge: number[] = [];

  onTooLarge(bytes: number): void {
    this.tooLarge.push(bytes);
  }

  onText(): void {
    this.texts++;
    this.#changed();
  }

  onClose(code: number, reason: string): void {
    this.closes.push({ code, reason });
    this.#changed();
  }

  get isConnected(): boolean {
    return this.#transport !== undefined;
  }

  get transport(): Transport {
    if (this.#transport === undefined) throw new Error("Cannot use an end that is not connected");
    return this.#transport;
  }

  /** Waits until `condition` holds; it is looked at whenever this end was told something. */
  until(condition: () => boolean, what: string): Promise<void> {
    const wait = async () => {
      while (!condition()) await new Promise<void>((resolve) => this.#wakeUps.push(resolve));
    };
    return withDeadline(wait(), DEADLINE_MS, what);
  }

  #changed(): void {
    const wakeUps = this.#wakeUps;
    this.#wakeUps = [];
    for (const wakeUp of wakeUps) wakeUp();
  }
}

/** Two connected ends. Disposing of it closes them and leaves nothing behind. */
export interface TransportPair extends AsyncDisposable {
  readonly a: TransportEnd;
  readonly b: TransportEnd;
  /** Lets a simulated network run until nothing is under way. */
  readonly pump?: (() => void) | undefined;
}

/** Registers the suite. `makePair` resolves when both ends are connected. */
export function transportSuite(name: string, makePair: () => Promise<TransportPair>): void {
  const test = (behaviour: string, run: (pair: TransportPair) => Promise<void>) => {
    for (const flipped of [false, true]) {
      Deno.test({
        name: `${name} ${behaviour}${flipped ? " (other direction)" : ""}`,
        sanitizeOps: true,
        sanitizeResources: true,
        fn: async () => {
          const pair = await makePair();
          try {
            await run(flipped ? { ...pair, a: pair.b, b: pair.a } : pair);
          } finally {
            await pair[Symbol.asyncDispose]();
          }
          for (const end of [pair.a, pair.b]) {
            pair.pump?.();
            await end.until(() => end.closes.length > 0, "the close of both ends");
            assertEquals(end.closes.length, 1, "onClose is called exactly once");
          }
        },
      });
    }
  };

  test("delivers messages whole and in order, from 1 byte to 1 MiB", deliversInOrder);
  test("copies a message before send() returns", copiesBytes);
  test("sends only what a view covers", sendsOnlyTheView);
  test("leaves a message as it is while its handler sends and reads on", keepsBytesMeanwhile);
  test("carries both directions at once", carriesBothDirections);
  test("has few bytes buffered once the peer has read", drainsBuffer);
  test("delivers what was sent before close()", deliversBeforeClose);
  test("tells both ends of a close once, its own end at once", closesOnce);
  test("cuts a reason to 123 bytes between characters", cutsReason);
  test("refuses close codes that may not be sent", refusesCodes);
  test("delivers nothing after close()", silentAfterClose);
  test("ignores send() after close(), at both ends", ignoresLateSend);
  test("can be closed by its own onMessage", closesInsideHandler);
  test("can be closed by its own onClose", closesInsideOnClose);
}

async function deliversInOrder({ a, b, pump }: TransportPair): Promise<void> {
  const sizes = [1, 2, 125, 126, 127, 4_096, 65_535, 65_536, 65_537, 262_144, 1_048_576, 1];
  sizes.forEach((size, index) => a.transport.send(patterned(size, index)));
  pump?.();
  await b.until(() => b.messages.length >= sizes.length, "messages of every size");
  assertEquals(b.messages.map((message) => message.length), sizes);
  sizes.forEach((size, index) => assertSameBytes(b.messages[index], patterned(size, index)));
}

async function copiesBytes({ a, b, pump }: TransportPair): Promise<void> {
  const buffer = new Uint8Array(3_000);
  for (let value = 1; value <= 50; value++) a.transport.send(buffer.fill(value));
  buffer.fill(0);
  pump?.();
  await b.until(() => b.messages.length === 50, "50 messages");
  for (const [index, message] of b.messages.entries()) {
    assertSameBytes(message, new Uint8Array(3_000).fill(index + 1));
  }
}

async function sendsOnlyTheView({ a, b, pump }: TransportPair): Promise<void> {
  a.transport.send(patterned(1_000, 0).subarray(10, 20));
  pump?.();
  await b.until(() => b.messages.length === 1, "a message");
  assertSameBytes(b.messages[0], patterned(1_000, 0).slice(10, 20));
}

async function keepsBytesMeanwhile({ a, b, pump }: TransportPair): Promise<void> {
  const answers: Uint8Array[] = [];
  b.intercept = (bytes) => {
    b.transport.send(new Uint8Array(100));
    b.transport.send(bytes);
    answers.push(bytes.slice());
  };
  for (let index = 0; index < 20; index++) a.transport.send(patterned(100, index));
  pump?.();
  await b.until(() => b.messages.length === 20, "20 messages");
  await a.until(() => a.messages.length === 40, "what they were answered with");
  answers.forEach((answer, index) => assertSameBytes(answer, patterned(100, index)));
  for (let index = 0; index < 20; index++) {
    assertSameBytes(a.messages[2 * index + 1], patterned(100, index));
  }
}

async function carriesBothDirections({ a, b, pump }: TransportPair): Promise<void> {
  for (let index = 0; index < 300; index++) {
    a.transport.send(patterned(2_000, index));
    b.transport.send(patterned(2_000, index + 7));
  }
  pump?.();
  await a.until(() => a.messages.length === 300, "300 messages one way");
  await b.until(() => b.messages.length === 300, "300 messages the other way");
  a.messages.forEach((message, index) => assertSameBytes(message, patterned(2_000, index + 7)));
  b.messages.forEach((message, index) => assertSameBytes(message, patterned(2_000, index)));
}

async function drainsBuffer({ a, b, pump }: TransportPair): Promise<void> {
  for (let index = 0; index < 64; index++) a.transport.send(patterned(65_536, index));
  pump?.();
  await b.until(() => b.messages.length === 64, "4 MiB");
  // The last write may be accounted for after its arrival; a few answers give it the time.
  for (let answers = 1; a.transport.bufferedBytes > BUFFERED_BYTES_MAX && answers < 50; answers++) {
    b.transport.send(patterned(1, 0));
    pump?.();
    await a.until(() => a.messages.length === answers, "an answer");
  }
  assertLess(a.transport.bufferedBytes, BUFFERED_BYTES_MAX + 1);
}

async function deliversBeforeClose({ a, b, pump }: TransportPair): Promise<void> {
  for (let index = 0; index < 20; index++) a.transport.send(patterned(50_000, index));
  a.transport.close(1000, "done");
  pump?.();
  await b.until(() => b.closes.length === 1, "the close");
  assertEquals(b.messages.length, 20);
  assertEquals(b.closes, [{ code: 1000, reason: "done" }]);
}

async function closesOnce({ a, b, pump }: TransportPair): Promise<void> {
  a.transport.close(4_001, "first");
  assertEquals(
    a.closes,
    [{ code: 4_001, reason: "first" }],
    "onClose comes before close() returns",
  );
  a.transport.close(4_002, "second");
  pump?.();
  await b.until(() => b.closes.length > 0, "the close at the other end");
  b.transport.close(4_003, "third");
  pump?.();
  assertEquals(a.closes, [{ code: 4_001, reason: "first" }]);
  assertEquals(b.closes, [{ code: 4_001, reason: "first" }]);
}

async function cutsReason({ a, b, pump }: TransportPair): Promise<void> {
  // 1 + 2 * 61 = 123 bytes; the 62nd "é" would end at byte 125.
  a.transport.close(4_001, "x" + "é".repeat(100));
  pump?.();
  await b.until(() => b.closes.length === 1, "the close");
  assertEquals(b.closes, [{ code: 4_001, reason: "x" + "é".repeat(61) }]);
  assertEquals(a.closes, b.closes);
}

async function refusesCodes({ a, b, pump }: TransportPair): Promise<void> {
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 2_999, 5_000, 1000.5, NaN]) {
    assertThrows(() => a.transport.close(code, ""), RangeError, `${code}`);
  }
  a.transport.send(patterned(5, 0));
  pump?.();
  await b.until(() => b.messages.length === 1, "a message on the connection that is still open");
}

async function silentAfterClose({ a, b, pump }: TransportPair): Promise<void> {
  for (let index = 0; index < 100; index++) b.transport.send(patterned(1_000, index));
  a.transport.close(1000, "");
  pump?.();
  await b.until(() => b.closes.length === 1, "the close at the other end");
  assertEquals(a.messages, []);
  assertEquals(a.closes.length, 1);
  assertEquals(a.transport.bufferedBytes, 0);
}

async function ignoresLateSend({ a, b, pump }: TransportPair): Promise<void> {
  a.transport.close(1000, "");
  a.transport.send(patterned(10, 0));
  pump?.();
  await b.until(() => b.closes.length === 1, "the close at the other end");
  b.transport.send(patterned(10, 0));
  pump?.();
  assertEquals(a.messages, []);
  assertEquals(b.messages, []);
}

async function closesInsideHandler({ a, b, pump }: TransportPair): Promise<void> {
  b.intercept = () => b.transport.close(4_009, "enough");
  for (let index = 0; index < 10; index++) a.transport.send(patterned(10, index));
  pump?.();
  await a.until(() => a.closes.length === 1, "the close");
  assertEquals(b.messages.length, 1);
  assertEquals(b.closes, [{ code: 4_009, reason: "enough" }]);
}

async function closesInsideOnClose({ a, b, pump }: TransportPair): Promise<void> {
  const onClose = b.onClose.bind(b);
  b.onClose = (code, reason) => {
    b.transport.close(1000, "again");
    onClose(code, reason);
  };
  a.transport.close(4_001, "first");
  pump?.();
  await b.until(() => b.closes.length > 0, "the close");
  assertEquals(b.closes, [{ code: 4_001, reason: "first" }]);
}

/** Bytes that tell where they come from. */
export function patterned(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) {
    bytes[index] = (index * 31 + (index >> 8) + seed) & 0xff;
  }
  return bytes;
}

/** Quicker than `assertEquals` on a megabyte. */
export function assertSameBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  assert(actual !== undefined, "no message");
  assertStrictEquals(actual.length, expected.length);
  const differing = actual.findIndex((byte, index) => byte !== expected[index]);
  assertStrictEquals(differing, -1, `the bytes differ from offset ${differing} on`);
}
