import { FRAME_PAYLOAD_BYTES_MAX, SNAPSHOT_CHUNK_BYTES } from "../../../src/limits.ts";
import { parsePattern } from "../../../src/address/pattern.ts";
import { SnapshotSource } from "../../../src/router/snapshot_source.ts";
import { MapParamStore } from "../../../src/state/map_param_store.ts";
import type { Version } from "../../../src/state/version.ts";
import { decodeFrame } from "../../../src/wire/frame.ts";
import type { SnapshotParam } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertGreater } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";

Deno.test("SnapshotSource sends all params exactly once, in frames of bounded size", () => {
  const prng = createPrng(1);
  const store = new MapParamStore();
  for (let n = 0; n < 3_000; n++) {
    // Now and then the largest value there is, alone in its frame.
    const bytes = prng.nextInt(500) === 0 ? 65_300 : prng.nextInt(300);
    store.put(`/p/${n}`, version(new Uint8Array(bytes)));
  }
  const frames = drain(new SnapshotSource({ store, evenIfEmpty: false }));
  const addresses = frames.flatMap(({ params }) => params.map(({ address }) => address));
  assertEquals(addresses, Array.from({ length: 3_000 }, (_, n) => `/p/${n}`));
  assertGreater(frames.length, 10);
  for (const { bytes, params } of frames) {
    assert(bytes <= FRAME_PAYLOAD_BYTES_MAX);
    assert(bytes <= SNAPSHOT_CHUNK_BYTES || params.length === 1, `${bytes} bytes`);
  }
});

Deno.test("SnapshotSource sends each entry with revision, writer and timestamp", () => {
  const store = new MapParamStore();
  store.put("/a", { ...version(1), revision: 7, timestampMicros: 9, origin: "x" });
  assertEquals(drain(new SnapshotSource({ store, evenIfEmpty: false }))[0]?.params, [{
    address: "/a",
    value: encodeValue(1),
    revision: 7,
    writer: "x",
    timestampMicros: 9,
  }]);
});

Deno.test("SnapshotSource takes each param in its version of the moment, also one held back", () => {
  const store = new MapParamStore();
  const big = new Uint8Array(SNAPSHOT_CHUNK_BYTES - 500);
  for (const address of ["/a", "/b", "/c"]) store.put(address, version(big));
  const source = new SnapshotSource({ store, evenIfEmpty: false });
  const revisions: (number | undefined)[] = [];
  for (let bytes = source.next(), step = 2; bytes !== undefined; bytes = source.next(), step++) {
    const { message } = decodeFrame(bytes);
    assert(message.type === "SNAPSHOT");
    revisions.push(message.params[0]?.revision);
    for (const address of ["/a", "/b", "/c"]) {
      store.put(address, { ...version(big), revision: step });
    }
  }
  assertEquals(revisions, [1, 2, 3]);
});

Deno.test("SnapshotSource of one address looks it up when it is its turn", () => {
  const store = new MapParamStore();
  store.put("/a", version(1));
  const source = new SnapshotSource({ store, pattern: parsePattern("/a"), evenIfEmpty: false });
  store.put("/a", { ...version(2), revision: 2 });
  assertEquals(drain(source)[0]?.params[0]?.revision, 2);
});

Deno.test("SnapshotSource scans many params that do not match in portions", () => {
  const store = new MapParamStore();
  for (let n = 0; n < 12_000; n++) store.put(`/x/${n}`, version(1));
  store.put("/a", version(1));
  const source = new SnapshotSource({ store, pattern: parsePattern("/a/**"), evenIfEmpty: false });
  const lengths: number[] = [];
  for (let bytes = source.next(); bytes !== undefined; bytes = source.next()) {
    lengths.push(Math.min(1, bytes.length));
  }
  assertEquals(lengths, [0, 0, 1]);
});

Deno.test("SnapshotSource without params sends one empty SNAPSHOT or none, then what follows", () => {
  const store = new MapParamStore();
  const then = { type: "ACK", address: "/a" } as const;
  const types = (evenIfEmpty: boolean, hasThen: boolean) => {
    const source = new SnapshotSource({ store, evenIfEmpty, then: hasThen ? then : undefined });
    const found: string[] = [];
    for (let bytes = source.next(); bytes !== undefined; bytes = source.next()) {
      found.push(decodeFrame(bytes).message.type);
    }
    assertEquals(source.next(), undefined);
    return found;
  };
  assertEquals(types(true, false), ["SNAPSHOT"]);
  assertEquals(types(true, true), ["SNAPSHOT", "ACK"]);
  assertEquals(types(false, true), ["ACK"]);
  assertEquals(types(false, false), []);
});

function version(value: number | Uint8Array): Version {
  return { value: encodeValue(value), revision: 1, timestampMicros: 1, origin: "o", ttl: 0 };
}

function drain(
  source: SnapshotSource,
): { readonly bytes: number; readonly params: readonly SnapshotParam[] }[] {
  const frames = [];
  for (let bytes = source.next(); bytes !== undefined; bytes = source.next()) {
    if (bytes.length === 0) continue;
    const { header, message } = decodeFrame(bytes);
    assert(message.type === "SNAPSHOT");
    frames.push({ bytes: header.payloadEnd - header.payloadStart, params: message.params });
  }
  return frames;
}
