import { FederationManager } from "../../../src/edge/federation_manager.ts";
import type { FederationLink } from "../../../src/edge/federation_link.ts";
import {
  AlreadyConnectedError,
  FederationError,
  HandshakeFailedError,
} from "../../../src/federation/federation_error.ts";
import type { LinkEvent } from "../../../src/federation/link_event.ts";
import { AddressError } from "../../../src/address/address.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { withDeadline } from "../../support/deadline.ts";
import { MemoryTransport } from "./memory_transport.ts";

const DEADLINE_MS = 5_000;
const HUB_URL = "ws://hub.example:7330";

Deno.test("two managers on a pair of transports become each other's active peer", async () => {
  using site = setUp();
  const { hub, leaf } = site;
  const { hubLink, leafLink } = await site.link();
  assertEquals([hubLink.isActive, leafLink.isActive], [true, true]);
  assertEquals([hubLink.peerId, leafLink.peerId], ["site-a", "hub"]);
  assertEquals([hub.peerCount(), leaf.peerCount()], [1, 1]);
  assertEquals(hub.activePeers().map(({ routerId }) => routerId), ["site-a"]);
  assertEquals(hub.peerInfo("site-a"), {
    routerId: "site-a",
    namespaces: ["/site-a/**"],
    outbound: false,
    state: "Active",
  });
  assertEquals(leaf.peerInfo("hub")?.outbound, true);
  assertEquals([leaf.uplinkState, hub.uplinkState], ["Active", undefined]);
  assertEquals(hub.peerInfo("nobody"), undefined);
});

Deno.test("shouldForward() and peersForAddress() go by what connected peers own, the origin left out", async () => {
  using site = setUp();
  const { hub } = site;
  assertEquals(hub.shouldForward("/site-a/lights/1"), false);
  const { leafLink } = await site.link();
  assertEquals(hub.peersForAddress("/site-a/lights/1"), ["site-a"]);
  assertEquals(hub.peersForAddress("/site-a/lights/1", "site-a"), []);
  assertEquals(hub.peersForAddress("/site-a/lights/1", "other"), ["site-a"]);
  assertEquals(hub.peersForAddress("/site-b/lights/1"), []);
  assertEquals(hub.shouldForward("/site-a/lights/1"), true);
  assertEquals(hub.shouldForward("/site-a/lights/1", "site-a"), false);
  const lost = site.event(hub, "disconnected");
  leafLink.close();
  await lost;
  assertEquals([hub.shouldForward("/site-a/lights/1"), hub.activePeers()], [false, []]);
  assertEquals(hub.peerInfo("site-a")?.state, "Disconnected");
});

Deno.test("the event receiver is given once, delivers in order and ends with the manager", async () => {
  using site = setUp();
  const { hub } = site;
  const receiver = hub.takeEventReceiver();
  assert(receiver !== undefined);
  assertEquals(hub.takeEventReceiver(), undefined);
  await site.link();
  hub.close();
  const types: string[] = [];
  const read = async () => {
    for await (const event of receiver) types.push(event.type);
  };
  await withDeadline(read(), DEADLINE_MS, "the end of the events");
  for (const type of ["peerNamespaces", "syncComplete", "connected", "disconnected"]) {
    assert(types.includes(type), type);
  }
  assert(types.indexOf("connected") < types.indexOf("disconnected"));
});

Deno.test("processEvent() takes in events of links that the application runs itself", () => {
  using site = setUp();
  const { hub } = site;
  hub.processEvent({ type: "peerNamespaces", routerId: "x", patterns: ["/x/**"] });
  hub.processEvent({ type: "connected", routerId: "x" });
  hub.processEvent({ type: "connected", routerId: "x" });
  assertEquals([hub.peerCount(), hub.activePeers().length], [1, 1]);
  assertEquals(hub.peersForAddress("/x/1"), ["x"]);
});

Deno.test("a leaf has one link: a second is an AlreadyConnectedError until the first is closed", async () => {
  using site = setUp();
  const { leaf } = site;
  const { leafLink } = await site.link();
  assertThrows(() => leaf.createLink(MemoryTransport.pair()[0]), AlreadyConnectedError, "site-a");
  leafLink.close();
  await withDeadline(leafLink.done, DEADLINE_MS, "the end of the link");
  await site.link();
});

