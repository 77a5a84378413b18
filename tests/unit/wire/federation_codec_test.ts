import { ByteReader } from "../../../src/wire/byte_reader.ts";
import { readFederationSync } from "../../../src/wire/federation_codec.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

Deno.test("readFederationSync() knows its operations and refuses all others", () => {
  const known: number[] = [];
  for (let op = 0; op < 256; op++) {
    const error = assertThrows(
      () => readFederationSync(new ByteReader(Uint8Array.of(op))),
      WireError,
    );
    if (!error.message.includes("is not known")) known.push(op);
  }
  assertEquals(known, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});
