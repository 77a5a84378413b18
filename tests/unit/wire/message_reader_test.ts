import { BUNDLE_DEPTH_MAX, BUNDLE_MESSAGES_MAX } from "../../../src/limits.ts";
import { MESSAGE_CODE } from "../../../src/wire/message.ts";
import { readMessage } from "../../../src/wire/message_reader.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { fromHex, loadVectors } from "./vector_form.ts";

Deno.test("readMessage() ignores bytes behind every message but PUBLISH", () => {
  for (const vector of loadVectors()) {
    const type = vector.message?.["type"];
    if (vector.frame?.version !== 1 || type === "PUBLISH" || isDeclaration(vector.message)) {
      continue;
    }
    const frame = fromHex(vector.hex);
    const start = vector.frame.timestamp ? 12 : 4;
    const payload = frame.slice(start, start + vector.frame.payloadLength);
    const longer = new Uint8Array([...payload, 1, 2, 3, 4, 5]);
    assertEquals(
      readMessage(longer, 0, longer.length),
      readMessage(payload, 0, payload.length),
      vector.name,
    );
  }
});

Deno.test("readMessage() does not look beyond its end", () => {
  const bytes = fromHex("22 0002 2f61");
  assertEquals(readMessage(bytes, 0, 5), { type: "GET", address: "/a" });
  assertThrows(() => readMessage(bytes, 0, 4), WireError);
  assertThrows(() => readMessage(bytes, 0, 0), WireError);
});

Deno.test("readMessage() refuses codes that are not known, at their offset", () => {
  const known = new Set<number>(Object.values(MESSAGE_CODE));
  for (let code = 0; code < 256; code++) {
    if (known.has(code)) continue;
    const error = assertThrows(() => readMessage(Uint8Array.of(0, code), 1, 2), WireError);
    assertEquals([error.kind, error.offset], ["message", 1]);
  }
});

Deno.test("readMessage() takes bundles nested up to the bound and no deeper", () => {
  let payload = fromHex("41");
  for (let i = 0; i < BUNDLE_DEPTH_MAX; i++) payload = bundleOf([payload]);
  assertEquals(readMessage(payload, 0, payload.length).type, "BUNDLE");
  const deeper = bundleOf([payload]);
  assertThrows(() => readMessage(deeper, 0, deeper.length), WireError, "nested deeper than");
});

Deno.test("readMessage() counts the messages of nested bundles together", () => {
  const half = bundleOf(Array.from({ length: BUNDLE_MESSAGES_MAX / 2 - 1 }, () => fromHex("41")));
  const allowed = bundleOf([half, half]);
  assertEquals(readMessage(allowed, 0, allowed.length).type, "BUNDLE");
  const more = bundleOf([half, half, fromHex("41")]);
  assertThrows(() => readMessage(more, 0, more.length), WireError, "at most 4096");
});

Deno.test("readMessage() refuses bundled messages that are empty or longer than the bundle", () => {
  for (const hex of ["3000 0001 0000", "3000 0001 0002 41", "3000 0002 0001 41", "3000 ffff"]) {
    const bytes = fromHex(hex);
    assertThrows(() => readMessage(bytes, 0, bytes.length), WireError);
  }
});

Deno.test("readMessage() keeps a bundled message within its own length", () => {
  // The GET says that its address has 3 bytes, of which its length leaves it 2.
  const bytes = fromHex("3000 0002 0005 22 0003 2f61  0001 41");
  assertThrows(() => readMessage(bytes, 0, bytes.length), WireError);
});

function bundleOf(payloads: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = [0x30, 0, payloads.length >> 8, payloads.length & 0xff];
  for (const payload of payloads) {
    bytes.push(payload.length >> 8, payload.length & 0xff, ...payload);
  }
  return new Uint8Array(bytes);
}

/** What follows a declaration is its trailer. */
function isDeclaration(message: Readonly<Record<string, unknown>> | undefined): boolean {
  return message?.["op"] === "DeclareNamespaces";
}
