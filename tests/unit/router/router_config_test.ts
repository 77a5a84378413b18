import { EVENT_LIFE_MAX_MS, EVENT_LIFE_MIN_MS, NAME_BYTES_MAX } from "../../../src/limits.ts";
import {
  featureBits,
  ROUTER_CORE_DEFAULTS,
  type RouterCoreConfig,
  validateRouterCoreConfig,
} from "../../../src/router/router_config.ts";
import type { FeatureName } from "../../../src/wire/message.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const CONFIG: RouterCoreConfig = { ...ROUTER_CORE_DEFAULTS, routerId: "r", bootId: 1 };

Deno.test("validateRouterCoreConfig() takes the defaults and the longest names, in bytes", () => {
  validateRouterCoreConfig(CONFIG);
  validateRouterCoreConfig({ ...CONFIG, name: "n".repeat(NAME_BYTES_MAX) });
});

Deno.test("validateRouterCoreConfig() refuses names that are empty or too long, naming them", () => {
  for (const key of ["name", "routerId"] as const) {
    for (const text of ["", "é".repeat(NAME_BYTES_MAX / 2 + 1)]) {
      assertThrows(() => validateRouterCoreConfig({ ...CONFIG, [key]: text }), RangeError, key);
    }
  }
});

Deno.test("validateRouterCoreConfig() refuses numbers out of bounds, naming them", () => {
  for (
    const key of [
      ...["sessionsMax", "sessionsPerAddressMax", "paramsMax"] as const,
      ...["outboxBytesMax", "outboxHighWaterBytes"] as const,
    ]
  ) {
    for (const value of [0, -1, 1.5, NaN, Infinity]) {
      assertThrows(() => validateRouterCoreConfig({ ...CONFIG, [key]: value }), RangeError, key);
    }
  }
});

Deno.test("validateRouterCoreConfig() takes limits by the second from 0, which is none", () => {
  for (const key of ["messagesPerSecondMax", "bytesPerSecondMax"] as const) {
    for (const value of [0, 1, 1e12]) validateRouterCoreConfig({ ...CONFIG, [key]: value });
    for (const value of [-1, 1.5, NaN, Infinity]) {
      assertThrows(() => validateRouterCoreConfig({ ...CONFIG, [key]: value }), RangeError, key);
    }
  }
});

Deno.test("validateRouterCoreConfig() takes a life of events within its bounds only", () => {
  for (const eventTtlMs of [EVENT_LIFE_MIN_MS - 1, EVENT_LIFE_MAX_MS + 1, 500.5, NaN]) {
    assertThrows(
      () => validateRouterCoreConfig({ ...CONFIG, eventTtlMs }),
      RangeError,
      "eventTtlMs",
    );
  }
  for (const eventTtlMs of [EVENT_LIFE_MIN_MS, EVENT_LIFE_MAX_MS]) {
    validateRouterCoreConfig({ ...CONFIG, eventTtlMs });
  }
});

Deno.test("validateRouterCoreConfig() refuses a feature that is not known", () => {
  for (const feature of ["params", "toString"]) {
    const features = [feature as FeatureName];
    assertThrows(() => validateRouterCoreConfig({ ...CONFIG, features }), TypeError, feature);
  }
});

Deno.test("featureBits() joins the bits of features", () => {
  assertEquals(featureBits(["param", "event", "federation"]), 0xc4);
  assertEquals(featureBits([]), 0);
});
