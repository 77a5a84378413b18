import { FRAME_PAYLOAD_BYTES_MAX, STATE_BLOCK_BYTES_MAX } from "../../../src/limits.ts";
import { crc32 } from "../../../src/state/crc32.ts";
import type { Param } from "../../../src/state/param_store.ts";
import { STATE_FILE_MAGIC } from "../../../src/state/state_file.ts";
import {
  type StateFileContent,
  StateFileReader,
  type StateFileStart,
} from "../../../src/state/state_file_reader.ts";
import { StateFileWriter } from "../../../src/state/state_file_writer.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { encodeValue, type Value } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertLess, assertStringIncludes } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";

const HEADER = { routerId: "site-a", isNamed: true, savedMs: 1_800_000_000_000 };
const VALUES: readonly Value[] = [
  ...[null, true, 0.5, 7n, "text", Uint8Array.of(1, 2), [1, "a", [null]], { level: 1, on: false }],
];

interface ReadFile {
  readonly start: StateFileStart;
  readonly content?: StateFileContent;
  readonly params: readonly Param[];
}

function paramAt(index: number, origin = `router-${index % 3}`): Param {
  const value = VALUES[index % VALUES.length] ?? null;
  const isTombstone = index % 5 === 4;
  return {
    address: `/stage/ü/${index}`,
    version: {
      value: isTombstone ? undefined : encodeValue(value),
      revision: index + 1,
      timestampMicros: 1_800_000_000_000_000 + index,
      origin,
      ttl: isTombstone ? 60 : index % 2 === 0 ? 0 : 0x8000_0000 + index,
    },
  };
}

function write(params: readonly Param[], header = HEADER): Uint8Array {
  const writer = new StateFileWriter();
  const bytes = new ByteWriter();
  bytes.append(writer.header(header));
  const walk: Iterator<Param, undefined> = params.values();
  for (let block = writer.block(walk); block !== undefined; block = writer.block(walk)) {
    bytes.append(block);
  }
  bytes.append(writer.end());
  return bytes.copy();
}

function read(bytes: Uint8Array): ReadFile {
  let at = 0;
  const reader = new StateFileReader({
    read: (length) => bytes.subarray(at, at += Math.min(length, bytes.length - at)),
  });
  const start = reader.start();
  const params: Param[] = [];
  if (start.kind !== "known") return { start, params };
  const content = reader.params((param) => params.push(param));
  return { start, content, params };
}

function many(count: number): Param[] {
  return Array.from({ length: count }, (_, index) => paramAt(index));
}

Deno.test("a state file gives back every version, tombstones and values of every type", () => {
  const params = many(40);
  const { start, content, params: found } = read(write(params));
  assertEquals(start, { kind: "known", header: HEADER });
  assertEquals(content, { records: 40, problem: undefined });
  assertEquals(found, params);
});

Deno.test("a state file of no params is whole", () => {
  assertEquals(read(write([])).content, { records: 0, problem: undefined });
  const header = { ...HEADER, isNamed: false };
  assertEquals(read(write([], header)).start, { kind: "known", header });
});

Deno.test("a state file of many blocks keeps order, and origins are written once a block", () => {
  const origin = "o".repeat(128);
  const params = Array.from({ length: 5_000 }, (_, index) => paramAt(index, origin));
  const bytes = write(params);
  assertEquals(read(bytes).params, params);
  assertLess(bytes.length, 5_000 * 128);
});

Deno.test("the largest params make blocks that a reader believes in", () => {
  const value = encodeValue(new Uint8Array(FRAME_PAYLOAD_BYTES_MAX - 2_000));
  const params = many(20).map(({ address, version }) => ({
    address: address + "/x".repeat(20),
    version: { ...version, value, origin: "o".repeat(128) },
  }));
  const bytes = write(params);
  assertLess(bytes.length / 20, STATE_BLOCK_BYTES_MAX);
  assertEquals(read(bytes).params, params);
});

Deno.test("a file that ends too early anywhere is damaged, and gives only what was written", () => {
  const params = many(30);
  const bytes = write(params);
  for (let length = 0; length < bytes.length; length++) {
    const found = read(bytes.subarray(0, length));
    assert(isDamaged(found), `whole with ${length} of ${bytes.length} bytes`);
    assertEquals(found.params, params.slice(0, found.params.length));
  }
});

