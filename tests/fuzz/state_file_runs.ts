import { addressProblem } from "../../src/address/address.ts";
import { crc32 } from "../../src/state/crc32.ts";
import type { Param } from "../../src/state/param_store.ts";
import { BLOCK_HEAD_BYTES, CHECKSUM_BYTES, STATE_FILE_MAGIC } from "../../src/state/state_file.ts";
import { StateFileReader } from "../../src/state/state_file_reader.ts";
import { StateFileWriter } from "../../src/state/state_file_writer.ts";
import { ByteWriter } from "../../src/wire/byte_writer.ts";
import { decodeValue, encodeValue, type Value } from "../../src/wire/value_codec.ts";
import { outcomeOf } from "./fuzz_target.ts";

const FIXED_BYTES = STATE_FILE_MAGIC.length + 4;
const VALUES: readonly Value[] = [null, true, 0.5, 7n, "text", [1, ["a"]], { level: 1 }];

/** Whole files: empty, and of a few params and tombstones. */
export function stateFiles(): Uint8Array[] {
  return [0, 1, 20].map((params) => {
    const writer = new StateFileWriter();
    const bytes = new ByteWriter();
    bytes.append(writer.header({ routerId: "site-a", isNamed: true, savedMs: 1_800_000_000_000 }));
    const walk: Iterator<Param, undefined> = Array.from({ length: params }, paramAt).values();
    for (let block = writer.block(walk); block !== undefined; block = writer.block(walk)) {
      bytes.append(block);
    }
    bytes.append(writer.end());
    return bytes.copy();
  });
}

function paramAt(_: unknown, index: number): Param {
  const isTombstone = index % 5 === 4;
  return {
    address: `/stage/ü/${index}`,
    version: {
      value: isTombstone ? undefined : encodeValue(VALUES[index % VALUES.length] ?? null),
      revision: index + 1,
      timestampMicros: 1_800_000_000_000_000 + index,
      origin: `router-${index % 3}`,
      ttl: isTombstone ? 60 : 0,
    },
  };
}

/** Reads a file. A reader says what is wrong; it never throws, and hands on sound params only. */
export function runStateFile(input: Uint8Array): string {
  let at = 0;
  const reader = new StateFileReader({
    read: (length) => input.subarray(at, at += Math.min(length, input.length - at)),
  });
  const start = reader.start();
  if (start.kind === "damaged") return outcomeOf(start.problem);
  if (start.kind === "newer") return "newer";
  let handed = 0;
  const { records, problem } = reader.params(({ address, version }) => {
    handed++;
    const { value, revision, ttl } = version;
    if (addressProblem(address) !== undefined) throw new Error("An address is none");
    if (revision < 1 || (value === undefined && ttl === 0)) throw new Error("A version is none");
    if (value !== undefined) decodeValue(value);
  });
  if (records !== handed) throw new Error(`${handed} params were handed on, ${records} told`);
  return problem === undefined ? "whole" : outcomeOf(problem);
}

/** Makes the checksums right, of the header and of each block whose length is possible. */
export function repairStateFile(input: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  if (input.length < FIXED_BYTES) return input;
  let end = FIXED_BYTES + view.getUint16(FIXED_BYTES - 2);
  if (end + CHECKSUM_BYTES > input.length) return input;
  view.setUint32(end, crc32(input.subarray(0, end)));
  let start = end + CHECKSUM_BYTES;
  while (start + BLOCK_HEAD_BYTES + CHECKSUM_BYTES <= input.length) {
    end = start + BLOCK_HEAD_BYTES + view.getUint32(start + 1);
    if (end + CHECKSUM_BYTES > input.length) return input;
    view.setUint32(end, crc32(input.subarray(start, end)));
    start = end + CHECKSUM_BYTES;
  }
  return input;
}
