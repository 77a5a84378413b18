import { LEASE_ENTRIES_MAX } from "../../../src/limits.ts";
import { ByteReader } from "../../../src/wire/byte_reader.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { readLease, writeLease } from "../../../src/wire/lease_codec.ts";
import type { LeaseMessage } from "../../../src/wire/message.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { fromHex } from "./vector_form.ts";

const HEAD = "0001 61 0000000000000001 0000000000000002 03";

Deno.test("readLease() refuses a kind that is not known", () => {
  const error = assertThrows(
    () => readLease(new ByteReader(fromHex(`04 ${HEAD} 0000`))),
    WireError,
    "kind 4",
  );
  assertEquals([error.kind, error.offset], ["message", 0]);
});

Deno.test("readLease() refuses more leases than fit its bound, before it reads them", () => {
  const count = (LEASE_ENTRIES_MAX + 1).toString(16).padStart(4, "0");
  assertThrows(
    () => readLease(new ByteReader(fromHex(`00 ${HEAD} ${count}`))),
    WireError,
    `at most ${LEASE_ENTRIES_MAX}`,
  );
});

Deno.test("writeLease() writes as many leases as readLease() takes, and no more", () => {
  const message = (count: number): LeaseMessage => ({
    type: "FEDERATION_SYNC",
    op: "Lease",
    kind: "renew",
    origin: "a",
    bootId: 1,
    sentMicros: 2,
    hops: 3,
    entries: Array.from({ length: count }, () => ({ address: "/a", holder: "s" })),
  });
  const writer = new ByteWriter();
  writeLease(writer, message(LEASE_ENTRIES_MAX));
  assertEquals(readLease(new ByteReader(writer.copy())), message(LEASE_ENTRIES_MAX));
  assertThrows(() => writeLease(new ByteWriter(), message(LEASE_ENTRIES_MAX + 1)), RangeError);
});
