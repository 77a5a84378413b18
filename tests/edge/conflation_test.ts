import { assertEquals, assertGreater, assertLess } from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { createPrng } from "../support/prng.ts";
import { PublicClient, SilencedConsole } from "../support/public_client.ts";
import { runSlowConsumer } from "../support/slow_consumer_run.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

/** More in seconds than the system's own buffers hold. */
const LOAD = { addresses: 1_000, updatesPerSecond: 4_000, valueBytes: 4_000, readers: 1 };
const SECONDS = 4;

for (const slow of ["client", "stopped link"] as const) {
  Deno.test(`a ${slow} that does not read keeps its connection, and has the newest values then`, async () => {
    const { written, slow: seen } = await runSlowConsumer({ ...LOAD, slow, seconds: SECONDS });
    const { current, steppedBack, updates = Infinity, connections } = seen ?? {};
    assertEquals({ current, steppedBack, connections }, {
      ...{ current: LOAD.addresses, steppedBack: 0, connections: 1 },
    });
    assertLess(updates, written, "nothing was conflated");
  });
}

Deno.test("the public client shows the newest values when it reads again", async () => {
  using _silenced = new SilencedConsole();
  await using local = new LocalRouter();
  await using proxy = await TcpProxy.start(local.port, createPrng(1));
  await using reader = await PublicClient.connect(proxy.port, "/reader");
  const { deliveries } = await reader.on("/load/**");
  await using writer = await PublicClient.connect(local.port, "/writer");
  const padding = "x".repeat(20_000);
  const newest = new Map<string, string>();
  proxy.setPace("down", "stalled");
  for (let round = 1; round <= 100; round++) {
    for (let n = 0; n < 20; n++) {
      newest.set(`/load/${n}`, `${round} ${padding}`);
      writer.clasp.set(`/load/${n}`, `${round} ${padding}`);
    }
    await writer.settle();
  }
  proxy.setPace("down", "flowing");
  const shown = () => new Map(deliveries.map(({ address, value }) => [address, value]));
  await reader.until(
    () => [...newest].every(([address, value]) => shown().get(address) === value),
    "the newest values",
  );
  assertGreater(deliveries.length, newest.size - 1);
  assertLess(deliveries.length, 100 * newest.size, "nothing was conflated");
});
