import type { RouterConfig } from "../../mod.ts";
import { isReserved } from "../../src/router/reserved.ts";
import { SIGNAL } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { assertEquals } from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { LinkTap, type TappedEntry } from "../support/link_tap.ts";
import { LocalRouter } from "../support/local_router.ts";
import { RawClient } from "../support/raw_client.ts";

const COUNT = 100;
const DEADLINE_MS = 10_000;

Deno.test("a link carries each update and event once, and none back", async () => {
  await using hub = new LocalRouter({ features: ["param", "event", "federation"] });
  await using tap = new LinkTap(hub.port);
  await using siteA = new LocalRouter(leafConfig("site-a", tap.url));
  await using siteB = new LocalRouter(leafConfig("site-b", `ws://127.0.0.1:${hub.port}`));
  await Promise.all([untilConnected(hub, 2), untilConnected(siteA, 1), untilConnected(siteB, 1)]);
  await using a = await RawClient.connect(siteA.port);
  await using b = await RawClient.connect(siteB.port);
  await a.ask({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0 });
  for (const [client, site] of [[a, "site-a"], [b, "site-b"]] as const) {
    for (let i = 0; i < COUNT; i++) {
      await client.set(`/${site}/own/${i}`, encodeValue(i));
      await client.ask({
        type: "PUBLISH",
        address: `/${site}/cue`,
        signal: SIGNAL.event,
        phase: 0,
      });
    }
  }
  for (let i = 0; i < COUNT; i++) await a.set(`/site-b/foreign/${i}`, encodeValue(i));
  for (let i = 0; i < COUNT; i++) await b.set(`/site-a/foreign/${i}`, encodeValue(i));
  // Behind everything else that the hub has for this leaf.
  await b.set("/site-b/last", encodeValue(true));
  const isLast = () => a.all("SET").some(({ address }) => address === "/site-b/last");
  await a.until(isLast, "the last update");

  assertEquals(count(tap.up), {
    "update of site-a": COUNT,
    "event of site-a": COUNT,
    "request of site-a": COUNT,
    "reply of site-b": COUNT,
  });
  assertEquals(count(tap.down), {
    "update of site-b": COUNT + 1,
    "event of site-b": COUNT,
    "reply of site-a": COUNT,
    "request of site-b": COUNT,
  });
});

function leafConfig(routerId: string, hubEndpoint: string): RouterConfig {
  return {
    federation: {
      mode: { type: "leaf", hubEndpoint },
      routerId,
      ownedNamespaces: [`/${routerId}/**`],
    },
  };
}

/** Waits until so many links are Active; must be called in the turn in which the router was made. */
async function untilConnected({ router }: LocalRouter, links: number): Promise<void> {
  let active = 0;
  const connected = new Promise<void>((resolve) => {
    router.federation?.onEvent(({ type }) => {
      if (type === "connected" && ++active === links) resolve();
    });
  });
  await withDeadline(connected, DEADLINE_MS, "a link");
}

function count(entries: readonly TappedEntry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind, origin, frame: { message } } of entries) {
    if ("address" in message && isReserved(message.address ?? "")) continue;
    const key = `${kind} of ${origin}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
