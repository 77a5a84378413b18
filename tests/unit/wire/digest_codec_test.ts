import { ByteReader } from "../../../src/wire/byte_reader.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { readDigest, writeDigest } from "../../../src/wire/digest_codec.ts";
import type { DigestMessage } from "../../../src/wire/message.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertThrows } from "../../support/assert.ts";
import { fromHex } from "./vector_form.ts";

function read(hex: string): DigestMessage {
  return readDigest(new ByteReader(fromHex(hex)));
}

Deno.test("readDigest() refuses parts that the tree does not have", () => {
  // A group at the deepest level, which has no parts; one beyond its level's width; the same of lists.
  for (
    const hex of [
      "00000000 00 0001 04 0000 0000 0000 0000",
      "00000000 00 0001 01 0010 0000 0000 0000",
      "00000000 00 0000 0001 05 0000 0000 0000 0000",
      "00000000 00 0000 0001 00 0001 0000 0000 0000",
    ]
  ) {
    assertThrows(() => read(hex), WireError, "there is no part");
  }
});

Deno.test("readDigest() refuses a count of more than 32 bits", () => {
  assertThrows(
    () => read("00000000 02 ffffffff7f 00000000 00000000 0000 0000 0000"),
    WireError,
    "32 bits",
  );
  assertThrows(() => read("00000000 02 8080808080 00 00000000 00000000"), WireError, "32 bits");
});

Deno.test("readDigest() refuses a version whose origin is not in its list", () => {
  assertThrows(
    () =>
      read(
        "00000000 00 0000 0001 00 0000 0000 0001 0001 61 0000000000000001 0000000000000001 0000 0000",
      ),
    WireError,
    "origin is not listed",
  );
});

Deno.test("writeDigest() refuses a group that has not sixteen children", () => {
  const message: DigestMessage = {
    type: "FEDERATION_SYNC",
    op: "Digest",
    exchangeId: 1,
    more: false,
    idle: false,
    groups: [{ depth: 0, index: 0, children: [] }],
    lists: [],
    wants: [],
  };
  assertThrows(() => writeDigest(new ByteWriter(), message), TypeError);
});
