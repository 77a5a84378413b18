import {
  type FederationConfig,
  federationDefaults,
  toCoreConfig,
} from "../../../src/edge/federation_config.ts";
import { ConfigError } from "../../../src/federation/federation_error.ts";
import { FEATURE } from "../../../src/wire/message.ts";
import { assertEquals, assertNotEquals, assertThrows } from "../../support/assert.ts";

function toCore(given: Partial<FederationConfig>): ReturnType<typeof toCoreConfig> {
  return toCoreConfig({ ...federationDefaults(), ...given }, given);
}

Deno.test("defaults are those of the public configuration reference", () => {
  const { routerId, ...defaults } = federationDefaults();
  assertEquals(defaults, {
    mode: { type: "hub" },
    ownedNamespaces: ["/**"],
    imports: ["/**"],
    authToken: undefined,
    autoReconnect: true,
    reconnectDelayMs: 5_000,
    maxReconnectAttempts: 0,
    syncIntervalMs: 30_000,
    offlineWrites: "accept",
    acceptWrites: undefined,
    clientName: "clasp-federation",
    features: ["param", "event", "stream", "federation"],
  });
  assertNotEquals(routerId, federationDefaults().routerId);
});

Deno.test("namespaces that nobody named are no claim; /** that somebody named is one", () => {
  assertEquals(toCore({}).config.namespaces, []);
  assertEquals(toCore({ ownedNamespaces: ["/**"] }).config.namespaces, ["/**"]);
});

Deno.test("a leaf has one hub or several, a hub has none", () => {
  const urls = ["ws://a", "ws://b"];
  const of = (hubEndpoint: string | readonly string[]) => {
    const { isLeaf, config } = toCore({ mode: { type: "leaf", hubEndpoint } });
    return [isLeaf, config.hubUrls];
  };
  assertEquals(of("ws://a"), [true, ["ws://a"]]);
  assertEquals(of(urls), [true, urls]);
  assertEquals([toCore({}).isLeaf, toCore({}).config.hubUrls], [false, []]);
});

Deno.test("mesh is refused with a ConfigError", () => {
  assertThrows(() => toCore({ mode: { type: "mesh", peers: [] } }), ConfigError, "mesh");
});

Deno.test("the other settings reach the core under its names", () => {
  const { config } = toCore({
    authToken: "t",
    autoReconnect: false,
    reconnectDelayMs: 7,
    maxReconnectAttempts: 2,
    syncIntervalMs: 5_000,
    offlineWrites: "reject",
    clientName: "c",
    imports: ["/a"],
    features: ["event", "federation"],
  });
  assertEquals(config, {
    hubUrls: [],
    namespaces: [],
    imports: ["/a"],
    token: "t",
    autoReconnect: false,
    reconnectDelayMs: 7,
    maxReconnectAttempts: 2,
    syncIntervalMs: 5_000,
    offlineWrites: "reject",
    acceptWrites: undefined,
    showsLinks: true,
    clientName: "c",
    features: FEATURE.event | FEATURE.federation,
  });
});
