import { FrameBuffers } from "../../../src/edge/frame_buffers.ts";
import { MaskingBuffer } from "../../../src/edge/masking_buffer.ts";
import { BATCH_BYTES_MAX } from "../../../src/limits.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("frame buffers have at least the bytes that were asked for, and at most twice as many", () => {
  const buffers = new FrameBuffers();
  for (const bytes of [0, 1, 512, 513, 1_024, 1_025, 100_000, 4_000_000]) {
    const { length } = buffers.take(bytes).bytes;
    assert(length >= bytes && length <= Math.max(512, 2 * bytes), `${length} for ${bytes}`);
  }
});

Deno.test("a frame buffer that was given back is handed out again, once", () => {
  const buffers = new FrameBuffers();
  const first = buffers.take(700);
  buffers.giveBack(first);
  assertEquals(buffers.freeBytes, first.bytes.length);
  assert(buffers.take(512) !== first, "it is of another size");
  assert(buffers.take(1_000) === first);
  assertEquals(buffers.freeBytes, 0);
  assert(buffers.take(1_000) !== first);
});

Deno.test("frame buffers are kept up to the bound, whoever gives them back", () => {
  const buffers = new FrameBuffers(4 * 512);
  const taken = Array.from({ length: 10 }, () => buffers.take(1));
  for (const buffer of taken) buffers.giveBack(buffer);
  assertEquals(buffers.freeBytes, 4 * 512);
});

Deno.test("a huge frame buffer is not kept", () => {
  const buffers = new FrameBuffers(Infinity);
  buffers.giveBack(buffers.take(2 * BATCH_BYTES_MAX));
  assertEquals(buffers.freeBytes, 2 * BATCH_BYTES_MAX);
  buffers.giveBack(new MaskingBuffer(new ArrayBuffer(4 * BATCH_BYTES_MAX)));
  assertEquals(buffers.freeBytes, 2 * BATCH_BYTES_MAX);
});
