import { SyncSource } from "../../../src/federation/sync_source.ts";
import { readEnvelope } from "../../../src/federation/envelope_reader.ts";
import { syncRequests } from "../../../src/federation/sync_requests.ts";
import {
  ADDRESS_BYTES_MAX,
  MAX_FEDERATION_PATTERNS,
  MESSAGE_BYTES_MAX,
} from "../../../src/limits.ts";
import { MapParamStore } from "../../../src/state/map_param_store.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import type { NamespaceSyncMessage } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "../../support/assert.ts";

const THEN: NamespaceSyncMessage = {
  type: "FEDERATION_SYNC",
  op: "SyncComplete",
  patterns: ["/**"],
  revisions: [],
};

Deno.test("SyncSource sends every version once with its stamp, in small messages, then SyncComplete", () => {
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
  const { versions, messages, last } = drain(store, () => "update");
  assertEquals(versions.length, 5_000);
  for (const [n, version] of versions.entries()) {
    assertEquals(version, `update /p/${n} ${n + 1} ${1_000 + n} origin-${n % 3} ${n % 2}`);
  }
  assertGreater(messages.length, 5);
  for (const { length } of messages) assertLessOrEqual(length, 2 * 65_536);
  assertEquals(last, "SyncComplete");
});

Deno.test("SyncSource sends nothing but SyncComplete when there is nothing to send", () => {
  const { versions, last } = drain(new MapParamStore(), () => "update");
  assertEquals([versions, last], [[], "SyncComplete"]);
});

Deno.test("SyncSource leaves out what is not wanted and what routers write about themselves", () => {
  const store = new MapParamStore();
  for (const address of ["/a", "/b", "/c", "/clasp/federation/x"]) {
    store.put(address, {
      value: encodeValue(1),
      revision: 1,
      timestampMicros: 1,
      origin: "o",
      ttl: 0,
    });
  }
  const kinds = { "/a": "update", "/b": "offer", "/clasp/federation/x": "update" } as const;
  const { versions } = drain(store, (address) => kinds[address as keyof typeof kinds]);
  assertEquals(versions.map((text) => text.split(" ").slice(0, 2).join(" ")), [
    "update /a",
    "offer /b",
  ]);
});

Deno.test("SyncSource with the largest values stays within a message", () => {
  const store = new MapParamStore();
  const value = encodeValue(new Uint8Array(65_300));
  for (let n = 0; n < 20; n++) {
    store.put(`/p/${n}`, { value, revision: 1, timestampMicros: 1, origin: "o", ttl: 0 });
  }
  const { versions, messages } = drain(store, () => "offer");
  assertEquals(versions.length, 20);
  for (const { length } of messages) assertLessOrEqual(length, MESSAGE_BYTES_MAX);
});

Deno.test("syncRequests() asks for all patterns in as many messages as fit frames", () => {
  assertEquals(syncRequests("me", []).map(({ patterns }) => patterns), [[]]);
  const patterns = Array.from(
    { length: MAX_FEDERATION_PATTERNS },
    (_, n) => `/${n}`.padEnd(ADDRESS_BYTES_MAX, "x"),
  );
  const requests = syncRequests("me", patterns);
  assertEquals(requests.flatMap((request) => request.patterns), patterns);
  for (const request of requests) assert(encodeFrame(request).length > 0);
});

function drain(
  store: MapParamStore,
  kindOf: (address: string) => "update" | "offer" | undefined,
): {
  readonly versions: string[];
  readonly messages: Uint8Array[];
  readonly last: string | undefined;
} {
  const source = new SyncSource({ store, kindOf, then: THEN });
  const versions: string[] = [];
  const messages: Uint8Array[] = [];
  let last: string | undefined;
  for (let bytes = source.next(); bytes !== undefined; bytes = source.next()) {
    if (bytes.length === 0) continue;
    messages.push(bytes.slice());
    readEnvelope(bytes, {
      isDone: false,
      message: ({ message }) => {
        if (message.type === "FEDERATION_SYNC") last = message.op;
      },
      forwarded: ({ kind, origin }, _, { header, message }) => {
        assert(message.type === "SET");
        const { address, revision, ttl } = message;
        versions.push(
          [kind, address, revision, header.timestampMicros, origin, ttl].join(" "),
        );
        last = "version";
      },
    });
  }
  assertEquals(source.next(), undefined);
  return { versions, messages, last };
}
