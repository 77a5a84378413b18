import { PEERS_KNOWN_MAX } from "../../../src/limits.ts";
import { PeerDirectory } from "../../../src/edge/peer_directory.ts";
import type { LinkEvent } from "../../../src/federation/link_event.ts";
import { assertEquals } from "../../support/assert.ts";

const NAMESPACES: LinkEvent = { type: "peerNamespaces", routerId: "a", patterns: ["/a/**"] };
const CONNECTED: LinkEvent = { type: "connected", routerId: "a" };
const LOST: LinkEvent = { type: "disconnected", routerId: "a", reason: "cut" };

Deno.test("a peer is known from its first event, and what it is follows the events", () => {
  const peers = new PeerDirectory();
  peers.apply(NAMESPACES);
  assertEquals(peers.get("a"), {
    routerId: "a",
    namespaces: ["/a/**"],
    outbound: false,
    state: "Syncing",
  });
  peers.apply(CONNECTED);
  assertEquals(peers.get("a")?.state, "Active");
  peers.apply({ type: "peerNamespaces", routerId: "a", patterns: ["/b/**"] });
  assertEquals([peers.get("a")?.state, peers.get("a")?.namespaces], ["Active", ["/b/**"]]);
  peers.apply(LOST);
  assertEquals([peers.get("a")?.state, peers.get("a")?.reason], ["Disconnected", "cut"]);
  peers.apply(CONNECTED);
  assertEquals(peers.get("a")?.reason, undefined, "it is connected again");
});

Deno.test("the same event twice changes nothing", () => {
  for (const event of [NAMESPACES, CONNECTED, LOST]) {
    const peers = new PeerDirectory();
    peers.apply(NAMESPACES);
    peers.apply(event);
    const once = peers.get("a");
    peers.apply(event);
    assertEquals([peers.get("a"), peers.size], [once, 1]);
  }
});

Deno.test("the hub that was dialled is outbound and has its URL, other peers have none", () => {
  const peers = new PeerDirectory();
  const hub = { routerId: "hub", url: "ws://hub:1" };
  peers.apply({ type: "connected", routerId: "hub" }, hub);
  peers.apply(CONNECTED, hub);
  assertEquals([peers.get("hub")?.outbound, peers.get("hub")?.endpoint], [true, "ws://hub:1"]);
  assertEquals([peers.get("a")?.outbound, peers.get("a")?.endpoint], [false, undefined]);
});

Deno.test("owners of an address are the connected peers whose namespaces match", () => {
  const peers = new PeerDirectory();
  peers.apply(NAMESPACES);
  peers.apply({ type: "peerNamespaces", routerId: "b", patterns: ["/a/b", "/x/**"] });
  assertEquals(peers.ownersOf("/a/b", undefined), ["a", "b"]);
  assertEquals(peers.ownersOf("/a/b", "a"), ["b"]);
  assertEquals(peers.ownersOf("/a/c", undefined), ["a"]);
  peers.apply(LOST);
  assertEquals(peers.ownersOf("/a/b", undefined), ["b"]);
  peers.apply({ type: "stateChanged", routerId: "b", state: "Failed" });
  assertEquals(peers.ownersOf("/a/b", undefined), []);
});

Deno.test("events that tell nothing about a peer make none", () => {
  const peers = new PeerDirectory();
  const events: readonly LinkEvent[] = [
    { type: "stateChanged", routerId: "", state: "Connecting" },
    { type: "remotePublish", address: "/a", origin: "a" },
    { type: "syncComplete", routerId: "a", pattern: "/**" },
    { type: "refused", routerId: "a", code: 403, message: "no" },
  ];
  for (const event of events) peers.apply(event);
  assertEquals([peers.size, peers.all()], [0, []]);
});

Deno.test("beyond its bound the directory forgets peers that are away, never a connected one", () => {
  const peers = new PeerDirectory();
  peers.apply({ type: "connected", routerId: "here" });
  for (let index = 0; index <= PEERS_KNOWN_MAX; index++) {
    peers.apply({ type: "disconnected", routerId: `gone-${index}` });
  }
  assertEquals(peers.size, PEERS_KNOWN_MAX);
  assertEquals(peers.get("here")?.state, "Active");
  assertEquals(peers.get("gone-0"), undefined);
  assertEquals(peers.get(`gone-${PEERS_KNOWN_MAX}`)?.state, "Disconnected");
});
