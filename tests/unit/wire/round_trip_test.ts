import { decodeFrame, encodeFrame } from "../../../src/wire/frame.ts";
import { MESSAGE_CODE, type MessageType, QOS, VALUE_CODE } from "../../../src/wire/message.ts";
import { decodeValue, encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";
import { generateMessage, generateValue } from "./generate_message.ts";

const TYPES = Object.keys(MESSAGE_CODE) as MessageType[];
const MESSAGES_PER_TYPE = 300;

for (const type of TYPES) {
  Deno.test(`decodeFrame() gives back every generated ${type} that encodeFrame() wrote`, () => {
    for (let seed = 0; seed < MESSAGES_PER_TYPE; seed++) {
      const prng = createPrng(seed);
      const message = generateMessage(prng, type);
      const qos = prng.pick(Object.values(QOS));
      const timestampMicros = prng.nextInt(2) === 0 ? undefined : prng.nextInt(2 ** 53 - 1);
      const decoded = decodeFrame(encodeFrame(message, { qos, timestampMicros }));
      assertEquals(withoutUndefined(decoded.message), withoutUndefined(message), `seed ${seed}`);
      assertEquals(decoded.header.qos, qos);
      assertEquals(decoded.header.timestampMicros, timestampMicros);
    }
  });
}

Deno.test("all 19 message types make the round trip", () => {
  assertEquals(TYPES.length, 19);
});

Deno.test("generated values cover every type code", () => {
  const prng = createPrng(1);
  const codes = new Set(Array.from({ length: 500 }, () => generateValue(prng)[0]));
  assertEquals(codes, new Set(Object.values(VALUE_CODE)));
});

Deno.test("decodeValue() gives back every generated value that encodeValue() wrote", () => {
  for (let seed = 0; seed < 2_000; seed++) {
    // Integers widen the first time, so what is compared has been through once already.
    const value = decodeValue(generateValue(createPrng(seed)));
    assertEquals(decodeValue(encodeValue(value)), value, `seed ${seed}`);
  }
});

function withoutUndefined(value: unknown): unknown {
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, withoutUndefined(item)]),
  );
}
