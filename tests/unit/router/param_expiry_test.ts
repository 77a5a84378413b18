import { TOMBSTONE_LIFE_MS } from "../../../src/limits.ts";
import { parsePattern } from "../../../src/address/pattern.ts";
import { Agenda } from "../../../src/router/agenda.ts";
import type { ParamChange } from "../../../src/router/param_change.ts";
import { Params, type ParamsOptions, type Write } from "../../../src/router/params.ts";
import { Subscriptions } from "../../../src/router/subscriptions.ts";
import { digestsEqual } from "../../../src/state/digest_tree.ts";
import { Locks } from "../../../src/state/locks.ts";
import { MapParamStore } from "../../../src/state/map_param_store.ts";
import { isLive, tombstoneOf, type Version } from "../../../src/state/version.ts";
import { ALL_SIGNALS } from "../../../src/wire/message.ts";
import { encodeTtl } from "../../../src/wire/ttl.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertLessOrEqual } from "../../support/assert.ts";

const SECOND = 1_000_000;
const DAY_MICROS = TOMBSTONE_LIFE_MS * 1_000;
const START_MICROS = 100 * DAY_MICROS;
const NOBODY = { paramChanged: () => {}, published: () => {} };
const ROOT = { depth: 0, index: 0 };

/** Params under a clock of the test's own. */
class Setting {
  readonly store = new MapParamStore();
  readonly heard: ParamChange[] = [];
  readonly params: Params;
  isTimed = true;
  /** Federation time less monotonic time. */
  offsetMicros = START_MICROS;
  nowMicros = 0;
  wakes = 0;
  readonly #agenda = new Agenda();

  constructor(options: Partial<ParamsOptions> = {}, isTimed: boolean = true) {
    this.isTimed = isTimed;
    const subscriptions = new Subscriptions();
    subscriptions.add(
      { paramChanged: (change) => this.heard.push(change), published: () => {} },
      1,
      parsePattern("/**"),
      ALL_SIGNALS,
    );
    this.params = new Params({
      store: this.store,
      locks: new Locks(),
      subscriptions,
      routerId: "me",
      paramsMax: 1_000,
      defaultTtl: 0,
      timeMicros: () => this.timeMicros,
      isTimed: () => this.isTimed,
      nowMicros: () => this.nowMicros,
      random: () => 0,
      after: (delayMs, action) => this.#agenda.at(this.nowMicros + delayMs * 1_000, action),
      ...options,
    });
  }

  get timeMicros(): number {
    return this.offsetMicros + this.nowMicros;
  }

  get isIdle(): boolean {
    return this.#agenda.nextMicros === undefined;
  }

  /** Lets time pass, with all that is planned in it. */
  advance(micros: number): void {
    const untilMicros = this.nowMicros + micros;
    for (;;) {
      const next = this.#agenda.nextMicros;
      if (next === undefined || next > untilMicros) break;
      this.nowMicros = Math.max(next, this.nowMicros);
      this.wakes++;
      this.#agenda.run(this.nowMicros);
    }
    this.nowMicros = untilMicros;
  }

  /** Lets so much time pass that nobody looks. */
  skip(micros: number): void {
    this.nowMicros += micros;
  }

  set(address: string, fields: Partial<Write> = {}): Version {
    return this.params.stamp({ address, value: encodeValue(1), holder: "s", ...fields });
  }

  merge(address: string, version: Partial<Version>): string {
    return this.params.merge(address, this.version(version), { from: NOBODY });
  }

  version(fields: Partial<Version> = {}): Version {
    const timestampMicros = this.timeMicros;
    return {
      value: encodeValue(1),
      revision: 1,
      timestampMicros,
      origin: "other",
      ttl: 0,
      ...fields,
    };
  }

  /** What the store itself holds: "live", "tombstone" or "nothing". */
  stored(address: string): string {
    const version = this.store.get(address);
    if (version === undefined) return "nothing";
    return isLive(version) ? "live" : "tombstone";
  }
}

