import { FrameBuffers } from "../../../src/edge/frame_buffers.ts";
import { createMaskSource, FrameQueue } from "../../../src/edge/websocket_frame_queue.ts";
import { OPCODE } from "../../../src/edge/websocket_opcode.ts";
import { assert, assertEquals, assertNotEquals } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";

const MASK = 0x37fa213d;
const HELLO = new TextEncoder().encode("Hello");

Deno.test("FrameQueue writes the masked frames that RFC 6455 shows", () => {
  const queue = new FrameQueue(() => MASK);
  queue.append(OPCODE.text, HELLO);
  assertEquals(queue.take().toHex(), "818537fa213d7f9f4d5158");
  queue.append(OPCODE.pong, HELLO);
  assertEquals(queue.take().toHex(), "8a8537fa213d7f9f4d5158");
});

Deno.test("FrameQueue masks nothing in the server's role", () => {
  const queue = new FrameQueue();
  queue.append(OPCODE.text, HELLO);
  assertEquals(queue.take().toHex(), "810548656c6c6f");
  for (const size of [0, 31, 32, 125, 126, 65_535, 65_536]) {
    const payload = Uint8Array.from({ length: size }, (_, i) => i);
    queue.append(OPCODE.binary, payload);
    const frame = queue.take();
    const header = size < 126 ? 2 : size < 65_536 ? 4 : 10;
    assertEquals(frame.length, header + size);
    assertEquals((frame[1] ?? 0) & 0x80, 0);
    assertEquals(frame.subarray(header).toHex(), payload.toHex());
  }
});

Deno.test("FrameQueue takes the shortest form of each length", () => {
  const headers: readonly (readonly [number, string])[] = [
    [0, "8280"],
    [125, "82fd"],
    [126, "82fe007e"],
    [127, "82fe007f"],
    [65_535, "82feffff"],
    [65_536, "82ff0000000000010000"],
    [1_048_576, "82ff0000000000100000"],
  ];
  for (const [size, header] of headers) {
    const queue = new FrameQueue(() => MASK);
    queue.append(OPCODE.binary, new Uint8Array(size));
    const frame = queue.take();
    assertEquals(frame.subarray(0, header.length / 2).toHex(), header);
    assertEquals(frame.length, header.length / 2 + 4 + size);
  }
});

Deno.test("FrameQueue masks payloads of every size at every place alike", () => {
  const prng = createPrng(1);
  const masks: number[] = [];
  const queue = new FrameQueue(() => {
    masks.push(prng.nextU32());
    return masks.at(-1) ?? 0;
  });
  const sizes = [...Array.from({ length: 140 }, (_, size) => size), 1_000, 4_099, 70_001];
  const payloads = sizes.map((size) => Uint8Array.from({ length: size }, () => prng.nextInt(256)));
  const copies = payloads.map((payload) => payload.slice());
  // Odd sizes in a row put payloads at all four places in a word.
  for (const payload of payloads) queue.append(OPCODE.binary, payload);
  assertEquals(payloads, copies, "the caller's bytes stay as they are");
  const taken = queue.take();
  let at = 0;
  for (const [index, payload] of payloads.entries()) {
    at += payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10;
    const mask = taken.slice(at, at + 4);
    assertEquals(mask.toHex(), (masks[index] ?? 0).toString(16).padStart(8, "0"));
    at += 4;
    const shown = taken.slice(at, at + payload.length).map((byte, i) => byte ^ (mask[i & 3] ?? 0));
    assertEquals(shown.toHex(), payload.toHex(), `a payload of ${payload.length} bytes`);
    at += payload.length;
  }
  assertEquals(at, taken.length);
  assertEquals(new Set(masks).size, payloads.length, "each frame has its own mask");
});

Deno.test("FrameQueue keeps what was taken as it is until the next take", () => {
  const queue = new FrameQueue(() => 0);
  queue.append(OPCODE.binary, new Uint8Array([1]));
  assertEquals(queue.byteLength, 7);
  const first = queue.take();
  assertEquals(queue.byteLength, 0);
  queue.append(OPCODE.binary, new Uint8Array([2]));
  queue.append(OPCODE.binary, new Uint8Array(10_000));
  assertEquals(first.toHex(), "82810000000001");
  assertEquals(queue.take().subarray(0, 7).toHex(), "82810000000002");
  assertEquals(queue.take().length, 0);
});

Deno.test("FrameQueue keeps no buffer that a backlog has made huge", () => {
  const queue = new FrameQueue(() => 0);
  queue.append(OPCODE.binary, new Uint8Array(4_000_000));
  const huge = queue.take().buffer;
  for (let index = 0; index < 3; index++) {
    queue.append(OPCODE.binary, new Uint8Array(1));
    assertNotEquals(queue.take().buffer.byteLength, huge.byteLength);
  }
});

Deno.test("FrameQueue holds a buffer from its first frame until the bytes are written", () => {
  const buffers = new FrameBuffers();
  const queue = new FrameQueue(undefined, buffers);
  queue.append(OPCODE.binary, new Uint8Array(100));
  queue.append(OPCODE.binary, new Uint8Array(1_000));
  const outgrown = buffers.freeBytes;
  const { byteLength } = queue.take().buffer;
  assertEquals([outgrown, buffers.freeBytes], [512, 512], "what was taken is still to be written");
  queue.written();
  queue.written();
  assertEquals(buffers.freeBytes, outgrown + byteLength);
});

Deno.test("FrameQueues share buffers, but none that is still to be written", () => {
  const buffers = new FrameBuffers();
  const [one, other] = [new FrameQueue(undefined, buffers), new FrameQueue(undefined, buffers)];
  one.append(OPCODE.text, HELLO);
  const taken = one.take();
  other.append(OPCODE.pong, HELLO);
  assert(other.take().buffer !== taken.buffer);
  assertEquals(taken.toHex(), "810548656c6c6f");
  one.written();
  other.append(OPCODE.pong, HELLO);
  assert(other.take().buffer === taken.buffer);
});

Deno.test("FrameQueue writes a close with its code and reason, or with neither", () => {
  const queue = new FrameQueue(() => 0);
  queue.appendClose(1001, "é");
  assertEquals(queue.take().toHex(), "88840000000003e9c3a9");
  queue.appendClose(1005, "not sent");
  assertEquals(queue.take().toHex(), "888000000000");
});

Deno.test("createMaskSource() hands out each random number once", () => {
  let fills = 0;
  let next = 1;
  const nextMask = createMaskSource((words) => {
    fills++;
    for (let i = 0; i < words.length; i++) words[i] = next++;
  });
  assertEquals(fills, 0);
  const masks = Array.from({ length: 3_000 }, () => nextMask());
  assertEquals(masks, Array.from({ length: 3_000 }, (_, index) => index + 1));
  assertEquals(fills, 3);
});
