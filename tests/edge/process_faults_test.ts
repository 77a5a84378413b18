import { HEARTBEAT_MS, HEARTBEATS_UNANSWERED_MAX } from "../../src/limits.ts";
import { assertEquals, assertGreater } from "../support/assert.ts";
import { GarbageGuest } from "../support/garbage_guest.ts";
import { pollUntil } from "../support/poll_until.ts";
import { createPrng } from "../support/prng.ts";
import { HUB, SiteRouters } from "../support/site_routers.ts";
import { assertSound, describeTraffic, SiteTraffic } from "../support/site_traffic.ts";

const SITES = ["site-a", "site-b", "site-c"];
const DEADLINE_MS = 30_000;
/** Long enough for every other end to give the link up. */
const FREEZE_MS = HEARTBEAT_MS * (HEARTBEATS_UNANSWERED_MAX + 2);
const GARBAGE_VISITS = 70;

Deno.test("killed routers come back empty under traffic, and all agree", async () => {
  await using routers = await SiteRouters.start(SITES, createPrng(21));
  await using traffic = await SiteTraffic.start(routers);

  await routers.kill(HUB);
  // Each site goes on by itself.
  for (const site of SITES) await traffic.flows({ from: [site], to: [site] });
  await routers.start(HUB);
  await traffic.flows();

  await routers.kill("site-a");
  const others = ["site-b", "site-c"];
  await traffic.flows({ from: others, to: [HUB, ...others] });
  await routers.start("site-a");
  await traffic.flows();

  await Promise.all([routers.kill(HUB), routers.kill("site-b")]);
  await traffic.flows({ from: ["site-c"], to: ["site-c"] });
  await Promise.all([routers.start(HUB), routers.start("site-b")]);
  await traffic.flows();

  const report = await traffic.finish();
  console.log(describeTraffic(report));
  assertSound(report);
  assertEquals(traffic.client("site-b").sessions, 2);
});

for (const frozen of [HUB, "site-a"]) {
  const name = frozen === HUB ? "hub" : "leaf";
  Deno.test(`a ${name} that is frozen for ${FREEZE_MS} ms comes back, and nobody else stops`, async () => {
    await using routers = await SiteRouters.start(SITES, createPrng(22));
    await using traffic = await SiteTraffic.start(routers);
    const others = SITES.filter((site) => site !== frozen);
    const process = routers.process(frozen);

    process.kill("SIGSTOP");
    const startMs = performance.now();
    const isOver = () => performance.now() - startMs >= FREEZE_MS;
    while (!isOver()) {
      if (frozen === HUB) {
        for (const site of others) await traffic.flows({ from: [site], to: [site] });
      } else await traffic.flows({ from: others, to: [HUB, ...others] });
    }
    process.kill("SIGCONT");
    await traffic.flows();

    const report = await traffic.finish();
    console.log(describeTraffic(report));
    assertSound(report);
    assertGreater(routers.proxy("site-a").accepted, 1, "the link was never given up");
  });
}

Deno.test("what is no router and no client sends a hub disturbs nobody", async () => {
  await using routers = await SiteRouters.start(SITES, createPrng(23));
  await using traffic = await SiteTraffic.start(routers);
  const before = SITES.map((site) => routers.proxy(site).accepted);
  await using guest = new GarbageGuest(routers.port(HUB), createPrng(24));
  const hasVisited = () => guest.counts.connections >= GARBAGE_VISITS;
  await pollUntil(hasVisited, `${GARBAGE_VISITS} connections`, DEADLINE_MS);
  await traffic.flows();

  const report = await traffic.finish();
  console.log(describeTraffic(report));
  assertSound(report);
  assertEquals(report.events.missing, []);
  assertEquals(SITES.map((site) => routers.proxy(site).accepted), before, "a link was lost");
});
