import { SNAPSHOT_CHUNK_BYTES } from "../../../src/limits.ts";
import { ConflatedParams } from "../../../src/router/conflated_params.ts";
import type { Version } from "../../../src/state/version.ts";
import { decodeFrame } from "../../../src/wire/frame.ts";
import { encodeValue, type Value } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const TTL = 0x8000_000a;

function setUp() {
  const store = new Map<string, Version>();
  const unwanted = new Set<string>();
  const lane = new ConflatedParams({
    get: (address) => store.get(address),
    isWanted: (address) => !unwanted.has(address),
    paramsMax: 100,
  });
  return {
    lane,
    unwanted,
    put: (address: string, value: Value, revision: number) =>
      store.set(address, {
        ...{ value: encodeValue(value), revision, ttl: TTL },
        ...{ timestampMicros: 1_000, origin: "router" },
      }),
    expire: (address: string) =>
      store.set(address, {
        ...{ value: undefined, revision: 1, ttl: TTL },
        ...{ timestampMicros: 1_000, origin: "router" },
      }),
    /** Addresses and revisions of the next message. */
    next: () => {
      const bytes = lane.next();
      if (bytes === undefined) return undefined;
      const { message } = decodeFrame(bytes);
      if (message.type === "SET") return [`SET ${message.address} ${message.revision}`];
      assert(message.type === "SNAPSHOT");
      return message.params.map(({ address, revision }) => `${address} ${revision}`);
    },
  };
}

Deno.test("ConflatedParams sends each address once, in its newest version, in one SNAPSHOT", () => {
  const { lane, put, next } = setUp();
  assertEquals([lane.isEmpty, next()], [true, undefined]);
  put("/a", "old", 1);
  put("/b", "old", 1);
  assertEquals([lane.add("/a"), lane.add("/b")], [false, false]);
  put("/a", "new", 2);
  assertEquals([lane.add("/a"), lane.isEmpty], [true, false]);
  put("/b", "told by nobody", 5);
  assertEquals(next(), ["/a 2", "/b 5"]);
  assertEquals([lane.isEmpty, next()], [true, undefined]);
});

Deno.test("ConflatedParams leaves out what has expired and what is not wanted any more", () => {
  const { lane, put, expire, unwanted, next } = setUp();
  for (const address of ["/a", "/b", "/c", "/d", "/e"]) {
    put(address, 1, 1);
    lane.add(address);
  }
  expire("/b");
  unwanted.add("/d");
  assertEquals(next(), ["/a 1", "/c 1", "/e 1"]);
  assertEquals(lane.isEmpty, true);
});

Deno.test("ConflatedParams sends one param as SET: a SNAPSHOT of one answers a GET", () => {
  const { lane, put, expire, next } = setUp();
  for (const address of ["/a", "/b", "/c"]) {
    put(address, 1, 7);
    lane.add(address);
  }
  expire("/a");
  expire("/c");
  assertEquals(next(), ["SET /b 7"]);
});

Deno.test("ConflatedParams makes messages of bounded size, and takes in what comes between", () => {
  const { lane, put, next } = setUp();
  const value = "x".repeat(SNAPSHOT_CHUNK_BYTES / 3);
  for (let n = 0; n < 5; n++) {
    put(`/${n}`, value, 1);
    lane.add(`/${n}`);
  }
  assertEquals(next(), ["/0 1", "/1 1"]);
  put("/2", value, 2);
  put("/0", value, 2);
  assertEquals([lane.add("/2"), lane.add("/0")], [true, false]);
  assertEquals(next(), ["/2 2", "/3 1"]);
  assertEquals(next(), ["/4 1", "/0 2"]);
  put("/big", "x".repeat(2 * SNAPSHOT_CHUNK_BYTES - 200), 1);
  lane.add("/big");
  assertEquals(next(), ["SET /big 1"]);
});

Deno.test("ConflatedParams gives one address out of turn, once", () => {
  const { lane, put, expire } = setUp();
  for (const address of ["/a", "/b", "/c"]) {
    put(address, 1, 3);
    lane.add(address);
  }
  expire("/c");
  const bytes = lane.take("/b");
  assert(bytes !== undefined);
  const { message } = decodeFrame(bytes);
  assert(message.type === "SET");
  assertEquals([message.address, message.revision, message.ttl], ["/b", 3, TTL]);
  assertEquals(["/b", "/c", "/never"].map((address) => lane.take(address)), [
    undefined,
    undefined,
    undefined,
  ]);
});
