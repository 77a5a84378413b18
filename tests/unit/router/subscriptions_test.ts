import { parsePattern } from "../../../src/address/pattern.ts";
import type { Subscriber } from "../../../src/router/subscriber.ts";
import { Subscriptions } from "../../../src/router/subscriptions.ts";
import { ParamSlot } from "../../../src/state/param_slot.ts";
import { ALL_SIGNALS } from "../../../src/wire/message.ts";
import { assertEquals, assertStrictEquals } from "../../support/assert.ts";

class Named implements Subscriber {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  paramChanged(): void {}
  published(): void {}
}

const [A, B] = [new Named("a"), new Named("b")];

function slotOf(address: string): ParamSlot {
  const stamp = { revision: 1, timestampMicros: 1, origin: "a" };
  return new ParamSlot(address, { ...stamp, value: undefined, ttl: 0 });
}

function targetsOf(subscriptions: Subscriptions, address: string): string[] {
  return subscriptions.targets(address).map(({ subscriber, types }) =>
    `${(subscriber as Named).name} ${types}`
  ).sort();
}

Deno.test("a subscriber is a target once, with the kinds of all its subscriptions that match", () => {
  const subscriptions = new Subscriptions();
  subscriptions.add(A, 1, parsePattern("/x/**"), 1);
  subscriptions.add(A, 2, parsePattern("/x/y"), 4);
  subscriptions.add(B, 1, parsePattern("/x/*"), 2);
  subscriptions.add(B, 2, parsePattern("/z"), 0);
  assertEquals(targetsOf(subscriptions, "/x/y"), ["a 5", "b 2"]);
  assertEquals(targetsOf(subscriptions, "/x/z"), ["a 1", "b 2"]);
  assertEquals(targetsOf(subscriptions, "/z"), [`b ${ALL_SIGNALS}`]);
  assertEquals(targetsOf(subscriptions, "/w"), []);
});

Deno.test("targets() are remembered until any subscription changes, with a param or without", () => {
  const subscriptions = new Subscriptions();
  const slot = slotOf("/x");
  const steps: readonly (readonly [() => unknown, readonly string[]])[] = [
    [() => subscriptions.add(A, 1, parsePattern("/x"), 1), ["a 1"]],
    [() => subscriptions.add(B, 1, parsePattern("/*"), 1), ["a 1", "b 1"]],
    [() => subscriptions.add(A, 1, parsePattern("/y"), 1), ["b 1"]],
    [() => subscriptions.remove(B, 1), []],
    [() => subscriptions.add(B, 7, parsePattern("/x"), 2), ["b 2"]],
    [() => subscriptions.removeAll(B), []],
  ];
  for (const [step, expected] of steps) {
    step();
    assertEquals(targetsOf(subscriptions, "/x"), [...expected]);
    assertStrictEquals(subscriptions.targets("/x"), subscriptions.targets("/x"));
    assertStrictEquals(subscriptions.targetsOf(slot), subscriptions.targets("/x"));
  }
});

Deno.test("addresses that the same subscriptions match share their targets, and no others do", () => {
  const subscriptions = new Subscriptions();
  subscriptions.add(A, 1, parsePattern("/x/**"), 1);
  subscriptions.add(B, 1, parsePattern("/x/*"), 1);
  const [one, two, deep] = ["/x/1", "/x/2", "/x/1/y"].map(slotOf).map((slot) =>
    subscriptions.targetsOf(slot)
  );
  assertStrictEquals(one, two);
  assertEquals([one?.length, deep?.length], [2, 1]);
});

Deno.test("many subscriptions of one subscriber are told apart, whatever their numbers", () => {
  const subscriptions = new Subscriptions();
  // Those of an address are the first and the twelfth here, the eleventh and the second there.
  const patterns = ["/x", "/y", ...Array.from({ length: 8 }, (_, n) => `/z/${n}`), "/y", "/x"];
  patterns.forEach((pattern, n) => subscriptions.add(A, n, parsePattern(pattern), n + 1));
  assertEquals(targetsOf(subscriptions, "/x"), [`a ${1 | 12}`]);
  assertEquals(targetsOf(subscriptions, "/y"), [`a ${2 | 11}`]);
  assertEquals(subscriptions.targetsOf(slotOf("/y"))[0]?.types, 2 | 11);
});

Deno.test("counts follow what is added, replaced and removed", () => {
  const subscriptions = new Subscriptions();
  subscriptions.add(A, 1, parsePattern("/x"), 1);
  subscriptions.add(A, 1, parsePattern("/y"), 1);
  subscriptions.add(A, 2, parsePattern("/x"), 1);
  assertEquals([subscriptions.count(A), subscriptions.count(B)], [2, 0]);
  assertEquals([subscriptions.has(A, 2), subscriptions.has(A, 3), subscriptions.has(B, 2)], [
    true,
    false,
    false,
  ]);
  assertEquals([subscriptions.remove(A, 1), subscriptions.remove(A, 1)], [true, false]);
  assertEquals(subscriptions.count(A), 1);
  subscriptions.removeAll(A);
  assertEquals(subscriptions.count(A), 0);
  assertEquals(subscriptions.remove(A, 2), false);
});

Deno.test("a target is told as itself unless all of its subscriptions there are limited", () => {
  const limits = { intervalMicros: 10, epsilon: 0, windowMicros: 0 };
  const within: Subscriber = new Named("within limits");
  const limited: Subscriber = { paramChanged() {}, published() {}, limited: () => within };
  const subscriptions = new Subscriptions();
  const via = () => subscriptions.targets("/x").map((target) => target.via);
  subscriptions.add(limited, 1, parsePattern("/x"), ALL_SIGNALS, limits);
  subscriptions.add(A, 1, parsePattern("/x"), ALL_SIGNALS);
  assertEquals(new Set(via()), new Set([within, A]));
  subscriptions.add(limited, 2, parsePattern("/**"), ALL_SIGNALS);
  assertEquals(new Set(via()), new Set([limited, A]));
  subscriptions.remove(limited, 2);
  assertEquals(new Set(via()), new Set([within, A]));
  subscriptions.add(limited, 1, parsePattern("/x"), ALL_SIGNALS);
  assertEquals(new Set(via()), new Set([limited, A]));
});
