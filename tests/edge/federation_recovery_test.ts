import { encodeValue } from "../../src/wire/value_codec.ts";
import { assert, assertEquals, assertGreaterOrEqual } from "../support/assert.ts";
import { RawClient } from "../support/raw_client.ts";
import { readState, type RouterState, untilAlike } from "../support/router_state.ts";
import { ThreeRouters } from "../support/three_routers.ts";
import { type Acknowledged, Traffic } from "../support/traffic.ts";

const DEADLINE_MS = 20_000;
const ADDRESSES = 40;
/** Writes that are to be acknowledged before, during and after an outage. */
const WRITES = 300;

Deno.test("leaves that start before their hub work alone, and join it when it comes", async () => {
  await using routers = new ThreeRouters();
  const sites = ["site-a", "site-b"] as const;
  const acknowledged = new Map<string, Acknowledged>();
  await Promise.all(sites.map(async (site) => {
    await routers.start(site);
    const traffic = await Traffic.start(routers.port(site), `/${site}/early`, ADDRESSES);
    await traffic.acknowledges(WRITES);
    await traffic.stop();
    for (const [address, write] of traffic.acknowledged) acknowledged.set(address, write);
    assertEquals(traffic.refusals, new Map());
  }));
  await using a = await RawClient.connect(routers.port("site-a"));
  // Nobody owns it yet as far as A knows, and its hub is away: A takes care of it.
  assertEquals((await a.set("/site-b/by-a", encodeValue("x"))).type, "ACK");

  await routers.start("hub");
  await routers.untilRouted();
  const state = await untilAlike(routers.ports, DEADLINE_MS, (each) => hasAll(each, acknowledged));
  assertHolds(state, acknowledged);
  assertEquals(state.get("/site-b/by-a")?.writer, "site-a");
});

Deno.test("a hub that is killed under traffic and restarted empty agrees with its leaves", async () => {
  await using routers = await ThreeRouters.start();
  const [portA, portB] = [routers.port("site-a"), routers.port("site-b")];
  const hubs = await writeAtHub(routers.port("hub"));
  await untilAlike(
    routers.ports,
    DEADLINE_MS,
    (state) => [...hubs.keys()].every((a) => state.has(a)),
  );
  await using own = await Traffic.start(portA, "/site-a/own", ADDRESSES);
  await using other = await Traffic.start(portB, "/site-b/own", ADDRESSES);
  await using crossing = await Traffic.start(portA, "/site-b/crossing", ADDRESSES);
  const all = [own, other, crossing];

  await Promise.all(all.map((traffic) => traffic.acknowledges(WRITES)));
  await routers.kill("hub");
  await Promise.all(all.map((traffic) => traffic.acknowledges(WRITES)));
  await routers.start("hub");
  await routers.untilRouted();
  await Promise.all(all.map((traffic) => traffic.acknowledges(WRITES)));
  await Promise.all(all.map((traffic) => traffic.stop()));

  const state = await untilAlike(routers.ports, DEADLINE_MS);
  assertEquals([own.refusals, other.refusals], [new Map(), new Map()], "a site needed its hub");
  assertHolds(state, own.acknowledged);
  assertHolds(state, other.acknowledged);
  // Writes for B that were on their way when the hub died; A took care of those after.
  assertEquals([...crossing.refusals.keys()].filter((code) => code !== 502), []);
  for (const [address, { revision }] of crossing.acknowledged) {
    // A write that was answered with 502 may have come before.
    assertGreaterOrEqual(state.get(address)?.revision ?? 0, revision, address);
  }
  for (const [address, param] of hubs) assertEquals(state.get(address), param, "came back changed");
});

Deno.test("a leaf that is killed and restarted empty gets its state back from the hub", async () => {
  await using routers = await ThreeRouters.start();
  await using own = await Traffic.start(routers.port("site-a"), "/site-a/own", ADDRESSES);
  await own.acknowledges(WRITES);
  await own.stop();
  await untilAlike(routers.ports, DEADLINE_MS, (state) => hasAll(state, own.acknowledged));
  await using other = await Traffic.start(routers.port("site-b"), "/site-b/own", ADDRESSES);

  await routers.kill("site-a");
  await using b = await RawClient.connect(routers.port("site-b"));
  await other.acknowledges(WRITES);
  const cared = await b.set("/site-a/cared-for", encodeValue("x"));
  assert(cared.type === "ACK");
  assertEquals(cared.revision, 1);

  await routers.start("site-a");
  await routers.untilRouted();
  await other.acknowledges(WRITES);
  await other.stop();
  const state = await untilAlike(routers.ports, DEADLINE_MS);
  assertHolds(state, own.acknowledged);
  assertHolds(state, other.acknowledged);

  // The owner goes on where it was, and where the hub was in its place.
  assertEquals(state.get("/site-a/cared-for")?.writer, "hub");
  const next = await b.set("/site-a/cared-for", encodeValue("y"));
  assert(next.type === "ACK");
  assertEquals(next.revision, 2);
  const before = state.get("/site-a/own/0")?.revision ?? 0;
  const answer = await b.set("/site-a/own/0", encodeValue("again"));
  assert(answer.type === "ACK");
  assertEquals(answer.revision, before + 1);
  const after = await untilAlike(
    routers.ports,
    DEADLINE_MS,
    (each) => each.get("/site-a/own/0")?.revision === before + 1,
  );
  assertEquals(after.get("/site-a/own/0")?.writer, "site-a");
});

/** Params that the hub stamps, as its state tells of them. */
async function writeAtHub(port: number): Promise<RouterState> {
  await using client = await RawClient.connect(port);
  for (let i = 0; i < ADDRESSES; i++) await client.set(`/hub/kept/${i}`, encodeValue(i));
  const state = await readState(port);
  return new Map([...state].filter(([address]) => address.startsWith("/hub/kept/")));
}

function hasAll(state: RouterState, acknowledged: ReadonlyMap<string, Acknowledged>): boolean {
  return [...acknowledged].every(([address, { revision }]) =>
    (state.get(address)?.revision ?? 0) >= revision
  );
}

/** The only writer's last acknowledged write of each address is what is there. */
function assertHolds(state: RouterState, acknowledged: ReadonlyMap<string, Acknowledged>): void {
  for (const [address, write] of acknowledged) {
    const { value, revision } = state.get(address) ?? {};
    assertEquals({ value, revision }, write, address);
  }
}
