import { readEnvelope } from "../../../src/federation/envelope_reader.ts";
import { VersionSource } from "../../../src/federation/version_source.ts";
import { MESSAGE_BYTES_MAX } from "../../../src/limits.ts";
import { MapParamStore } from "../../../src/state/map_param_store.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "../../support/assert.ts";

Deno.test("VersionSource sends every version once with its stamp, in small messages", () => {
  const store = new MapParamStore();
  for (let n = 0; n < 5_000; n++) {
    store.put(`/p/${n}`, {
      value: encodeValue("x".repeat(n % 100)),
      revision: n + 1,
      timestampMicros: 1_000 + n,
      origin: `origin-${n % 3}`,
      ttl: n % 2,
    });
  }
  const { versions, messages } = drain(store, () => "update");
  assertEquals(versions.length, 5_000);
  for (const [n, version] of versions.entries()) {
    assertEquals(version, `update /p/${n} ${n + 1} ${1_000 + n} origin-${n % 3} ${n % 2}`);
  }
  assertGreater(messages.length, 5);
  for (const { length } of messages) assertLessOrEqual(length, 2 * 65_536);
});

Deno.test("VersionSource sends nothing for addresses that are not there", () => {
  const source = new VersionSource({
    addresses: new Set(["/a", "/b"]),
    get: () => undefined,
    kindOf: () => "update",
  });
  assertEquals(source.next(), undefined);
});

Deno.test("VersionSource takes each version as it is when its message is made", () => {
  const store = new MapParamStore();
  const version = {
    value: encodeValue("x".repeat(60_000)),
    revision: 1,
    timestampMicros: 1,
    origin: "o",
    ttl: 0,
  };
  for (const address of ["/1", "/2", "/3", "/4"]) store.put(address, version);
  const source = sourceOf(store, () => "update");
  const first = read(source.next());
  store.put("/4", { ...version, revision: 2, timestampMicros: 2 });
  const rest: string[] = [];
  for (let bytes = source.next(); bytes !== undefined; bytes = source.next()) {
    rest.push(...read(bytes));
  }
  assert(first.length < 4);
  assertEquals(rest.at(-1), "update /4 2 2 o 0");
});

Deno.test("VersionSource leaves out what the peer is not to have", () => {
  const store = new MapParamStore();
  for (const address of ["/a", "/b", "/c"]) {
    store.put(address, {
      value: encodeValue(1),
      revision: 1,
      timestampMicros: 1,
      origin: "o",
      ttl: 0,
    });
  }
  const kinds = { "/a": "update", "/b": "offer" } as const;
  const { versions } = drain(store, (address) => kinds[address as keyof typeof kinds]);
  assertEquals(versions.map((text) => text.split(" ").slice(0, 2).join(" ")), [
    "update /a",
    "offer /b",
  ]);
});

Deno.test("VersionSource with the largest values stays within a message", () => {
  const store = new MapParamStore();
  const value = encodeValue(new Uint8Array(65_300));
  for (let n = 0; n < 20; n++) {
    store.put(`/p/${n}`, { value, revision: 1, timestampMicros: 1, origin: "o", ttl: 0 });
  }
  const { versions, messages } = drain(store, () => "offer");
  assertEquals(versions.length, 20);
  for (const { length } of messages) assertLessOrEqual(length, MESSAGE_BYTES_MAX);
});

type KindOf = (address: string) => "update" | "offer" | undefined;

function sourceOf(store: MapParamStore, kindOf: KindOf): VersionSource {
  const addresses = new Set<string>();
  const walk = store.walk();
  for (let next = walk.next(); !next.done; next = walk.next()) addresses.add(next.value.address);
  return new VersionSource({ addresses, get: (address) => store.get(address), kindOf });
}

function drain(
  store: MapParamStore,
  kindOf: KindOf,
): { readonly versions: string[]; readonly messages: Uint8Array[] } {
  const source = sourceOf(store, kindOf);
  const messages: Uint8Array[] = [];
  for (let bytes = source.next(); bytes !== undefined; bytes = source.next()) {
    messages.push(bytes.slice());
  }
  assertEquals(source.next(), undefined);
  return { versions: messages.flatMap(read), messages };
}

function read(bytes: Uint8Array | undefined): string[] {
  const versions: string[] = [];
  readEnvelope(bytes ?? new Uint8Array(0), {
    isDone: false,
    message: ({ message }) => {
      throw new Error(`${message.type} stands behind no context`);
    },
    forwarded: ({ kind, origin }, _, { header, message }) => {
      assert(message.type === "SET");
      const { address, revision, ttl } = message;
      versions.push([kind, address, revision, header.timestampMicros, origin, ttl].join(" "));
    },
  });
  return versions;
}