for (const kind of ["sliding", "absolute"] as const) {
  Deno.test(`a param with a TTL that is ${kind} is a tombstone at most 1 s after its time, not before`, () => {
    const it = new Setting();
    const version = it.set("/a", { ttl: encodeTtl({ kind, seconds: 5 }) });
    it.advance(5 * SECOND - 1);
    assertEquals(it.stored("/a"), "live");
    it.advance(SECOND);
    assertEquals(it.params.store.get("/a"), tombstoneOf(version));
    assertEquals(it.params.size, 0);
  });
}

Deno.test("a param without a TTL, or whose TTL was taken back, stays", () => {
  const it = new Setting();
  it.set("/never");
  it.set("/taken-back", { ttl: 5 });
  it.set("/taken-back", { ttl: 0 });
  it.set("/longer", { ttl: 5 });
  it.set("/longer", { ttl: 50 });
  it.set("/shorter", { ttl: 50 });
  it.set("/shorter", { ttl: 5 });
  it.advance(10 * SECOND);
  assertEquals(
    ["/never", "/taken-back", "/longer", "/shorter"].map((address) => it.stored(address)),
    ["live", "live", "live", "tombstone"],
  );
});

Deno.test("what has expired and is not swept yet is not there for anybody", () => {
  const it = new Setting();
  const { revision } = it.set("/a", { ttl: 5 });
  it.skip(5 * SECOND);
  assertEquals(it.stored("/a"), "live");
  assertEquals(isLive(it.params.get("/a")), false);
  assertEquals(it.params.get("/a")?.revision, revision);
  it.set("/b", { ttl: 5 });
  it.skip(5 * SECOND);
  const walk = it.params.walk();
  for (let next = walk.next(); !next.done; next = walk.next()) {
    assertEquals(isLive(next.value.version), false, next.value.address);
  }
});

Deno.test("nobody is told when a param expires", () => {
  const it = new Setting();
  it.set("/a", { ttl: 5 });
  it.heard.length = 0;
  it.advance(10 * SECOND);
  assertEquals([it.stored("/a"), it.heard.length], ["tombstone", 0]);
});

Deno.test("a write after the expiry continues the revision, and expects revision 0", () => {
  const it = new Setting();
  it.set("/a", { ttl: 5 });
  it.set("/a", { ttl: 5 });
  it.advance(10 * SECOND);
  const write = { address: "/a", value: encodeValue(1), holder: "s" };
  assertEquals(it.params.problem({ ...write, expectedRevision: 2 })?.code, 400);
  assertEquals(it.params.problem({ ...write, expectedRevision: 0 }), undefined);
  // The second of a bundle sees what the first made of it.
  const second = { sameAddress: 1, newAddresses: 1 };
  assertEquals(it.params.problem({ ...write, expectedRevision: 3 }, second), undefined);
  assertEquals(it.set("/a").revision, 3);
  assertEquals(it.params.size, 1);
});

Deno.test("tombstones do not count as params; one that lives again does", () => {
  const it = new Setting({ paramsMax: 1 });
  const problemAt = (address: string) =>
    it.params.problem({ address, value: encodeValue(1), holder: "s" })?.code;
  it.set("/a", { ttl: 1 });
  assertEquals(problemAt("/b"), 503);
  it.advance(2 * SECOND);
  assertEquals(problemAt("/b"), undefined);
  it.set("/b");
  assertEquals(problemAt("/a"), 503);
  assertEquals(it.merge("/a", { timestampMicros: it.timeMicros }), "full");
  assertEquals(it.stored("/a"), "tombstone");
  // A newer tombstone takes no room.
  const tombstone = { timestampMicros: it.timeMicros, ttl: 9, value: undefined, revision: 5 };
  assertEquals(it.merge("/a", tombstone), "applied");
});

Deno.test("a version that comes past its time is merged as a tombstone, and told as one", () => {
  const it = new Setting();
  it.set("/a");
  it.heard.length = 0;
  const late = { timestampMicros: it.timeMicros + 1, revision: 9, ttl: 5 };
  it.advance(10 * SECOND);
  assertEquals(it.merge("/a", late), "applied");
  assertEquals([it.stored("/a"), it.params.get("/a")?.revision], ["tombstone", 9]);
  assertEquals(it.heard.map(({ isTombstone }) => isTombstone), [true]);
});

