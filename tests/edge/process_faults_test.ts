import { HEARTBEAT_MS, HEARTBEATS_UNANSWERED_MAX } from "../../src/limits.ts";
import { ERROR_CODE } from "../../src/router/error_code.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import {
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
} from "../support/assert.ts";
import { canStarve, CpuStarvation } from "../support/cpu_starvation.ts";
import { Freeze } from "../support/freeze.ts";
import type { GarbageCounts } from "../support/garbage_guest.ts";
import { LineProcess } from "../support/line_process.ts";
import { createPrng } from "../support/prng.ts";
import { RawClient } from "../support/raw_client.ts";
import { untilAlike } from "../support/router_state.ts";
import { HUB, SiteRouters } from "../support/site_routers.ts";
import {
  assertSound,
  assertSoundButLost,
  describeTraffic,
  SiteTraffic,
} from "../support/site_traffic.ts";

const SITES = ["site-a", "site-b", "site-c"];
const DEADLINE_MS = 30_000;
/** Long enough for every other end to give the link up. */
const FREEZE_MS = HEARTBEAT_MS * (HEARTBEATS_UNANSWERED_MAX + 2);
const GARBAGE_VISITS = 70;
/** How often every site has to hear something new of every other one. */
const STARVED_ROUNDS = 3;

Deno.test("killed routers come back empty under traffic, and all agree", async () => {
  await using routers = await SiteRouters.start(SITES, createPrng(21));
  await using traffic = await SiteTraffic.start(routers);

  await routers.kill(HUB);
  traffic.writeOnce();
  // Each site goes on by itself.
  for (const site of SITES) await traffic.flows({ from: [site], to: [site] });
  await routers.start(HUB);
  await traffic.flows();

  await routers.kill("site-a");
  const others = ["site-b", "site-c"];
  traffic.writeOnce();
  await traffic.flows({ from: others, to: [HUB, ...others] });
  await routers.start("site-a");
  await traffic.flows();

  await Promise.all([routers.kill(HUB), routers.kill("site-b")]);
  traffic.writeOnce();
  await traffic.flows({ from: ["site-c"], to: ["site-c"] });
  await Promise.all([routers.start(HUB), routers.start("site-b")]);
  await traffic.flows();
  // What only the two knew that were killed together is lost with them.
  await traffic.rewrites("site-b");

  const report = await traffic.finish({ wasKilled: true });
  console.log(describeTraffic(report));
  assertSoundButLost(report);
  assertEquals(traffic.client("site-b").sessions, 2);
});

for (const frozen of [HUB, "site-a"]) {
  const name = frozen === HUB ? "hub" : "leaf";
  Deno.test(`a ${name} that is frozen for ${FREEZE_MS} ms comes back, and nobody else stops`, async () => {
    await using routers = await SiteRouters.start(SITES, createPrng(22));
    await using traffic = await SiteTraffic.start(routers);
    const others = SITES.filter((site) => site !== frozen);
    {
      using _freeze = new Freeze(routers.process(frozen));
      const startMs = performance.now();
      while (performance.now() - startMs < FREEZE_MS) {
        traffic.writeOnce();
        if (frozen !== HUB) await traffic.flows({ from: others, to: [HUB, ...others] });
        else for (const site of others) await traffic.flows({ from: [site], to: [site] });
      }
    }
    await traffic.flows();

    const report = await traffic.finish();
    console.log(describeTraffic(report));
    assertSound(report, { frozen });
    assertGreater(routers.proxy("site-a").accepted, 1, "the link was never given up");
  });
}

Deno.test("a write that waited in a frozen router does not override a later one", async () => {
  await using routers = await SiteRouters.start(SITES, createPrng(25));
  await using b = await RawClient.connect(routers.port("site-b"));
  const address = "/site-a/fader";
  assertEquals((await b.set(address, encodeValue("before"))).type, "ACK");

  {
    using _freeze = new Freeze(routers.process("site-a"));
    // Its life is over before the link is known to be lost: outcome unknown.
    const first = await b.set(address, encodeValue("first"));
    assertEquals(first.type === "ERROR" && first.code, ERROR_CODE.outcomeUnknown);
    // From then on the hub takes care of what is A's.
    while ((await b.set("/site-a/other", encodeValue("x"))).type !== "ACK");
    assertEquals((await b.set(address, encodeValue("second"))).type, "ACK");
  }

  await routers.untilRouted();
  const state = await untilAlike(routers.ports, DEADLINE_MS);
  assertEquals(state.get(address)?.value, encodeValue("second").toHex());
});

Deno.test({
  name: "a hub that hardly gets the processor loses and invents nothing",
  ignore: !await canStarve(),
  async fn() {
    await using routers = await SiteRouters.start(SITES, createPrng(26));
    await using traffic = await SiteTraffic.start(routers);
    {
      await using _starvation = await CpuStarvation.start(routers.process(HUB).child.pid);
      for (let i = 0; i < STARVED_ROUNDS; i++) await traffic.flows();
    }
    const report = await traffic.finish();
    console.log(describeTraffic(report));
    assertSound(report);
  },
});

Deno.test("what is no router and no client sends a hub disturbs nobody", async () => {
  await using routers = await SiteRouters.start(SITES, createPrng(23));
  await using traffic = await SiteTraffic.start(routers);
  const before = SITES.map((site) => routers.proxy(site).accepted);
  const visits = await countVisits(routers.port(HUB), () => traffic.flows());
  assertGreaterOrEqual(visits, GARBAGE_VISITS);

  const report = await traffic.finish();
  console.log(describeTraffic(report));
  assertSound(report);
  assertEquals(report.events.missing, []);
  assertEquals(SITES.map((site) => routers.proxy(site).accepted), before, "a link was lost");
});

/** Has the hub visited by garbage while something else goes on; returns how often it was. */
async function countVisits(port: number, meanwhile: () => Promise<void>): Promise<number> {
  await using guest = LineProcess.start("garbage_guest.ts", String(port), "24");
  const startMs = performance.now();
  for (;;) {
    await meanwhile();
    const { connections } = await guest.ask() as GarbageCounts;
    if (connections >= GARBAGE_VISITS) return connections;
    assertLess(performance.now() - startMs, DEADLINE_MS, `only ${connections} connections`);
  }
}
