import { RouterIdentities } from "../../../src/federation/router_identities.ts";
import {
  PEERS_AWAY_MAX,
  ROUTER_ID_KEPT_MS,
  ROUTER_IDS_PER_IDENTITY_MAX,
} from "../../../src/limits.ts";
import { assertEquals } from "../../support/assert.ts";

function away(identities: RouterIdentities, routerId: string, identity: string): void {
  identities.registered(routerId, identity);
  identities.lost(routerId, 0);
}

Deno.test("a router id is somebody's while it has a link, and an hour longer", () => {
  const identities = new RouterIdentities();
  identities.registered("a", "site");
  assertEquals(identities.ownerOf("a", 1e15), "site");
  identities.lost("a", 1_000);
  assertEquals(identities.ownerOf("a", 999 + ROUTER_ID_KEPT_MS * 1_000), "site");
  assertEquals(identities.ownerOf("a", 1_000 + ROUTER_ID_KEPT_MS * 1_000), undefined);
  assertEquals(identities.size, 0);
  identities.lost("never", 0);
  assertEquals(identities.size, 0);
});

Deno.test("one credential keeps so many router ids, and pushes out none of others", () => {
  const identities = new RouterIdentities();
  away(identities, "victim", "site");
  identities.registered("busy", "busy");
  for (let count = 0; count < 5_000; count++) away(identities, `busy ${count}`, "busy");
  assertEquals(identities.size, ROUTER_IDS_PER_IDENTITY_MAX + 1);
  assertEquals(identities.ownerOf("victim", 0), "site");
  // One that has a link is never forgotten.
  assertEquals(identities.ownerOf("busy", 0), "busy");
  assertEquals(identities.ownerOf("busy 4999", 0), "busy");
});

Deno.test("so many router ids without a link are kept, the one away longest goes first", () => {
  const identities = new RouterIdentities();
  for (let count = 0; count <= PEERS_AWAY_MAX; count++) {
    away(identities, `router ${count}`, `site ${count}`);
  }
  assertEquals(identities.size, PEERS_AWAY_MAX);
  assertEquals(identities.ownerOf("router 0", 0), undefined);
  assertEquals(identities.ownerOf("router 1", 0), "site 1");
});
