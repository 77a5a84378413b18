import {
  type ClientSubscription,
  ClientSubscriptions,
} from "../../../src/edge/client_subscriptions.ts";
import { type ParamUpdate, paramUpdateOf, type Update } from "../../../src/edge/update.ts";
import { parsePattern } from "../../../src/address/pattern.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";

const EVENT: Update = { kind: "event", address: "/a", value: null };

Deno.test("what comes twice until the answer is complete is delivered once", () => {
  const all = new ClientSubscriptions();
  const told = subscribe(all, 1);
  for (const revision of [1, 1]) all.shown(param(revision));
  all.told(param(2));
  // Of a snapshot that was made before.
  all.shown(param(1));
  assertEquals(told, [1, 2]);
  all.established(1);
  all.told(param(2));
  assertEquals(told, [1, 2, 2]);
});

Deno.test("a history is delivered in order, behind what the snapshot of WELCOME brought", () => {
  const all = new ClientSubscriptions();
  const told = subscribe(all, 1, { hasHistory: true });
  for (const revision of [4, 2, 3, 4]) all.shown(param(revision));
  all.shown(param(1, "/b"));
  all.told(param(5));
  all.told(EVENT);
  assertEquals(told, ["event"]);
  all.established(1);
  assertEquals(told, ["event", 2, 3, 4, 5, 1]);
  all.told(param(6));
  assertEquals(told.slice(-2), [1, 6]);
});

Deno.test("who did not ask for a history is told of the newest value only, and once", () => {
  for (const isRefused of [false, true]) {
    const all = new ClientSubscriptions();
    const before = subscribe(all, 1);
    all.established(1);
    subscribe(all, 2, { hasHistory: true });
    const after = subscribe(all, 3);
    for (const revision of [4, 2, 3, 4]) all.shown(param(revision));
    for (const revision of [1, 2]) all.shown(param(revision, "/b"));
    all.told(param(3, "/b"));
    assertEquals([before, after], [[3], [4, 1, 2, 3]]);
    if (isRefused) all.remove(2);
    else all.established(2);
    assertEquals([before, after], [[3, 4], [4, 1, 2, 3]]);
  }
});

Deno.test("a subscription is told of its own types and addresses only, until it is removed", () => {
  const all = new ClientSubscriptions();
  const events = subscribe(all, 1, { types: ["event"] });
  const elsewhere = subscribe(all, 2, { pattern: parsePattern("/b") });
  all.told(EVENT);
  all.told(param(1));
  all.shown(param(1));
  assertEquals([events, elsewhere], [["event"], []]);
  assertEquals([all.remove(1), all.remove(1)], [true, false]);
  all.told(EVENT);
  assertEquals(events, ["event"]);
});

/** Revisions, or kinds of signals, as they are delivered. */
function subscribe(
  all: ClientSubscriptions,
  id: number,
  options: Partial<ClientSubscription> = {},
): unknown[] {
  const told: unknown[] = [];
  all.add(id, {
    pattern: parsePattern("/**"),
    types: undefined,
    hasHistory: false,
    onUpdate: (update) => told.push(update.kind === "param" ? update.revision : update.kind),
    ...options,
  });
  return told;
}

function param(revision: number, address: string = "/a"): ParamUpdate {
  return paramUpdateOf({ address, value: encodeValue(revision) }, revision);
}