Deno.test("any flipped bit is noticed, and nothing that it touched is used", () => {
  const params = many(30);
  const bytes = write(params);
  for (let index = 0; index < bytes.length; index++) {
    for (const bit of [0, 3, 7]) {
      const flipped = bytes.slice();
      flipped[index] = (flipped[index] ?? 0) ^ (1 << bit);
      const found = read(flipped);
      assert(isDamaged(found), `bit ${bit} of byte ${index} was not noticed`);
      assertEquals(found.params, params.slice(0, found.params.length));
    }
  }
});

Deno.test("the blocks around a damaged one are used", () => {
  const params = many(5_000);
  const bytes = write(params);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  const { content, params: found } = read(bytes);
  assertStringIncludes(content?.problem ?? "", "the checksum of block 1 is wrong");
  assertLess(1_000, found.length);
  assertLess(found.length, 5_000);
  assertEquals(found[0], params[0]);
  assertEquals(found.at(-1), params.at(-1));
});

Deno.test("blocks that are missing, twice or behind the end are noticed", () => {
  const parts: Uint8Array[] = [];
  const writer = new StateFileWriter();
  const walk = many(5_000).values();
  parts.push(writer.header(HEADER).slice());
  for (let block = writer.block(walk); block !== undefined; block = writer.block(walk)) {
    parts.push(block.slice());
  }
  parts.push(writer.end().slice());
  const [header, first, second, ...rest] = parts as [Uint8Array, Uint8Array, Uint8Array];
  assertEquals(isDamaged(read(join([header, first, second, ...rest]))), false);
  assert(isDamaged(read(join([header, second, ...rest]))), "one is missing");
  assert(isDamaged(read(join([header, first, first, second, ...rest]))), "one is there twice");
  assert(isDamaged(read(join([header, second, first, ...rest]))), "two are in the wrong order");
  assert(isDamaged(read(join([...parts, first]))), "one follows the end");
  assert(isDamaged(read(join([...parts, Uint8Array.of(0)]))), "a byte follows the end");
});

Deno.test("a file of a newer version is told from a damaged one", () => {
  const fixed = new ByteWriter();
  fixed.append(STATE_FILE_MAGIC);
  fixed.u16(2);
  fixed.u16(3);
  fixed.append(Uint8Array.of(9, 9, 9));
  const checksum = crc32(fixed.bytes());
  fixed.u32(checksum);
  assertEquals(read(fixed.copy()).start, { kind: "newer", version: 2 });
  const bytes = write([]);
  bytes[9] = 2;
  assertEquals(read(bytes).start.kind, "damaged");
});

Deno.test("what is no state file is damaged, whatever its bytes", () => {
  const random = createPrng(5);
  for (let round = 0; round < 2_000; round++) {
    const isLike = round % 2 === 0;
    const bytes = Uint8Array.from({ length: random.nextInt(300) }, () => random.nextInt(256));
    if (isLike) bytes.set(write([]).subarray(0, Math.min(bytes.length, random.nextInt(40))));
    assert(isDamaged(read(bytes)), `whole: ${bytes}`);
  }
  assertEquals(read(new Uint8Array()).start, { kind: "damaged", problem: "it is empty" });
});

Deno.test("records that no router writes are not used, though their checksum is right", () => {
  const [good] = many(1) as [Param];
  const { version } = good;
  const bad: readonly Param[] = [
    { address: "/a/*", version },
    { address: "", version },
    { address: "/a", version: { ...version, revision: 0 } },
    { address: "/a", version: { ...version, origin: "" } },
    { address: "/a", version: { ...version, origin: "x".repeat(200) } },
    { address: "/a", version: { ...version, value: undefined, ttl: 0 } },
    { address: "/a", version: { ...version, value: Uint8Array.of(7, 0, 9, 1) } },
  ];
  for (const param of bad) {
    const found = read(write([good, param]));
    assert(isDamaged(found), `taken: ${param.address}`);
    assertEquals(found.params, []);
  }
});

Deno.test("an end that counts more than there can be is damaged, and the params before it are used", () => {
  const params = many(3);
  const bytes = write(params);
  const end = bytes.subarray(bytes.length - 21);
  end.fill(0xff, 9, 17);
  new DataView(end.buffer, end.byteOffset).setUint32(17, crc32(end.subarray(0, 17)));
  const found = read(bytes);
  assert(isDamaged(found));
  assertEquals(found.params.length, params.length);
});

function isDamaged({ start, content }: ReadFile): boolean {
  return start.kind === "damaged" || content?.problem !== undefined;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter();
  for (const part of parts) writer.append(part);
  return writer.copy();
}
