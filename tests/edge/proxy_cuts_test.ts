import { assertEquals, assertGreater } from "../support/assert.ts";
import { createPrng } from "../support/prng.ts";
import { runProxyCuts } from "../support/proxy_cuts.ts";
import { PROXY_FAULTS } from "../support/proxy_faults.ts";
import { assertSound, describeTraffic } from "../support/site_traffic.ts";

Deno.test("links that are stalled, trickled, truncated and reset under traffic lose nothing", async () => {
  // Every kind once. For more: deno run -A tests/bench/proxy_cuts.ts --cuts=50
  const report = await runProxyCuts({ cuts: PROXY_FAULTS.length, prng: createPrng(11) });
  console.log(describeTraffic(report));
  assertSound(report);
  assertEquals([...report.faults.values()], PROXY_FAULTS.map(() => 1));
  assertGreater(report.redials, 3, "hardly a link was cut");
  assertGreater(report.events.received, 0);
});
