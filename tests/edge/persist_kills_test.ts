import { killWhilePersisting } from "../support/persist_kills.ts";
import { assertEquals, assertGreater } from "../support/assert.ts";

Deno.test("a router that is killed while it saves leaves the old file or the new one, whole", async () => {
  const report = await killWhilePersisting({ kills: 20, seed: 1 });
  assertEquals(report.faults, []);
  assertGreater(report.saved, 20);
  assertGreater(report.midway, 0, "no kill was midway in a saving");
});
