import { Client, ClientError } from "../../mod.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { assertEquals, assertLess, assertRejects } from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { pollUntil } from "../support/poll_until.ts";
import { RawClient } from "../support/raw_client.ts";
import { ThreeRouters } from "../support/three_routers.ts";

const DEADLINE_MS = 10_000;

// The public client for JavaScript has no way to ask for it.
Deno.test("a client that asks for history gets the last values, oldest first, then what changes", async () => {
  await using router = new LocalRouter();
  await using desk = await RawClient.connect(router.port);
  await using panel = await RawClient.connect(router.port);
  const revisions = () =>
    panel.frames.flatMap(({ message }) =>
      message.type === "SNAPSHOT"
        ? message.params.map(({ revision }) => revision)
        : message.type === "SET"
        ? [message.revision]
        : []
    );
  for (const value of [0.1, 0.2, 0.3, 0.4]) await desk.set("/fader", encodeValue(value));
  const options = { history: 3 };
  await panel.ask({ type: "SUBSCRIBE", id: 1, pattern: "/fader", types: 0, options });
  assertEquals(revisions(), [2, 3, 4]);
  await desk.set("/fader", encodeValue(0.5));
  await panel.until(() => revisions().length > 3, "the change");
  assertEquals(revisions(), [2, 3, 4, 5]);
});

Deno.test("Client.subscribe() with history delivers it before it resolves, each value once", async () => {
  await using router = new LocalRouter();
  const client = await connect(router.port);
  for (const value of [1, 2, 3]) await client.set("/a", value);
  const plain: unknown[] = [];
  await client.subscribe("/**", ({ value }) => plain.push(value));
  const values: unknown[] = [];
  await client.subscribe("/a", ({ value }) => values.push(value), { history: 2 });
  assertEquals(values, [2, 3]);
  // The second subscription brings the current value again, as any does.
  assertEquals(plain, [3, 3]);
  await client.set("/a", 4);
  assertEquals([values, plain], [[2, 3, 4], [3, 3, 4]]);
  await client.close();
});

Deno.test("Client.subscribe() asks for limits and types, and is told what is not granted", async () => {
  await using router = new LocalRouter();
  const client = await connect(router.port);
  const ignore = () => {};
  for (const options of [{ history: 1_001 }, { window: 1_001 }]) {
    const error = await assertRejects(() => client.subscribe("/a", ignore, options), ClientError);
    assertEquals(error.code, 402);
  }
  await assertRejects(() => client.subscribe("/a", ignore, { maxRate: -1 }), RangeError);
  const coarse: unknown[] = [];
  await client.subscribe("/a", ({ value }) => coarse.push(value), { epsilon: 1, types: ["param"] });
  for (const value of [1, 1.5, 2]) await client.set("/a", value);
  await client.publish("/a", "go");
  assertEquals(coarse, [1, 2]);
  const slow: number[] = [];
  await client.subscribe("/b", ({ value }) => slow.push(Number(value)), { maxRate: 1 });
  for (const value of [1, 2, 3, 4]) await client.set("/b", value);
  await pollUntil(() => slow.at(-1) === 4, "the last value", DEADLINE_MS);
  assertLess(slow.length, 4);
  const gathered: unknown[] = [];
  await client.subscribe("/s", ({ value }) => gathered.push(value), { window: 200 });
  const sensor = await connect(router.port);
  for (const value of [1, 2, 3]) await sensor.publish("/s", value, { signal: "stream" });
  await pollUntil(() => gathered.length > 0, "the samples", DEADLINE_MS);
  assertEquals(gathered, [[1, 2, 3]]);
  await Promise.all([client.close(), sensor.close()]);
});

Deno.test("a router has a history of what it mirrors from another site", async () => {
  await using routers = await ThreeRouters.start();
  await using desk = await RawClient.connect(routers.port("site-a"));
  await using panel = await RawClient.connect(routers.port("site-b"));
  const subscribe = { type: "SUBSCRIBE", id: 1, pattern: "/site-a/fader", types: 0 } as const;
  await panel.ask(subscribe);
  for (let n = 1; n <= 5; n++) {
    await desk.set("/site-a/fader", encodeValue(n));
    await panel.until(() => panel.all("SET").at(-1)?.revision === n, `value ${n}`);
  }
  panel.frames.length = 0;
  await panel.ask({ ...subscribe, options: { history: 3 } });
  const params = panel.all("SNAPSHOT").flatMap((snapshot) => snapshot.params);
  assertEquals(
    params.map(({ value, revision, writer }) => ({ value, revision, writer })),
    [3, 4, 5].map((n) => ({ value: encodeValue(n), revision: n, writer: "site-a" })),
  );
});

function connect(port: number): Promise<Client> {
  return Client.connect(`ws://127.0.0.1:${port}`);
}
