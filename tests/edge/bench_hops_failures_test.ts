import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { descendantsOf } from "../bench/hops/descendants.ts";
import type { LoadPlan } from "../bench/hops/load_plan.ts";
import { lineOf, startLoadClient } from "../bench/hops/measure_load.ts";
import { RELAY_KIND } from "../bench/hops/relay_kind.ts";
import { processStat } from "../bench/hops/process_stat.ts";
import { RouterChain } from "../bench/hops/router_chain.ts";
import { freePorts } from "../support/free_ports.ts";
import { pollUntil } from "../support/poll_until.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const HOPS = new URL("../bench/hops/hops.ts", import.meta.url).pathname;
const DEADLINE_MS = 30_000;
/** A hub, two leaves and a load client. */
const PROCESSES = 4;
const BROKEN = `#!/bin/sh
[ "$1" = --help ] && exit 0
echo "broken | on purpose" >&2
exit 3
`;
/** As `load_plan.ts` has them; "paced" without its length. */
const PLAN = {
  protocol: "relay",
  readers: 1,
  addresses: 100,
  window: 100,
  warmUpSeconds: 2,
  messages: 100,
  updatesPerSecond: 200,
  isConfirmed: false,
} as const;

Deno.test("a load client warms up for its time and a second at its pace, and measures what comes then", async () => {
  await using chain = await RouterChain.start(RELAY_KIND);
  const { a, b } = chain.ports;
  const startMs = performance.now();
  await using client = startLoadClient({ ...PLAN, writerPort: a, readerPort: b });
  await chain.whileRunning(lineOf(client, "ready"));
  const readyMs = performance.now() - startMs;
  assert(readyMs >= (PLAN.warmUpSeconds + 1) * 1_000, `warm after ${readyMs} ms`);
  await client.say("go");
  const { result } = await chain.whileRunning(lineOf(client, "result"));
  const { durationMs, p99Ms, deliveries, lost, duplicates, wrong } = result;
  assertEquals({ deliveries, lost, duplicates, wrong }, {
    deliveries: PLAN.messages,
    lost: 0,
    duplicates: 0,
    wrong: 0,
  });
  // The last update is due when the pace says so; a little less for the rounding of timers.
  const dueMs = PLAN.messages / PLAN.updatesPerSecond * 1_000;
  assert(durationMs >= dueMs - 10, `${PLAN.messages} updates in ${durationMs} ms`);
  assert(p99Ms > 0 && p99Ms <= durationMs, `an update of ${durationMs} ms took ${p99Ms} ms`);
});

Deno.test("a load client that cannot go on says why", async () => {
  const [port = 0] = freePorts(1);
  const plan: LoadPlan = { ...PLAN, writerPort: port, readerPort: port };
  await using client = startLoadClient(plan);
  const error = await assertRejects(() => lineOf(client, "ready"), Error);
  assertMatch(error.message, /^The load client: .*refused/);
});

Deno.test("the end of a router ends what waits for it, and is the reason", async () => {
  await using chain = await RouterChain.start(RELAY_KIND);
  const [hub, a = 0, b = 0] = chain.processIds;
  assert(hub !== undefined);
  Deno.kill(a, "SIGKILL");
  await assertRejects(
    () => chain.whileRunning(new Promise(() => {})),
    Error,
    "leaf A has ended, SIGKILL; ",
  );
  Deno.kill(b, "SIGKILL");
  await assertRejects(
    () => chain.whileRunning(Promise.reject(new Error("The connection has ended"))),
    Error,
    "leaf A has ended",
  );
});

Deno.test("bench:hops goes on without a subject that does not start, and ends with 1", async () => {
  await using directory = await TempDirectory.make();
  await Deno.writeTextFile(directory.file("nats-server"), BROKEN, { mode: 0o755 });
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", HOPS, "--only=light,paced", "--subjects=nats", "--rounds=2", "--json"],
    env: { PATH: `${directory.path}:${Deno.env.get("PATH")}` },
  }).output();
  assertEquals(code, 1);
  const failed = 'the hub has ended, exit code 3; last "broken | on purpose"';
  const { scenarios } = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(
    scenarios.map(({ rounds }: { readonly rounds: unknown }) => rounds),
    Array.from({ length: 2 }, () => ({ nats: [{ failed }, { failed }] })),
  );
  assertStringIncludes(
    new TextDecoder().decode(stderr),
    `light, round 2 of 2: nats failed: Error: ${failed}`,
  );
});

for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`bench:hops ends all that it has started at ${signal}`, async () => {
    await using directory = await TempDirectory.make();
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", HOPS, "--only=fire", "--subjects=relay", "--rounds=1"],
      env: { TMPDIR: directory.path },
      stdout: "null",
      stderr: "null",
    }).spawn();
    const started = (): readonly number[] => descendantsOf(child.pid);
    try {
      await pollUntil(() => started().length === PROCESSES, "routers and a client", DEADLINE_MS);
    } finally {
      const all = started();
      child.kill(signal);
      assertEquals((await child.status).code, exitCode);
      await pollUntil(() => !all.some(runs), "the end of all", DEADLINE_MS);
    }
    assertEquals(await directory.names(), []);
  });
}

/** One that has ended may wait for init to take note of it. */
function runs(id: number): boolean {
  try {
    return processStat(id)[0] !== "Z";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
