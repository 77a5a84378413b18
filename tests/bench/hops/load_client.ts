/**
 * The load of one run, in a process of its own, so that what it costs is not counted and no run
 * inherits anything: `deno run --allow-net load_client.ts PLAN`, where PLAN is JSON.
 *
 * It connects and warms up, says so, waits for a line, then writes what is measured.
 *
 * @module
 */
import type { LoadPlan } from "./load_plan.ts";
import { LoadRun } from "./load_run.ts";
import { runLoadClient } from "./run_load_client.ts";

const ALIVE_MS = 2_000;

await runLoadClient(async ({ say, go }) => {
  const plan: LoadPlan = JSON.parse(Deno.args[0] ?? "");
  const run = new LoadRun(plan);
  let deliveries = -1;
  const timer = setInterval(() => {
    // One that hangs is not to look alive.
    if (run.deliveries === deliveries) return;
    deliveries = run.deliveries;
    say({ kind: "alive" });
  }, ALIVE_MS);
  await run.start();
  say({ kind: "ready" });
  await go;
  say({ kind: "result", result: await run.measure() });
  clearInterval(timer);
});
