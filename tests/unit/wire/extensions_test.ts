import { decodeFrame, encodeFrame } from "../../../src/wire/frame.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { EXTENSION_FRAMES } from "./extension_frames.ts";
import { fromHex } from "./vector_form.ts";

for (const { name, hex, message } of EXTENSION_FRAMES) {
  const bytes = fromHex(hex);

  Deno.test(`decodeFrame() reads ${name}`, () => {
    const decoded = decodeFrame(bytes);
    assertEquals(decoded.message, message);
    assertEquals(decoded.header.payloadEnd, bytes.length);
  });

  Deno.test(`encodeFrame() writes ${name}`, () => {
    const { timestampMicros } = decodeFrame(bytes).header;
    assertEquals(encodeFrame(message, { timestampMicros }).toHex(), bytes.toHex());
  });

  Deno.test(`decodeFrame() refuses ${name} cut short anywhere`, () => {
    for (let cut = 1; cut < bytes.length - bytesBefore(bytes); cut++) {
      // The frame says that it is shorter, so only the message is incomplete.
      const shorter = bytes.slice(0, bytes.length - cut);
      const payloadBytes = shorter.length - bytesBefore(bytes);
      shorter[2] = payloadBytes >> 8;
      shorter[3] = payloadBytes;
      if (endsBeforeTrailer(name, payloadBytes)) continue;
      const error = assertThrows(() => decodeFrame(shorter), WireError, undefined, `cut ${cut}`);
      assertEquals(error.kind, "message");
    }
  });
}

Deno.test("decodeFrame() ignores what follows an extension", () => {
  for (const { name, hex, message } of EXTENSION_FRAMES) {
    const bytes = fromHex(`${hex} 0102030405`);
    const payloadBytes = bytes.length - bytesBefore(bytes);
    bytes[2] = payloadBytes >> 8;
    bytes[3] = payloadBytes;
    assertEquals(decodeFrame(bytes).message, message, name);
  }
});

function bytesBefore(bytes: Uint8Array): number {
  return ((bytes[1] ?? 0) & 0x20) !== 0 ? 12 : 4;
}

/** A declaration that ends where a legacy peer ends it is whole. */
function endsBeforeTrailer(name: string, payloadBytes: number): boolean {
  if (name === "DeclareNamespaces with owners and a path") return payloadBytes === 23;
  if (name === "DeclareNamespaces without patterns, more follows") return payloadBytes === 10;
  return false;
}