Deno.test("a newer version lives again where there was a tombstone, an older one does not", () => {
  const it = new Setting();
  it.set("/a", { ttl: 1 });
  const beforeMicros = it.timeMicros;
  it.advance(2 * SECOND);
  it.merge("/a", { timestampMicros: beforeMicros - SECOND, revision: 1, ttl: 0 });
  assertEquals(it.stored("/a"), "tombstone");
  it.merge("/a", { timestampMicros: it.timeMicros, revision: 9 });
  assertEquals([it.stored("/a"), it.params.size], ["live", 1]);
});

Deno.test("the clock may be set: what has expired by it now is gone within a second", () => {
  const it = new Setting();
  it.set("/a", { ttl: 3_600 });
  it.advance(2 * SECOND);
  assertEquals(it.stored("/a"), "live");
  it.offsetMicros += 3_600 * SECOND;
  it.advance(SECOND);
  assertEquals(it.stored("/a"), "tombstone");
});

Deno.test("a router that does not know the time counts a TTL from when the version came", () => {
  const it = new Setting({}, false);
  it.skip(10 * SECOND);
  it.merge("/past", { timestampMicros: 1, ttl: 5 });
  it.merge("/future", { timestampMicros: it.timeMicros + DAY_MICROS, ttl: 5 });
  it.set("/own", { ttl: 5 });
  it.advance(4 * SECOND);
  const all = ["/past", "/future", "/own"];
  assertEquals(all.map((address) => it.stored(address)), ["live", "live", "live"]);
  it.advance(2 * SECOND);
  assertEquals(
    all.map((address) => it.stored(address)),
    ["tombstone", "tombstone", "tombstone"],
  );
});

Deno.test("a router that learns the time counts all TTLs from their timestamps", () => {
  const it = new Setting({}, false);
  it.merge("/past", { timestampMicros: it.timeMicros - 10 * SECOND, ttl: 5 });
  it.merge("/now", { ttl: 5 });
  it.merge("/past-but-long", { timestampMicros: it.timeMicros - 10 * SECOND, ttl: 60 });
  it.advance(SECOND);
  it.isTimed = true;
  it.params.becameTimed((nowMicros) => it.offsetMicros + nowMicros);
  assertEquals(isLive(it.params.get("/past")), false);
  it.advance(SECOND);
  assertEquals(
    ["/past", "/now", "/past-but-long"].map((address) => it.stored(address)),
    ["tombstone", "live", "live"],
  );
  it.advance(49 * SECOND);
  assertEquals(it.stored("/past-but-long"), "tombstone");
});

Deno.test("a replaced version has outlived its TTL, where the time is known, and else if it has one", () => {
  for (const isTimed of [true, false]) {
    const it = new Setting({}, isTimed);
    it.merge("/a", { ttl: 5 });
    const version = it.params.get("/a");
    assert(version !== undefined);
    assertEquals(it.params.hasOutlived({ ...version, ttl: 0 }), false);
    assertEquals(it.params.hasOutlived(version), !isTimed);
    it.advance(5 * SECOND);
    assertEquals(it.params.hasOutlived(version), true);
  }
});

Deno.test("what was set before the time was known lives on when it is, by the time of its writing", () => {
  const it = new Setting({}, false);
  // Long ago by a clock that another router had.
  it.merge("/a", { timestampMicros: START_MICROS - DAY_MICROS, revision: 4 });
  it.set("/a", { ttl: 10 });
  it.advance(4 * SECOND);
  it.isTimed = true;
  it.params.becameTimed((nowMicros) => it.offsetMicros + nowMicros);
  it.advance(5 * SECOND);
  assertEquals([it.stored("/a"), it.params.get("/a")?.revision], ["live", 5]);
  it.advance(2 * SECOND);
  assertEquals(it.stored("/a"), "tombstone");
});

Deno.test("a router that does not know the time keeps what it stamped against a tombstone of it", () => {
  const it = new Setting({}, false);
  const version = it.set("/a", { ttl: 10 });
  assertEquals(it.merge("/a", tombstoneOf(version)), "kept");
  assertEquals(it.stored("/a"), "live");
  it.isTimed = true;
  assertEquals(it.merge("/a", tombstoneOf(version)), "applied");
});

