import { ParamJournal } from "../../../src/router/param_journal.ts";
import { tombstoneOf, type Version } from "../../../src/state/version.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals, assertGreater, assertLessOrEqual } from "../../support/assert.ts";

Deno.test("ParamJournal keeps what changed, tombstones too, under growing numbers", () => {
  const journal = new ParamJournal();
  const changes = [1, 2, 3].map((revision) => ({ address: "/a", version: version(revision) }));
  changes.push({ address: "/b", version: tombstoneOf(version(4)) });
  changes.push({ address: "/c", version: version(5, new Uint8Array(60_000)) });
  for (const { address, version } of changes) journal.add(address, version);
  assertEquals([journal.first, journal.end], [0, 5]);
  assertEquals(changes.map((_, sequence) => journal.at(sequence)), changes);
  assertEquals([journal.at(-1), journal.at(5), journal.addressAt(5)], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("ParamJournal keeps so many changes at most, and forgets the oldest", () => {
  const journal = new ParamJournal({ changesMax: 3 });
  for (let revision = 1; revision <= 10; revision++) journal.add("/a", version(revision));
  assertEquals([journal.first, journal.end], [7, 10]);
  assertEquals(revisions(journal), [8, 9, 10]);
  assertEquals([journal.at(6), journal.addressAt(6)], [undefined, undefined]);
});

Deno.test("ParamJournal keeps so many bytes at most, of small values and of large ones", () => {
  for (const valueBytes of [10, 5_000]) {
    const bytesMax = 20 * (valueBytes + 100);
    const journal = new ParamJournal({ bytesMax });
    for (let revision = 1; revision <= 200; revision++) {
      journal.add("/a", version(revision, new Uint8Array(valueBytes)));
      assertLessOrEqual(journal.bytes, bytesMax);
    }
    assertGreater(journal.end - journal.first, 15);
    assertEquals(revisions(journal).at(-1), 200);
  }
});

Deno.test("ParamJournal counts no bytes of what is gone", () => {
  const journal = new ParamJournal({ changesMax: 2 });
  for (const bytes of [4_000, 5_000, 10, 10]) journal.add("/a", version(1, new Uint8Array(bytes)));
  assertLessOrEqual(journal.bytes, 300);
});

Deno.test("ParamJournal keeps the values apart that share a block of memory", () => {
  const journal = new ParamJournal();
  const values = Array.from({ length: 3_000 }, (_, n) => encodeValue("x".repeat(n % 90) + n));
  for (const value of values) journal.add("/a", { ...version(1), value });
  // A caller may use its bytes again.
  const copies = values.map((value) => value.slice());
  for (const value of values) value.fill(0);
  assertEquals(copies.map((_, sequence) => journal.at(sequence)?.version.value), copies);
});

function version(revision: number, value: number | Uint8Array = revision): Version {
  return {
    value: encodeValue(value),
    revision,
    timestampMicros: 1_700_000_000_000_000 + revision,
    origin: "site-a",
    ttl: 0,
  };
}

function revisions(journal: ParamJournal): (number | undefined)[] {
  const found: (number | undefined)[] = [];
  for (let sequence = journal.first; sequence < journal.end; sequence++) {
    found.push(journal.at(sequence)?.version.revision);
  }
  return found;
}
