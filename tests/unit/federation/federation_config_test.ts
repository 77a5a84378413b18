import {
  FEDERATION_CORE_DEFAULTS,
  type FederationCoreConfig,
  validateFederationCoreConfig,
} from "../../../src/federation/federation_config.ts";
import { AddressError } from "../../../src/address/address.ts";
import { MAX_FEDERATION_PATTERNS } from "../../../src/limits.ts";
import { assertThrows } from "../../support/assert.ts";

function validate(fields: Partial<FederationCoreConfig>): void {
  validateFederationCoreConfig({ ...FEDERATION_CORE_DEFAULTS, ...fields });
}

Deno.test("validateFederationCoreConfig() takes what can be", () => {
  validate({});
  validate({
    hubUrls: ["ws://hub:7330", "wss://hub.example/path"],
    namespaces: Array.from({ length: MAX_FEDERATION_PATTERNS }, (_, n) => `/${n}/**`),
    reconnectDelayMs: 0,
    maxReconnectAttempts: 3,
  });
});

Deno.test("validateFederationCoreConfig() refuses patterns that are none, and too many", () => {
  for (const key of ["namespaces", "imports"] as const) {
    assertThrows(() => validate({ [key]: ["site-a/**"] }), AddressError, "site-a");
    const many = Array.from({ length: MAX_FEDERATION_PATTERNS + 1 }, () => "/a");
    assertThrows(() => validate({ [key]: many }), RangeError, key);
  }
});

Deno.test("validateFederationCoreConfig() refuses hubs that are no ws: or wss: URL", () => {
  for (const url of ["", "hub:7330", "http://hub", "ws//hub"]) {
    assertThrows(() => validate({ hubUrls: [url] }), TypeError, `"${url}"`);
  }
});

Deno.test("validateFederationCoreConfig() refuses numbers out of bounds", () => {
  for (const value of [-1, NaN, Infinity]) {
    assertThrows(() => validate({ reconnectDelayMs: value }), RangeError, "reconnectDelayMs");
    assertThrows(() => validate({ maxReconnectAttempts: value }), RangeError);
  }
  assertThrows(() => validate({ maxReconnectAttempts: 1.5 }), RangeError, "maxReconnectAttempts");
});
