import { assertEquals } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";
import { TextCache } from "../../../src/wire/text_cache.ts";
import { decodeUtf8 } from "../../../src/wire/utf8.ts";

const ENCODER = new TextEncoder();

/** The string of a text's bytes, and whether it had to be decoded. */
function read(cache: TextCache, bytes: Uint8Array): readonly [string | undefined, boolean] {
  let isDecoded = false;
  const text = cache.get(bytes, 0, bytes.length, (...range) => {
    isDecoded = true;
    return decodeUtf8(...range);
  });
  return [text, isDecoded];
}

Deno.test("TextCache: what was decoded is not decoded again", () => {
  const cache = new TextCache(1_024);
  const bytes = ENCODER.encode("/a/fixture/1");
  assertEquals(read(cache, bytes), ["/a/fixture/1", true]);
  assertEquals(read(cache, bytes), ["/a/fixture/1", false]);
  // The bytes are the caller's again.
  bytes.set(ENCODER.encode("/b"));
  assertEquals(read(cache, bytes), ["/b/fixture/1", true]);
  assertEquals(read(cache, ENCODER.encode("/a/fixture/1")), ["/a/fixture/1", false]);
});

Deno.test("TextCache: gives the text of the bytes, however many share its few places", () => {
  const cache = new TextCache(8);
  const prng = createPrng(5);
  for (let round = 0; round < 5_000; round++) {
    const long = "x".repeat(prng.nextInt(90));
    const text = prng.pick([`/a/${prng.nextInt(40)}`, long, `/é/${prng.nextInt(9)}`, "/火"]);
    assertEquals(read(cache, ENCODER.encode(text))[0], text);
  }
});

Deno.test("TextCache: bytes that are no text are none the second time either", () => {
  const cache = new TextCache(8);
  const bad = new Uint8Array([0x2f, 0xff]);
  assertEquals(read(cache, bad), [undefined, true]);
  assertEquals(read(cache, bad), [undefined, true]);
});

Deno.test("TextCache: a text inside of others is found by its own bytes only", () => {
  const cache = new TextCache(64);
  const bytes = ENCODER.encode("/a/b/c");
  assertEquals(cache.get(bytes, 0, 2, decodeUtf8), "/a");
  assertEquals(cache.get(bytes, 0, 4, decodeUtf8), "/a/b");
  assertEquals(cache.get(bytes, 2, 4, decodeUtf8), "/b");
  assertEquals(cache.get(bytes, 0, 0, decodeUtf8), "");
});

Deno.test("TextCache: two texts with the same hash are told apart by their bytes", () => {
  const cache = new TextCache(8);
  assertEquals(read(cache, ENCODER.encode("/a/83u70s/7lizmr")), ["/a/83u70s/7lizmr", true]);
  assertEquals(read(cache, ENCODER.encode("/a/ikuuil/t6ax6e")), ["/a/ikuuil/t6ax6e", true]);
  assertEquals(read(cache, ENCODER.encode("/a/83u70s/7lizmr")), ["/a/83u70s/7lizmr", false]);
  assertEquals(read(cache, ENCODER.encode("/a/ikuuil/t6ax6e")), ["/a/ikuuil/t6ax6e", false]);
});
