import { ReadBuffer } from "../../../src/edge/read_buffer.ts";
import { READ_BYTES_MAX } from "../../../src/limits.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const SMALL = 512;

Deno.test("a read buffer is small, and grows in steps up to the limit while reads fill it", () => {
  const buffer = new ReadBuffer();
  const sizes = [buffer.bytes.length];
  for (let reads = 0; reads < 5; reads++) {
    buffer.handled(buffer.bytes.length);
    sizes.push(buffer.bytes.length);
  }
  assertEquals(sizes, [SMALL, 4_096, 32_768, READ_BYTES_MAX, READ_BYTES_MAX, READ_BYTES_MAX]);
});

Deno.test("a read buffer stays as it is while reads do not fill it", () => {
  const buffer = new ReadBuffer();
  buffer.handled(SMALL);
  const { bytes } = buffer;
  for (let reads = 0; reads < 3; reads++) {
    assertEquals(buffer.handled(1), false);
    assert(buffer.bytes === bytes);
  }
});

Deno.test("a read buffer is small again after a rest, but never under a read that waits", () => {
  const buffer = new ReadBuffer();
  for (let reads = 0; reads < 3; reads++) buffer.handled(buffer.bytes.length);
  const waiting = buffer.bytes;
  assertEquals(waiting.length, READ_BYTES_MAX);
  buffer.rest();
  assert(buffer.bytes === waiting, "the read that waits writes there");
  assertEquals(buffer.handled(1), true);
  assertEquals(buffer.bytes.length, SMALL);
  assertEquals(buffer.handled(1), false);
});

Deno.test("a read buffer says when its bytes are others than before", () => {
  const buffer = new ReadBuffer();
  for (let reads = 0; reads < 6; reads++) {
    const { bytes } = buffer;
    assertEquals(buffer.handled(bytes.length), buffer.bytes !== bytes);
  }
});
