import { LEASE_LIFE_MS, LEASES_MAX } from "../../../src/limits.ts";
import { LeaseKeeper } from "../../../src/federation/lease_keeper.ts";
import type { WriteAnswer } from "../../../src/router/federation_hook.ts";
import type { ErrorCode } from "../../../src/router/error_code.ts";
import type { SetMessage } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";

const ENTRY = { address: "/x", holder: "s" };
const LOCK: SetMessage = { type: "SET", address: "/x", value: encodeValue(1), lock: true };
const UNLOCK: SetMessage = { ...LOCK, lock: false, unlock: true };
const LIFE_MICROS = LEASE_LIFE_MS * 1_000;

Deno.test("a lock is held from the sending of what its owner confirmed, for the life of a lease", () => {
  const kept = new LeaseKeeper();
  kept.began(ENTRY);
  assertEquals([kept.has(ENTRY, 100), kept.isHeld(ENTRY, 100)], [true, false], "asked for");
  assertEquals(kept.due(100), { renewed: [], lapsed: [] });
  kept.ended(ENTRY, LOCK, { answer: held(), sentMicros: 100 });
  assertEquals(kept.due(200).renewed, [ENTRY]);
  kept.confirmed(ENTRY, 150);
  // An older confirmation that comes late takes nothing back.
  kept.confirmed(ENTRY, 120);
  assertEquals(kept.isHeld(ENTRY, 149 + LIFE_MICROS), true);
  assertEquals(kept.has(ENTRY, 150 + LIFE_MICROS), false);
  assertEquals(kept.due(150 + LIFE_MICROS), { renewed: [], lapsed: [ENTRY] });
  assertEquals(kept.size, 0);
  kept.confirmed(ENTRY, 200);
  assertEquals(kept.size, 0, "what was forgotten stays so");
});

Deno.test("nothing is renewed while a request is on its way that may give it back", () => {
  const kept = new LeaseKeeper();
  kept.began(ENTRY);
  kept.ended(ENTRY, LOCK, { answer: held(), sentMicros: 0 });
  kept.began(ENTRY);
  assertEquals(kept.due(1).renewed, []);
  kept.ended(ENTRY, UNLOCK, { answer: refused(400), sentMicros: 1 });
  assertEquals(kept.due(2).renewed, [ENTRY], "it was not given back");
  kept.began(ENTRY);
  kept.ended(ENTRY, UNLOCK, { answer: accepted(), sentMicros: 2 });
  assertEquals(kept.size, 0);
});

Deno.test("an answer leaves a lock held, free, or to be given back", () => {
  const cases: readonly (readonly [string, boolean, SetMessage, WriteAnswer, boolean, boolean])[] =
    [
      // What, held before, SET, answer; held after, to be released.
      ["lock granted", false, LOCK, held(), true, false],
      ["lock of another", false, LOCK, refused(401), false, false],
      ["lock refused", false, LOCK, refused(501), false, false],
      ["lock with unknown outcome", false, LOCK, refused(502), false, true],
      ["second lock with unknown outcome", true, LOCK, refused(502), true, false],
      ["second lock refused", true, LOCK, refused(400), true, false],
      ["second lock, another's by now", true, LOCK, refused(401), false, false],
      ["unlock", true, UNLOCK, accepted(), false, false],
      ["unlock with unknown outcome", true, UNLOCK, refused(502), false, true],
      ["unlock refused", true, UNLOCK, refused(501), true, false],
    ];
  for (const [what, before, set, answer, after, releases] of cases) {
    const kept = new LeaseKeeper();
    if (before) {
      kept.began(ENTRY);
      kept.ended(ENTRY, LOCK, { answer: held(), sentMicros: 0 });
    }
    kept.began(ENTRY);
    assertEquals(kept.ended(ENTRY, set, { answer, sentMicros: 1 }), releases, what);
    assertEquals([kept.isHeld(ENTRY, 1), kept.size], [after, after ? 1 : 0], what);
  }
});

Deno.test("what a session that is gone had asked for is given back when it is granted", () => {
  for (
    const [answer, releases] of [[held(), true], [refused(502), true], [
      refused(401),
      false,
    ]] as const
  ) {
    const kept = new LeaseKeeper();
    kept.began(ENTRY);
    assertEquals(kept.sessionEnded("other"), []);
    assertEquals(kept.sessionEnded("s"), [ENTRY]);
    assertEquals(kept.ended(ENTRY, LOCK, { answer, sentMicros: 0 }), releases);
    assertEquals(kept.size, 0);
  }
});

Deno.test("no more locks are kept than the bound, and those that are kept go on", () => {
  const kept = new LeaseKeeper();
  for (let index = 0; index < LEASES_MAX; index++) {
    assertEquals(kept.began({ address: `/${index}`, holder: "s" }), true);
  }
  assertEquals(kept.began(ENTRY), false);
  assertEquals(kept.began({ address: "/0", holder: "s" }), true);
  assertEquals(kept.takeAll().length, LEASES_MAX);
  assertEquals(kept.size, 0);
});

function held(): WriteAnswer {
  return { ...accepted(), holder: "router/s" };
}

function accepted(): WriteAnswer & { readonly kind: "accepted" } {
  const value = encodeValue(1);
  return {
    kind: "accepted",
    version: { value, revision: 1, timestampMicros: 1, origin: "owner", ttl: 0 },
  };
}

function refused(code: ErrorCode): WriteAnswer {
  return { kind: "refused", refusal: { code, message: "no" } };
}
