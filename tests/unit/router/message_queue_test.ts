import { OUTBOX_SAMPLES_BYTES_MAX, OUTBOX_SAMPLES_MAX } from "../../../src/limits.ts";
import { type MessageKind, MessageQueue } from "../../../src/router/message_queue.ts";
import { assert, assertEquals, assertLess } from "../../support/assert.ts";

function numbered(n: number, kind: MessageKind, length = 4) {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, n);
  return { bytes, kind, deadlineMicros: Infinity };
}

/** Numbers of all that is left, in order. */
function takeAll(queue: MessageQueue): number[] {
  const numbers: number[] = [];
  for (let it = queue.shift(); it !== undefined; it = queue.shift()) {
    numbers.push(new DataView(it.bytes.buffer).getUint32(0));
  }
  return numbers;
}

Deno.test("MessageQueue counts what waits and keeps its order", () => {
  const queue = new MessageQueue();
  queue.push(numbered(1, "event"));
  queue.push(numbered(2, "answer", 6));
  queue.push(numbered(3, "sample"));
  assertEquals([queue.length, queue.bytes, queue.hasAnswers], [3, 14, true]);
  queue.shift();
  assertEquals([queue.length, queue.bytes, queue.hasAnswers], [2, 10, true]);
  queue.shift();
  assertEquals([queue.length, queue.bytes, queue.hasAnswers], [1, 4, false]);
  assertEquals([takeAll(queue), queue.bytes], [[3], 0]);
});

Deno.test("MessageQueue at its bound of samples drops the oldest sample and nothing else", () => {
  const queue = new MessageQueue();
  queue.push(numbered(0, "event"));
  let dropped = 0;
  for (let n = 1; n <= OUTBOX_SAMPLES_MAX; n++) dropped += queue.push(numbered(n, "sample"));
  queue.push(numbered(5_000, "answer"));
  assertEquals(dropped, 0);
  assertEquals(queue.push(numbered(6_000, "sample")), 1);
  assertEquals(queue.push(numbered(7_000, "sample")), 1);
  assertEquals(queue.length, OUTBOX_SAMPLES_MAX + 2);
  const left = takeAll(queue);
  assertEquals(left.slice(0, 2), [0, 3]);
  assertEquals(left.slice(-4), [OUTBOX_SAMPLES_MAX, 5_000, 6_000, 7_000]);
});

Deno.test("MessageQueue keeps no more bytes of samples than its bound", () => {
  const queue = new MessageQueue();
  const bytes = OUTBOX_SAMPLES_BYTES_MAX / 16;
  for (let n = 0; n < 16; n++) assertEquals(queue.push(numbered(n, "sample", bytes)), 0);
  assertEquals(queue.push(numbered(16, "sample", bytes)), 1);
  assertEquals(queue.push(numbered(17, "sample", 4)), 1);
  assertLess(queue.bytes, OUTBOX_SAMPLES_BYTES_MAX);
  assertEquals(takeAll(queue), Array.from({ length: 16 }, (_, n) => n + 2));
});

Deno.test("MessageQueue into which samples come for ever, and nothing is taken, stays small", () => {
  const queue = new MessageQueue();
  queue.push(numbered(0, "answer"));
  for (let n = 1; n <= 100_000; n++) queue.push(numbered(n, "sample"));
  assertEquals([queue.length, queue.bytes], [OUTBOX_SAMPLES_MAX + 1, 4 * OUTBOX_SAMPLES_MAX + 4]);
  const left = takeAll(queue);
  assertEquals([left[0], left[1], left.at(-1)], [0, 100_001 - OUTBOX_SAMPLES_MAX, 100_000]);
});

Deno.test("MessageQueue drops samples also when some were taken and the rest moved up", () => {
  const queue = new MessageQueue();
  for (let n = 0; n < OUTBOX_SAMPLES_MAX; n++) queue.push(numbered(n, "sample"));
  for (let n = 0; n < 10; n++) queue.shift();
  for (let n = 0; n < 3_000; n++) queue.push(numbered(OUTBOX_SAMPLES_MAX + n, "sample"));
  const left = takeAll(queue);
  assertEquals([left.length, left.at(-1)], [OUTBOX_SAMPLES_MAX, OUTBOX_SAMPLES_MAX + 2_999]);
  assert(left.every((n, index) => index === 0 || n === (left[index - 1] ?? 0) + 1));
});

Deno.test("MessageQueue drops what is past its deadline, in whatever place", () => {
  const queue = new MessageQueue();
  for (const [n, deadlineMicros] of [[1, 10], [2, 30], [3, 20], [4, Infinity]] as const) {
    queue.push({ ...numbered(n, "event"), deadlineMicros });
  }
  assertEquals(queue.expire(20), 2);
  assertEquals([queue.length, queue.bytes, takeAll(queue)], [2, 8, [2, 4]]);
});
