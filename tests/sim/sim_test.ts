import { assertEquals, assertGreater } from "../support/assert.ts";
import type { TransportPair } from "../edge/transport_suite.ts";
import { TransportEnd, transportSuite } from "../edge/transport_suite.ts";
import { FAULT_KINDS } from "./faults.ts";
import { runSeed } from "./run_seed.ts";
import { SimNetwork } from "./sim_network.ts";
import { VirtualClock } from "./virtual_clock.ts";

const SEEDS = 30;

transportSuite("simulated transport", makeSimPair);

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test(`seed ${seed} keeps every invariant`, () => {
    assertEquals(runSeed(seed).violations, []);
  });
}

Deno.test("the same seed gives the same trace, another seed another one", () => {
  const first = runSeed(7, { keepTrace: true }).trace;
  assertGreater(first.split("\n").length, 500);
  assertEquals(runSeed(7, { keepTrace: true }).trace === first, true);
  assertEquals(runSeed(8, { keepTrace: true }).trace === first, false);
});

Deno.test("each kind of fault occurs in a tenth of the seeds", () => {
  const seeds = Array.from({ length: SEEDS }, (_, index) => runSeed(index + 1));
  for (const kind of FAULT_KINDS) {
    assertGreater(seeds.filter(({ faults }) => faults.has(kind)).length, SEEDS / 10, kind);
  }
});

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
