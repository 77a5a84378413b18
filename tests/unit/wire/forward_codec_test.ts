import { CONTEXT_ENTRIES_MAX } from "../../../src/limits.ts";
import { ByteReader } from "../../../src/wire/byte_reader.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { readForward, writeForward } from "../../../src/wire/forward_codec.ts";
import type { ForwardMessage } from "../../../src/wire/message.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { fromHex } from "./vector_form.ts";

Deno.test("readForward() refuses kinds and counts that are not allowed", () => {
  for (const hex of ["09 0001 0001 61", "00 0000 0001 61", "00 03e9 0001 61"]) {
    assertThrows(
      () => readForward(new ByteReader(fromHex(hex))),
      WireError,
      "Cannot read a context",
    );
  }
  assertEquals(readForward(new ByteReader(fromHex("00 03e8 0001 61"))).count, CONTEXT_ENTRIES_MAX);
});

Deno.test("readForward() refuses fewer entries than it counts", () => {
  const oneOfTwo = "03 0002 0001 61 0000000000000001 0000000000000001 00000001 00000000";
  assertThrows(() => readForward(new ByteReader(fromHex(oneOfTwo))), WireError, "sequence");
});

Deno.test("writeForward() refuses what no reader would accept", () => {
  const base = { type: "FEDERATION_SYNC", op: "Forward", origin: "a" } as const;
  const entries = [{ sequence: 1, remainingLifeMs: 1, ageMs: 0 }];
  const refused: readonly ForwardMessage[] = [
    { ...base, kind: "update", count: 0 },
    { ...base, kind: "offer", count: CONTEXT_ENTRIES_MAX + 1 },
    { ...base, kind: "event", count: 2, bootId: 1, entries },
  ];
  for (const message of refused) {
    assertThrows(() => writeForward(new ByteWriter(), message), RangeError);
  }
});
