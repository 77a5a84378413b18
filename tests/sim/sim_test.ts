import { assertEquals, assertGreater } from "../support/assert.ts";
import type { TransportPair } from "../edge/transport_suite.ts";
import { TransportEnd, transportSuite } from "../edge/transport_suite.ts";
import { runSeed, type SeedResult } from "./run_seed.ts";
import { runSeeds } from "./run_seeds.ts";
import { SeedTally } from "./seed_tally.ts";
import { SimNetwork } from "./sim_network.ts";
import { TOPOLOGY_KINDS } from "./topology.ts";
import { VirtualClock } from "./virtual_clock.ts";

const SEEDS = 30;
const TRACED_SEEDS = 20;
const TRACED_SEED = 7;
const MAIN = new URL("./main.ts", import.meta.url).pathname;

transportSuite("simulated transport", makeSimPair);

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test(`seed ${seed} keeps every invariant`, () => {
    assertEquals(resultOf(seed).violations, []);
  });
}

Deno.test("the same seed gives the same trace, another seed another one", () => {
  let before = "";
  for (let seed = 1; seed <= TRACED_SEEDS; seed++) {
    const first = runSeed(seed, { keepTrace: true }).trace;
    assertGreater(first.split("\n").length, 500);
    assertEquals(runSeed(seed, { keepTrace: true }).trace === first, true, `seed ${seed}`);
    assertEquals(first === before, false);
    before = first;
  }
});

Deno.test("a seed gives the same trace in every topology, and in every process", async () => {
  const trace = await traceInProcess(TRACED_SEED);
  assertGreater(trace.length, 10_000);
  assertEquals(await traceInProcess(TRACED_SEED) === trace, true);
  assertEquals(`${runSeed(TRACED_SEED, { keepTrace: true }).trace}\n` === trace, true);
  for (const kind of TOPOLOGY_KINDS) {
    const first = runSeed(TRACED_SEED, { keepTrace: true, kinds: [kind] });
    const second = runSeed(TRACED_SEED, { keepTrace: true, kinds: [kind] });
    assertEquals(first.topology, kind);
    assertEquals(second.trace === first.trace, true, kind);
  }
});

Deno.test("seeds in threads give the same results, in order", async () => {
  const seeds: SeedResult[] = [];
  await runSeeds({
    first: 1,
    count: 6,
    kinds: TOPOLOGY_KINDS,
    jobs: 2,
    onResult: (result) => seeds.push(result) > 0,
  });
  assertEquals(seeds, [1, 2, 3, 4, 5, 6].map(resultOf));
});

Deno.test("each kind of fault occurs in a tenth of the seeds", () => {
  const tally = new SeedTally();
  for (let seed = 1; seed <= SEEDS; seed++) tally.add(resultOf(seed));
  assertEquals(tally.rareFaults(), []);
});

const results = new Map<number, SeedResult>();

function resultOf(seed: number): SeedResult {
  const result = results.get(seed) ?? runSeed(seed);
  results.set(seed, result);
  return result;
}

async function traceInProcess(seed: number): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, `--seed=${seed}`, "--trace"],
    env: { NO_COLOR: "1" },
  }).output();
  return new TextDecoder().decode(stdout);
}

function makeSimPair(): Promise<TransportPair> {
  const clock = new VirtualClock();
  const network = new SimNetwork(clock);
  const a = new TransportEnd();
  const b = new TransportEnd();
  network.listen("b", b.accept);
  network.dial("a", "ws://b:7330", { onOpen: a.accept, onFailed: () => {} });
  clock.runUntilIdle();
  const pump = () => clock.runUntilIdle();
  return Promise.resolve({
    a,
    b,
    pump,
    [Symbol.asyncDispose]: () => {
      a.transport.close(1000, "");
      pump();
      return Promise.resolve();
    },
  });
}
