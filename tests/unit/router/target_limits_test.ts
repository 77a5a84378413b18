import { type LimitingSubscription, toTargetLimits } from "../../../src/router/target_limits.ts";
import { ALL_SIGNALS, SIGNAL } from "../../../src/wire/message.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("subscriptions limit nothing together when one for each signal has no limit", () => {
  assertEquals(toTargetLimits([limited(10, 0)]) === undefined, false);
  assertEquals(toTargetLimits([limited(10, 0), limited(0, 0)]), undefined);
  assertEquals(
    toTargetLimits([limited(10, 0), { types: ALL_SIGNALS, limits: undefined }]),
    undefined,
  );
  const paramsOnly = { types: 1 << SIGNAL.param, limits: undefined };
  const limits = toTargetLimits([limited(10, 0), paramsOnly]);
  assertEquals([limits?.params, limits?.streams.length], [[], 1]);
});

Deno.test("a limit under which another is always first is left out", () => {
  const limits = toTargetLimits([
    limited(10, 5),
    limited(20, 1),
    limited(10, 6),
    limited(30, 1),
    limited(40, 0),
  ]);
  const expected = [[10, 5], [20, 1], [40, 0]];
  assertEquals(limits?.params.map((one) => [one.intervalMicros, one.epsilon]), expected);
});

Deno.test("samples are gathered for the shortest window, and not when one wants them at once", () => {
  assertEquals(toTargetLimits([limited(0, 0, 50), limited(0, 0, 20)])?.windowMicros, 20);
  assertEquals(toTargetLimits([limited(9, 0, 50), limited(9, 0, 0)])?.windowMicros, 0);
  assertEquals(toTargetLimits([limited(0, 0, 50), limited(0, 0, 0)]), undefined);
  // A window is about streams.
  assertEquals(toTargetLimits([limited(0, 0, 50, 1 << SIGNAL.param)]), undefined);
  const mixed = toTargetLimits([limited(0, 0, 50), limited(9, 0, 0, 1 << SIGNAL.param)]);
  assertEquals(mixed?.windowMicros, 50);
});

function limited(
  intervalMicros: number,
  epsilon: number,
  windowMicros = 0,
  types: number = ALL_SIGNALS,
): LimitingSubscription {
  return { types, limits: { intervalMicros, epsilon, windowMicros } };
}
