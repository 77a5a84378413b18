import { decodeUtf8, isUtf8 } from "../../../src/wire/utf8.ts";
import { assertEquals, assertGreater } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";

Deno.test("decodeUtf8() and isUtf8() agree with TextDecoder on every sequence of two bytes", () => {
  const bytes = new Uint8Array(2);
  for (let pair = 0; pair < 65_536; pair++) {
    bytes[0] = pair >> 8;
    bytes[1] = pair;
    check(bytes);
  }
});

Deno.test("decodeUtf8() and isUtf8() agree with TextDecoder around every limit of UTF-8", () => {
  const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf];
  const leads = [0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff];
  for (const lead of leads) {
    for (const second of edges) {
      check(Uint8Array.of(lead, second));
      for (const third of edges) {
        check(Uint8Array.of(lead, second, third));
        for (const fourth of edges) check(Uint8Array.of(lead, second, third, fourth));
      }
    }
  }
});

Deno.test("decodeUtf8() and isUtf8() agree with TextDecoder on text cut at any byte", () => {
  const encoder = new TextEncoder();
  const prng = createPrng(3);
  let valid = 0;
  for (let i = 0; i < 2_000; i++) {
    const characters = Array.from({ length: prng.nextInt(40) }, () => prng.pick([..."sé€🎵"]));
    const bytes = encoder.encode(characters.join(""));
    if (check(bytes.subarray(0, prng.nextInt(bytes.length + 1)))) valid++;
  }
  assertGreater(valid, 500);
});

Deno.test("decodeUtf8() reads ASCII of any length", () => {
  for (let length = 0; length < 200; length++) {
    check(Uint8Array.from({ length }, (_, i) => (i * 7) & 0x7f));
  }
});

/** Compares with the platform, the bytes standing in the middle of others. */
function check(bytes: Uint8Array): boolean {
  const padded = new Uint8Array(bytes.length + 2).fill(0xbf);
  padded.set(bytes, 1);
  const expected = platformDecode(bytes);
  const end = 1 + bytes.length;
  // Compared before `assertEquals`, which is too slow for this many cases.
  if (
    decodeUtf8(padded, 1, end) !== expected || isUtf8(padded, 1, end) !== (expected !== undefined)
  ) {
    assertEquals(decodeUtf8(padded, 1, end), expected, bytes.toHex());
    assertEquals(isUtf8(padded, 1, end), expected !== undefined, bytes.toHex());
  }
  return expected !== undefined;
}

const PLATFORM = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function platformDecode(bytes: Uint8Array): string | undefined {
  try {
    return PLATFORM.decode(bytes);
  } catch {
    return undefined;
  }
}