Deno.test("a link that never became Active rejects its end with the reason", async () => {
  using site = setUp();
  const [mine, other] = MemoryTransport.pair();
  const link = site.leaf.createLink(mine);
  mine.deliverTo(link.handler);
  assertEquals([link.state, link.peerId], ["Handshaking", ""]);
  other.close(1008, "not today");
  const error = await assertRejects(
    () => withDeadline(link.done, DEADLINE_MS, "the end of the link"),
    HandshakeFailedError,
  );
  assertEquals(error.message, "not today");
  assertEquals(link.state, "Disconnected");
});

Deno.test("each link of a hub knows its own peer and its own end", async () => {
  const hub = new FederationManager({ routerId: "hub" });
  const leaves = ["site-a", "site-b"].map((routerId) =>
    new FederationManager({ routerId, mode: { type: "leaf", hubEndpoint: HUB_URL } })
  );
  const active = ["site-a", "site-b"].map((routerId) =>
    event(
      hub,
      "connected",
      (candidate) => "routerId" in candidate && candidate.routerId === routerId,
    )
  );
  const links = leaves.map((leaf) => {
    const [atHub, atLeaf] = MemoryTransport.pair();
    const hubLink = hub.createLink(atHub);
    atHub.deliverTo(hubLink.handler);
    atLeaf.deliverTo(leaf.createLink(atLeaf).handler);
    return hubLink;
  });
  await Promise.all(active);
  const [a, b] = links;
  assertEquals([a?.peerId, b?.peerId], ["site-a", "site-b"]);
  leaves[1]?.close();
  await withDeadline(b?.done ?? Promise.reject(), DEADLINE_MS, "the end of the second link");
  assertEquals([a?.isActive, b?.state], [true, "Disconnected"]);
  leaves[0]?.close();
  hub.close();
});

Deno.test("mesh is refused with an error that says what to do instead", () => {
  const mode = { type: "mesh", peers: ["ws://a"] } as const;
  assertThrows(() => new FederationManager({ mode }), FederationError, "not implemented");
});

Deno.test("settings that cannot be are refused when the manager is made", () => {
  assertThrows(() => new FederationManager({ ownedNamespaces: ["a"] }), AddressError);
  assertThrows(() => new FederationManager({ routerId: "" }), RangeError, "routerId");
  assertThrows(() => new FederationManager({ reconnectDelayMs: -1 }), RangeError);
});

Deno.test("a manager shows its settings and their defaults", () => {
  const manager = new FederationManager({ routerId: "r" });
  assertEquals([manager.routerId, manager.mode, manager.ownedNamespaces], [
    "r",
    { type: "hub" },
    ["/**"],
  ]);
  manager.close();
  manager.close();
});

/** A hub and a leaf, closed at the end. */
function setUp(): Disposable & {
  readonly hub: FederationManager;
  readonly leaf: FederationManager;
  link(): Promise<{ readonly hubLink: FederationLink; readonly leafLink: FederationLink }>;
  event(manager: FederationManager, type: LinkEvent["type"]): Promise<void>;
} {
  const hub = new FederationManager({ routerId: "hub" });
  const leaf = new FederationManager({
    routerId: "site-a",
    mode: { type: "leaf", hubEndpoint: HUB_URL },
    ownedNamespaces: ["/site-a/**"],
  });
  return {
    hub,
    leaf,
    event,
    link: async () => {
      const both = Promise.all([event(hub, "connected"), event(leaf, "connected")]);
      const [atHub, atLeaf] = MemoryTransport.pair();
      const hubLink = hub.createLink(atHub);
      const leafLink = leaf.createLink(atLeaf);
      atHub.deliverTo(hubLink.handler);
      atLeaf.deliverTo(leafLink.handler);
      await both;
      return { hubLink, leafLink };
    },
    [Symbol.dispose]: () => {
      leaf.close();
      hub.close();
    },
  };
}

function event(
  manager: FederationManager,
  type: LinkEvent["type"],
  isIt: (event: LinkEvent) => boolean = () => true,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = manager.onEvent((event) => {
    if (event.type === type && isIt(event)) resolve();
  });
  return withDeadline(promise, DEADLINE_MS, `a "${type}" event`).finally(stop);
}
