import { ByteReader } from "../../../src/wire/byte_reader.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { readAnnounce, readResult, writeResult } from "../../../src/wire/definition_codec.ts";
import { assertEquals } from "../../support/assert.ts";
import { fromHex } from "./vector_form.ts";

Deno.test("readAnnounce() reads a kind of signal that is not known as an event", () => {
  const reader = new ByteReader(fromHex("0000 0001 0002 2f61 09 00"));
  assertEquals(readAnnounce(reader).signals[0]?.signal, 1);
});

Deno.test("writeResult() leaves meta out, which readResult() would not look for", () => {
  const writer = new ByteWriter();
  const signal = { address: "/a", signal: 0, meta: { unit: "dB" } } as const;
  writeResult(writer, { type: "RESULT", signals: [signal, signal] });
  assertEquals(writer.copy().toHex(), "61000200022f61000000022f610000");
  assertEquals(readResult(new ByteReader(writer.copy(), 1)).signals.length, 2);
});
