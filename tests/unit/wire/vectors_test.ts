import { decodeClientFrame } from "../../../src/wire/client_frame.ts";
import { decodeFrame, encodeFrame } from "../../../src/wire/frame.ts";
import { encodeV0Frame } from "../../../src/wire/v0_frame.ts";
import type { Message } from "../../../src/wire/message.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../../support/assert.ts";
import { expectedForm, fromHex, loadVectors, toVectorForm, type Vector } from "./vector_form.ts";

/** Vectors whose bytes cannot come back, because a reader ignores a part of them. */
const NOT_REENCODED: ReadonlyMap<string, string> = new Map([
  ["tolerance-set-payload-trailer", "bytes behind a SET are ignored"],
  ["tolerance-publish-payload-trailer", "two of the six bytes behind a PUBLISH are ignored"],
  ["tolerance-bytes-after-frame", "bytes behind a frame are not part of it"],
]);
/** Vectors whose sender chose another QoS than the default. */
const QOS_CHOSEN: ReadonlySet<string> = new Set(["set-qos-commit-frame-timestamp"]);

const VECTORS = loadVectors();
const INVALID = VECTORS.filter((vector) => vector.expect === "decode-error");
const V0 = VECTORS.filter((vector) => vector.frame?.version === 0);
const VALID = VECTORS.filter((vector) => vector.frame?.version === 1);

Deno.test("every golden frame belongs to exactly one of the tested groups", () => {
  assertEquals(VECTORS.length, 96);
  assertEquals([VALID.length, V0.length, INVALID.length], [79, 7, 10]);
  assertEquals(new Set([...VALID, ...V0, ...INVALID]).size, VECTORS.length);
});

for (const vector of VALID) {
  Deno.test(`decodeFrame() reads what golden frame ${vector.name} means`, () => {
    const { header, message } = decodeFrame(fromHex(vector.hex));
    assertEquals(toVectorForm(message), expectedForm(messageOf(vector)));
    assertEquals({
      qos: header.qos,
      timestamp: header.timestampMicros !== undefined,
      version: header.encoding,
      payloadLength: header.payloadEnd - header.payloadStart,
    }, frameOf(vector));
  });
}

const REENCODED = VALID.filter((vector) => !NOT_REENCODED.has(vector.name));

for (const vector of REENCODED) {
  Deno.test(`encodeFrame() gives back the bytes of golden frame ${vector.name}`, () => {
    const { header, message } = decodeFrame(fromHex(vector.hex));
    const { timestampMicros } = header;
    const qos = QOS_CHOSEN.has(vector.name) ? header.qos : undefined;
    assertEquals(encodeFrame(message, { qos, timestampMicros }).toHex(), vector.hex);
  });
}

Deno.test("all golden frames but those with ignored bytes are encoded again", () => {
  assertEquals(REENCODED.length, VALID.length - NOT_REENCODED.size);
  assertEquals(REENCODED.length, 76);
});

for (const vector of INVALID) {
  Deno.test(`decodeFrame() refuses golden frame ${vector.name}`, () => {
    assertThrows(() => decodeFrame(fromHex(vector.hex)), WireError);
  });
}

for (const vector of V0) {
  Deno.test(`decodeClientFrame() reads what golden frame ${vector.name} means`, () => {
    const { message, qos } = decodeClientFrame(fromHex(vector.hex));
    assertEquals(v0Form(message), expectedForm(messageOf(vector)));
    assertEquals(qos, vector.frame?.qos);
    const again = decodeClientFrame(encodeV0Frame(message, { qos }));
    assertEquals(v0Form(again.message), expectedForm(messageOf(vector)));
  });

  Deno.test(`decodeFrame() refuses golden frame ${vector.name}: v0 is for clients`, () => {
    const error = assertThrows(() => decodeFrame(fromHex(vector.hex)), WireError);
    assertEquals(error.kind, "frame");
    assertStringIncludes(error.message, "MessagePack (v0)");
  });
}

/** What these leave out is no different from what they say to be false or empty. */
function v0Form(message: Message): unknown {
  const form = toVectorForm(message);
  if (message.type === "SET") {
    const flags = message.revision === undefined ? {} : { lock: false, unlock: false };
    return { ...Object(form), ...flags };
  }
  if (message.type !== "FEDERATION_SYNC") return form;
  const { patterns: _, ...rest } = Object(form);
  return rest;
}

function messageOf(vector: Vector): Readonly<Record<string, unknown>> {
  if (vector.message === undefined) throw new Error(`${vector.name} has no message`);
  return vector.message;
}

function frameOf(vector: Vector): unknown {
  if (vector.frame === undefined) throw new Error(`${vector.name} has no frame`);
  const { qos, timestamp, version, payloadLength } = vector.frame;
  return { qos, timestamp, version, payloadLength };
}
