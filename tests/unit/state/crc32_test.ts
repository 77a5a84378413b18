import { crc32 } from "../../../src/state/crc32.ts";
import { assertEquals } from "../../support/assert.ts";

const CHECK = new TextEncoder().encode("123456789");

Deno.test("crc32() is the CRC-32 of everyone else", () => {
  assertEquals(crc32(CHECK), 0xcbf43926);
  assertEquals(crc32(new Uint8Array()), 0);
});

Deno.test("crc32() goes on where it stopped", () => {
  assertEquals(crc32(CHECK.subarray(4), crc32(CHECK.subarray(0, 4))), 0xcbf43926);
});