Deno.test("a router that does not know the time has the revision of a tombstone when it counted out", () => {
  const it = new Setting({}, false);
  const version = it.set("/a", { ttl: 10 });
  const tombstone = tombstoneOf({ ...version, revision: 3 });
  assertEquals(it.merge("/a", tombstone), "applied");
  assertEquals(it.params.get("/a"), { ...version, revision: 3 });
  it.advance(11 * SECOND);
  assertEquals(it.params.get("/a"), tombstone);
});

Deno.test("a tombstone is forgotten a day after it expired, and the digest with it", () => {
  const it = new Setting();
  const empty = it.params.digests().digest(ROOT);
  it.set("/a", { ttl: 1 });
  it.advance(SECOND + DAY_MICROS - 1);
  assertEquals(it.stored("/a"), "tombstone");
  it.advance(SECOND);
  assertEquals([it.stored("/a"), it.params.size, it.store.size], ["nothing", 0, 0]);
  assert(digestsEqual(it.params.digests().digest(ROOT), empty));
  it.advance(SECOND);
  assert(it.isIdle, "nothing with a TTL is left: nothing is planned");
});

Deno.test("a clock that is set ahead by years does not make a router forget its tombstones", () => {
  const it = new Setting();
  it.set("/a", { ttl: 1 });
  it.advance(2 * SECOND);
  it.set("/b", { ttl: 60 });
  it.offsetMicros += 3_650 * DAY_MICROS;
  it.advance(2 * SECOND);
  assertEquals([it.stored("/a"), it.stored("/b")], ["tombstone", "tombstone"]);
  // Nor to refuse those of others, as long as it could not have forgotten them by itself.
  assertEquals(it.merge("/c", { timestampMicros: START_MICROS, ttl: 5 }), "applied");
});

Deno.test("an old tombstone of an unknown address is not taken", () => {
  const it = new Setting();
  it.advance(2 * DAY_MICROS);
  const expired = (agoMicros: number) => ({
    timestampMicros: it.timeMicros - agoMicros - SECOND,
    ttl: 1,
    value: undefined,
  });
  assertEquals(it.merge("/old", expired(DAY_MICROS)), "kept");
  assertEquals(it.merge("/old-version", { ...expired(DAY_MICROS), value: encodeValue(1) }), "kept");
  assertEquals(it.store.size, 0);
  assertEquals(it.merge("/younger", expired(DAY_MICROS - 10 * SECOND)), "applied");
  // It goes when it goes elsewhere, not a day after it came.
  it.advance(11 * SECOND);
  assertEquals(it.stored("/younger"), "nothing");
});

Deno.test("beyond their limit the oldest tombstone goes first, and an older one is not taken", () => {
  const it = new Setting({ tombstonesMax: 2 });
  for (const address of ["/a", "/b", "/c"]) {
    it.set(address, { ttl: 1 });
    it.advance(2 * SECOND);
  }
  assertEquals(["/a", "/b", "/c"].map((address) => it.stored(address)), [
    "nothing",
    "tombstone",
    "tombstone",
  ]);
  const expired = (agoMicros: number) => ({
    timestampMicros: it.timeMicros - agoMicros - SECOND,
    ttl: 1,
    value: undefined,
  });
  assertEquals(it.merge("/older", expired(60 * SECOND)), "kept");
  assertEquals(it.merge("/younger", expired(0)), "applied");
  assertEquals([it.stored("/b"), it.store.size], ["nothing", 2]);
});

Deno.test("tombstones from the future do not push out the others for ever", () => {
  const it = new Setting({ tombstonesMax: 2 });
  for (const address of ["/x", "/y"]) {
    it.merge(address, { timestampMicros: 2 * START_MICROS, ttl: 1, value: undefined });
  }
  it.advance(SECOND);
  it.set("/a", { ttl: 1 });
  it.advance(2 * SECOND);
  assertEquals([it.stored("/a"), it.store.size], ["tombstone", 2]);
});

Deno.test("a store that brings tombstones and TTLs along is taken up", () => {
  const it = new Setting();
  const store = new MapParamStore();
  store.put("/gone", { ...it.version({ ttl: 9 }), value: undefined });
  store.put("/goes", it.version({ ttl: 3 }));
  store.put("/stays", it.version());
  const again = new Setting({ store });
  assertEquals(again.params.size, 2);
  again.advance(4 * SECOND);
  assertEquals([again.params.size, isLive(store.get("/goes"))], [1, false]);
});

