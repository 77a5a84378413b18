import { ByteReader } from "../../../src/wire/byte_reader.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { readPublish, writePublish } from "../../../src/wire/publish_codec.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { fromHex } from "./vector_form.ts";

Deno.test("readPublish() reads four or more bytes behind it as the rate, fewer as nothing", () => {
  const rates = ["", "00bb80", "0000bb80", "0000bb80ffff"].map((rest) =>
    readPublish(new ByteReader(fromHex(`40 0002 2f73 00 ${rest}`))).rate
  );
  assertEquals(rates, [undefined, undefined, 48000, 48000]);
});

Deno.test("readPublish() reads signals and phases that are not known as the public decoders do", () => {
  const read = (flags: string) => {
    const { signal, phase } = readPublish(new ByteReader(fromHex(`${flags} 0002 2f73 00`)));
    return [signal, phase];
  };
  // Signals 5 and 7 are events; phase 7 is a start; only a gesture has a phase.
  assertEquals(["a0", "e0", "67", "63", "22"].map(read), [[1, 0], [1, 0], [3, 0], [3, 3], [1, 0]]);
});

Deno.test("readPublish() refuses content whose length it cannot know", () => {
  for (const hex of ["20 0002 2f73 03", "20 0002 2f73 ff", "40 0002 2f73 02 ffff"]) {
    assertThrows(() => readPublish(new ByteReader(fromHex(hex))), WireError);
  }
});

Deno.test("writePublish() refuses a value beside samples", () => {
  const message = {
    ...{ type: "PUBLISH", address: "/s", signal: 2, phase: 0 } as const,
    value: encodeValue(1),
    samples: [1],
  };
  assertThrows(() => writePublish(new ByteWriter(), message), TypeError);
});
