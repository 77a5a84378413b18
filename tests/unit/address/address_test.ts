import { AddressError, addressProblem, parseAddress } from "../../../src/address/address.ts";
import { ADDRESS_BYTES_MAX, ADDRESS_SEGMENTS_MAX } from "../../../src/limits.ts";
import { assert, assertEquals, assertLess, assertThrows } from "../../support/assert.ts";

Deno.test("parseAddress() gives the segments in order", () => {
  assertEquals(parseAddress("/a"), ["a"]);
  assertEquals(parseAddress("/site-a/stage/fader/1"), ["site-a", "stage", "fader", "1"]);
  assertEquals(parseAddress("/a/./../b c"), ["a", ".", "..", "b c"]);
});

Deno.test("addressProblem() says why a text is refused", () => {
  const refused: [string, string][] = [
    ["", `start with "/"`],
    ["a", `start with "/"`],
    [" /a", `start with "/"`],
    ["/", "at least one segment"],
    ["//", "empty"],
    ["//a", "empty"],
    ["/a//b", "empty"],
    ["/a/", "empty"],
    ["/a/*", "patterns only"],
    ["/a*", "patterns only"],
    ["/**", "patterns only"],
    ["/a\0", "control characters"],
    ["/a\n", "control characters"],
    ["/a\x1f/b", "control characters"],
    ["/\ud83c", "surrogate"],
    ["/\udfa8a", "surrogate"],
  ];
  for (const [text, why] of refused) {
    const problem = addressProblem(text);
    assert(problem?.includes(why), `${JSON.stringify(text)}: ${problem}`);
  }
  for (const text of ["/a", "/a b", "/\x7f", "/?", "/é/\u{1f3a8}", "/\uffff"]) {
    assertEquals(addressProblem(text), undefined, text);
  }
});

Deno.test("addressProblem() counts UTF-8 bytes, not characters", () => {
  for (const [character, bytes] of [["a", 1], ["é", 2], ["€", 3], ["\u{1f3a8}", 4]] as const) {
    const fits = Math.floor((ADDRESS_BYTES_MAX - 1) / bytes);
    const padding = "x".repeat(ADDRESS_BYTES_MAX - 1 - fits * bytes);
    const longest = `/${character.repeat(fits)}${padding}`;
    assertEquals(new TextEncoder().encode(longest).length, ADDRESS_BYTES_MAX);
    assertEquals(addressProblem(longest), undefined);
    assert(addressProblem(`${longest}x`)?.includes("bytes"), character);
  }
});

Deno.test("addressProblem() bounds the number of segments", () => {
  assertEquals(addressProblem("/a".repeat(ADDRESS_SEGMENTS_MAX)), undefined);
  assert(addressProblem("/a".repeat(ADDRESS_SEGMENTS_MAX + 1))?.includes("segments"));
});

Deno.test("parseAddress() throws an AddressError with the text and the reason", () => {
  const error = assertThrows(() => parseAddress("/a//b"), AddressError);
  assert(error instanceof TypeError);
  assertEquals(error.name, "AddressError");
  assertEquals(error.message, `Cannot parse address "/a//b": a segment must not be empty`);
});

Deno.test("an AddressError shortens a huge text and escapes what a terminal would obey", () => {
  const error = assertThrows(() => parseAddress("/\x1b[2J" + "x".repeat(60_000)), AddressError);
  assertLess(error.message.length, 300);
  assert(!error.message.includes("\x1b"));
});
