import { encodeTtl } from "../../src/wire/ttl.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { assert, assertEquals, assertLess } from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { RawClient } from "../support/raw_client.ts";

const DEADLINE_MS = 2_500;
const GET = { type: "GET", address: "/a" } as const;

Deno.test("a param with a TTL of 1 s is gone within 2.5 s, and its router counts it no more", async () => {
  await using router = new LocalRouter();
  await using client = await RawClient.connect(router.port);
  const startedAtMs = performance.now();
  await client.set("/a", encodeValue(1), { ttl: encodeTtl({ kind: "absolute", seconds: 1 }) });
  client.frames.length = 0;
  client.send(GET);
  await client.until(() => client.all("SNAPSHOT").length > 0, "the param");
  await poll(async () => {
    client.frames.length = 0;
    client.send(GET);
    await client.until(() => client.frames.length > 0, "an answer");
    const [{ message } = {}] = client.frames;
    assert(message !== undefined);
    return message.type === "ERROR" && message.code === 201;
  });
  await poll(() => Promise.resolve(router.router.paramCount === 0));
  assertLess(performance.now() - startedAtMs, DEADLINE_MS);
  assertEquals([...router.router.params()], []);
});

/** Looks again and again, each time after the event loop has turned. */
async function poll(isMet: () => Promise<boolean>): Promise<void> {
  const startedAtMs = performance.now();
  while (!await isMet()) {
    assertLess(performance.now() - startedAtMs, DEADLINE_MS);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
