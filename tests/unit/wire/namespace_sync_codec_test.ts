import { PATH_ROUTERS_MAX } from "../../../src/limits.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { decodeFrame, encodeFrame } from "../../../src/wire/frame.ts";
import type { DeclareTrailer, NamespaceSyncMessage } from "../../../src/wire/message.ts";
import { writeNamespaceSync } from "../../../src/wire/namespace_sync_codec.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

Deno.test("a declaration's path holds as many routers as allowed and no more", () => {
  const message = declaration({ path: Array.from({ length: PATH_ROUTERS_MAX }, () => "r") });
  const frame = encodeFrame(message);
  assertEquals(decodeFrame(frame).message, message);
  const countAt = frame.length - 3 * PATH_ROUTERS_MAX - 1;
  assertEquals(frame[countAt], PATH_ROUTERS_MAX);
  frame[countAt] = PATH_ROUTERS_MAX + 1;
  assertThrows(() => decodeFrame(frame), WireError, "Cannot read a path of 17 routers");
  const longer = declaration({ path: Array.from({ length: PATH_ROUTERS_MAX + 1 }, () => "r") });
  assertThrows(() => encodeFrame(longer), RangeError);
});

Deno.test("writeNamespaceSync() refuses a trailer that does not fit its message", () => {
  const writer = new ByteWriter();
  const noClaims = declaration({ claims: [] });
  assertThrows(() => writeNamespaceSync(writer, noClaims), RangeError);
  const wrongOp = { ...declaration({}), op: "RequestSync" } as const;
  assertThrows(() => writeNamespaceSync(writer, wrongOp), TypeError);
});

Deno.test("only a declaration has a trailer", () => {
  const frame = encodeFrame({ ...declaration({}), op: "SyncComplete", declare: undefined });
  const longer = new Uint8Array([...frame, 0, 0, 1, 0x61, 1, 0]);
  longer[3] = longer.length - 4;
  assertEquals(decodeFrame(longer).message, decodeFrame(frame).message);
});

function declaration(trailer: Partial<DeclareTrailer>): NamespaceSyncMessage {
  return {
    type: "FEDERATION_SYNC",
    op: "DeclareNamespaces",
    patterns: ["/a/**"],
    revisions: [],
    since: undefined,
    origin: "a",
    declare: { more: false, claims: [{ ownerId: "a", live: true }], path: [], ...trailer },
  };
}