Deno.test("a read at the owner renews a sliding TTL when a quarter of it has passed", () => {
  const it = new Setting();
  const ttl = encodeTtl({ kind: "sliding", seconds: 8 });
  const first = it.set("/a", { ttl, value: encodeValue("x") });
  it.heard.length = 0;
  it.advance(2 * SECOND - 1);
  assertEquals([it.params.touch("/a"), it.heard.length], [first, 0]);
  it.advance(1);
  const renewed = it.params.touch("/a");
  const timestampMicros = first.timestampMicros + 2 * SECOND;
  assertEquals(renewed, { ...first, revision: 2, timestampMicros });
  assertEquals(it.heard.map(({ version }) => version), [renewed]);
  it.advance(7 * SECOND);
  assertEquals(it.stored("/a"), "live");
  it.advance(2 * SECOND);
  assertEquals(it.stored("/a"), "tombstone");
  assertEquals(isLive(it.params.touch("/a")), false);
});

Deno.test("an own version with a sliding TTL is one until it is overridden, expires or is forgotten", () => {
  const ttl = encodeTtl({ kind: "sliding", seconds: 8 });
  const it = new Setting();
  for (const address of ["/overridden", "/expired", "/forgotten", "/raised"]) {
    it.set(address, { ttl });
  }
  it.set("/absolute", { ttl: encodeTtl({ kind: "absolute", seconds: 8 }) });
  it.merge("/merged", { ttl });
  const addresses = ["/overridden", "/expired", "/forgotten", "/raised", "/absolute", "/merged"];
  const own = () => addresses.filter((address) => it.params.isOwn(address));
  assertEquals(own(), ["/overridden", "/expired", "/forgotten", "/raised"]);
  it.merge("/overridden", { ttl, timestampMicros: it.timeMicros + 1 });
  it.merge("/raised", { ttl, timestampMicros: 1, revision: 9 });
  it.params.forget("/forgotten");
  assertEquals(own(), ["/expired", "/raised"]);
  it.advance(9 * SECOND);
  assertEquals(own(), []);
});

Deno.test("what was stamped before the time was known is an own version still when it is raised", () => {
  const it = new Setting({}, false);
  it.merge("/a", { timestampMicros: 1 });
  it.set("/a", { ttl: encodeTtl({ kind: "sliding", seconds: 8 }) });
  it.isTimed = true;
  it.params.becameTimed((nowMicros) => it.offsetMicros + nowMicros);
  assertEquals(it.params.isOwn("/a"), true);
});

Deno.test("a read renews no absolute TTL, and nothing that has none", () => {
  const it = new Setting();
  const absolute = it.set("/a", { ttl: encodeTtl({ kind: "absolute", seconds: 8 }) });
  const never = it.set("/b");
  it.advance(7 * SECOND);
  assertEquals([it.params.touch("/a"), it.params.touch("/b")], [absolute, never]);
});

Deno.test("a read at a router that does not know the time renews by how long it has been there", () => {
  const it = new Setting({}, false);
  it.merge("/a", { timestampMicros: 1, ttl: 8, revision: 4 });
  it.advance(SECOND);
  assertEquals(it.params.touch("/a")?.revision, 4);
  it.advance(2 * SECOND);
  assertEquals(it.params.touch("/a")?.revision, 5);
  it.advance(6 * SECOND);
  assertEquals(it.stored("/a"), "live");
});

Deno.test("a sweep looks at a bounded number of params, and goes on at once", () => {
  const it = new Setting({ paramsMax: 100_000 });
  for (let n = 0; n < 12_000; n++) it.set(`/${n}`, { ttl: 1 });
  it.skip(SECOND);
  it.wakes = 0;
  it.advance(500_000);
  assertEquals(it.params.size, 0);
  assertEquals(it.wakes >= 3, true, `${it.wakes} wakes`);
});

Deno.test("nothing is planned as long as nothing has a TTL, and two sweeps a second then", () => {
  const it = new Setting();
  it.set("/a");
  assert(it.isIdle);
  it.set("/b", { ttl: 60 });
  it.advance(10 * SECOND);
  assertLessOrEqual(it.wakes, 20);
});
