import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { ByteReader } from "../../../src/wire/byte_reader.ts";
import {
  readSet,
  readSnapshot,
  writeSet,
  writeSnapshotParam,
} from "../../../src/wire/param_codec.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { fromHex } from "./vector_form.ts";

Deno.test("readSet() keeps the type of a value that the flags hold", () => {
  assertEquals(readSet(new ByteReader(fromHex("02 0002 2f61 fb"))).value, fromHex("02fb"));
  assertEquals(readSet(new ByteReader(fromHex("00 0002 2f61"))).value, fromHex("00"));
});

Deno.test("readSet() reads lock and unlock apart", () => {
  const locks = ["40", "20", "60", "00"].map((flags) => {
    const set = readSet(new ByteReader(fromHex(`${flags} 0002 2f61`)));
    return [set.lock, set.unlock];
  });
  assertEquals(locks, [[true, false], [false, true], [true, true], [false, false]]);
});

Deno.test("writeSet() refuses a value whose type would spoil the flags", () => {
  const value = Uint8Array.of(0x8b, 0);
  assertThrows(() => writeSet(new ByteWriter(), { type: "SET", address: "/a", value }), TypeError);
});

Deno.test("writeSnapshotParam() fills a snapshot entry by entry", () => {
  const params = [
    { address: "/a", value: encodeValue(1), revision: 2, writer: "w", timestampMicros: undefined },
    { address: "/b", value: encodeValue("x"), revision: 1, writer: undefined, timestampMicros: 7 },
  ];
  const writer = new ByteWriter();
  writer.u16(params.length);
  for (const param of params) writeSnapshotParam(writer, param);
  assertEquals(readSnapshot(new ByteReader(writer.copy())).params, params);
});
