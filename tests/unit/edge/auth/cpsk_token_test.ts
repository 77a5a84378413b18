import { hashToken, indexOfHash, newCpskToken } from "../../../../src/edge/auth/cpsk_token.ts";
import { assertEquals, assertMatch } from "../../../support/assert.ts";

Deno.test("newCpskToken() makes tokens of the public form, each another one", () => {
  const tokens = Array.from({ length: 1_000 }, newCpskToken);
  for (const token of tokens) assertMatch(token, /^cpsk_[0-9a-f]{32}$/);
  assertEquals(new Set(tokens).size, tokens.length);
});

Deno.test("hashToken() is SHA-256 of the text", () => {
  // printf cpsk_abc | sha256sum
  assertEquals(
    hashToken("cpsk_abc").toHex(),
    "743cac7ee859d15e1331d2a41759c84c6029594dfd70187f63c310e6705eac38",
  );
});

Deno.test("indexOfHash() finds a hash by all of its bytes, and looks at every one", () => {
  const hashes = ["a", "b", "c"].map(hashToken);
  for (const [index, hash] of hashes.entries()) {
    assertEquals(indexOfHash(hash.slice(), hashes), index);
    for (const at of [0, 15, 31]) {
      const other = hash.slice();
      other[at] = (other[at] ?? 0) ^ 1;
      assertEquals(indexOfHash(other, hashes), -1);
    }
  }
  assertEquals(indexOfHash(hashToken("a"), []), -1);
  // A stop at the first that fits would find the first of two.
  assertEquals(indexOfHash(hashToken("a"), [hashToken("a"), hashToken("a")]), 1);
});
