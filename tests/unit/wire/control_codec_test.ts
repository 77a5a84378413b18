import { ByteReader } from "../../../src/wire/byte_reader.ts";
import { readAck } from "../../../src/wire/control_codec.ts";
import { assertEquals } from "../../support/assert.ts";
import { fromHex } from "./vector_form.ts";

Deno.test("readAck() tells not locked from not said", () => {
  const locked = ["00", "04 00", "04 01", "04 ff"].map((hex) =>
    readAck(new ByteReader(fromHex(hex))).locked
  );
  assertEquals(locked, [undefined, false, true, true]);
});
