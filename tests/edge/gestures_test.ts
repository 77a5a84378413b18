import {
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
} from "../support/assert.ts";
import { PublicClient, SilencedConsole } from "../support/public_client.ts";
import { ThreeRouters } from "../support/three_routers.ts";

interface Seen {
  readonly x: number;
  readonly phase: string;
}

Deno.test("a gesture's moves are conflated for every site, its phases and their order kept", async () => {
  using _silenced = new SilencedConsole();
  await using routers = await ThreeRouters.start();
  await using pad = await PublicClient.connect(routers.port("site-a"), "/site-a");
  await using near = await PublicClient.connect(routers.port("site-a"), "/site-a");
  await using far = await PublicClient.connect(routers.port("site-b"), "/site-b");
  const subscribed = await Promise.all([near, far, pad].map((client) => client.on("/site-a/pad")));
  const startedMs = performance.now();
  let x = 0;
  pad.clasp.gesture("/site-a/pad", 1, "start", { x });
  while (performance.now() - startedMs < 300) {
    for (let n = 0; n < 5; n++) pad.clasp.gesture("/site-a/pad", 1, "move", { x: ++x });
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const sent = x;
  pad.clasp.gesture("/site-a/pad", 1, "end", { x: ++x });
  const tookMs = performance.now() - startedMs;
  for (const [index, client] of [near, far].entries()) {
    const { deliveries } = subscribed[index] ?? { deliveries: [] };
    const seen = () => deliveries.map(({ value }) => value as Seen);
    await client.until(() => seen().at(-1)?.phase === "end", "the end");
    const phases = seen().map(({ phase }) => phase);
    const moves = seen().slice(1, -1);
    assertEquals([phases[0], phases.at(-1)], ["start", "end"]);
    assertEquals(new Set(moves.map(({ phase }) => phase)), new Set(["move"]));
    const places = seen().map((one) => one.x);
    assertEquals(places, places.toSorted((a, b) => a - b));
    // The last move comes before the end, whenever that is.
    assertEquals(moves.at(-1)?.x, sent);
    assertLessOrEqual(moves.length, tookMs / 16 + 2);
    assertGreaterOrEqual(moves.length, 3);
    assertLess(moves.length, sent / 2);
  }
  await pad.settle();
  assertEquals(subscribed[2]?.deliveries, []);
});
