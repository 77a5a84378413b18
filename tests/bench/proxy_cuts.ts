/**
 * Three sites and a hub, each in a process of its own, under traffic, with a proxy between each site
 * and the hub that stalls, trickles, truncates and resets:
 * `deno run -A tests/bench/proxy_cuts.ts --cuts=50 [--seed=1]`.
 *
 * Prints what became of it; fails when a router differs, or an event came twice or late.
 *
 * @module
 */
import { createPrng } from "../support/prng.ts";
import { runProxyCuts } from "../support/proxy_cuts.ts";
import { assertSound, describeTraffic } from "../support/site_traffic.ts";

const LISTED_MAX = 20;

const { cuts = 50, seed = 1 } = Object.fromEntries(
  Deno.args.map((arg) => {
    const [, name = "", number] = /^--(cuts|seed)=(\d{1,9})$/.exec(arg) ?? [];
    if (number === undefined) throw new TypeError(`Unknown "${arg}": --cuts=50 --seed=1`);
    return [name, Number(number)];
  }),
);
const report = await runProxyCuts({
  cuts,
  prng: createPrng(seed),
  onFault: (fault, site) => console.log(`  ${site}: ${fault}`),
});
console.log(`${cuts} cuts, seed ${seed}, ${(report.durationMs / 1_000).toFixed(1)} s`);
console.log([...report.faults].map(([fault, count]) => `${fault}: ${count}`).join(", "));
console.log(`${report.redials} redials`);
console.log(describeTraffic(report));
for (const line of report.events.missing.slice(0, LISTED_MAX)) console.log(`  missing: ${line}`);
if (report.events.missing.length > LISTED_MAX) console.log("  and so on");
assertSound(report);
