import { encodedNumber } from "../../../src/wire/encoded_number.ts";
import { encodeValue, type Value } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("encodedNumber() reads numbers of every type, and nothing else", () => {
  const encoded: readonly (readonly [Uint8Array, number | bigint])[] = [
    [Uint8Array.of(0x02, 0xff), -1],
    [Uint8Array.of(0x03, 0x01, 0x00), 256],
    [Uint8Array.of(0x04, 0, 0, 0, 7), 7],
    [encodeValue(5n), 5],
    [encodeValue(2n ** 60n), 2n ** 60n],
    [Uint8Array.of(0x06, 0x3f, 0, 0, 0), 0.5],
    [encodeValue(-0.25), -0.25],
  ];
  for (const [value, number] of encoded) assertEquals(encodedNumber(value), number);
  const others: readonly Value[] = [null, true, "1", new Uint8Array(1), [1], { a: 1 }];
  for (const value of others) assertEquals(encodedNumber(encodeValue(value)), undefined);
});
