import { ByteReader } from "../../../src/wire/byte_reader.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { readHello, writeHello } from "../../../src/wire/handshake_codec.ts";
import { FEATURE } from "../../../src/wire/message.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { fromHex } from "./vector_form.ts";

Deno.test("readHello() ignores what follows when the envelope feature is not set", () => {
  const hello = readHello(new ByteReader(fromHex("01 fd 0000 0000 0001 61")));
  assertEquals([hello.features, hello.router], [0xfd, undefined]);
});

Deno.test("readHello() refuses the envelope feature without the router's facts", () => {
  assertThrows(() => readHello(new ByteReader(fromHex("01 02 0000 0000"))), WireError, "router id");
});

Deno.test("writeHello() refuses the envelope feature and the router's facts apart", () => {
  const router = { routerId: "a", bootId: 1, timeMicros: 1, timed: true };
  const hello = { type: "HELLO", version: 1, name: "n" } as const;
  assertThrows(
    () => writeHello(new ByteWriter(), { ...hello, features: FEATURE.envelope }),
    TypeError,
  );
  assertThrows(
    () => writeHello(new ByteWriter(), { ...hello, features: FEATURE.federation, router }),
    TypeError,
  );
});
