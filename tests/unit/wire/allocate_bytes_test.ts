import { assert, assertEquals } from "../../support/assert.ts";
import { allocateBytes } from "../../../src/wire/allocate_bytes.ts";

Deno.test("allocateBytes(): no two arrays share a byte", () => {
  const lengths = Array.from({ length: 2_000 }, (_, n) => n * 7 % 80);
  const arrays = lengths.map((length, n) => allocateBytes(length).fill(n % 251));
  for (const [n, array] of arrays.entries()) {
    assertEquals(array.length, lengths[n]);
    assert(array.every((byte) => byte === n % 251), `array ${n} was overwritten`);
  }
});

Deno.test("allocateBytes(): an array that is kept holds no more than a small block in memory", () => {
  for (let length = 1; length <= 200; length++) {
    const bytes = allocateBytes(length).buffer.byteLength;
    assert(bytes <= Math.max(512, length), `${length} bytes hold ${bytes}`);
  }
});
