import { SUBSCRIPTIONS_PER_SESSION_MAX } from "../../src/limits.ts";
import { FEATURE, QOS } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { RawClient } from "../support/raw_client.ts";

const VALUE = encodeValue(true);

Deno.test("a connection above maxSessions gets ERROR 503 and a close, others stay", async () => {
  await using router = new LocalRouter({ maxSessions: 2 });
  await using first = await RawClient.connect(router.port);
  const second = await RawClient.connect(router.port);
  const third = await RawClient.open(router.port);
  const { code, reason } = await third.ended;
  assertEquals([code, third.frames.length], [1013, 1]);
  const [error] = third.all("ERROR");
  assertEquals(error?.code, 503);
  assertStringIncludes(error?.message ?? "", "has 2 sessions");
  assertStringIncludes(reason, "has 2 sessions");
  await first.settle();
  await second.settle();
  assertEquals(router.router.connectionCount, 2);

  // There is room again when one of them goes.
  await second.close();
  await first.settle();
  await using fourth = await RawClient.connect(router.port);
  await fourth.settle();
  assertEquals(router.router.clientCount, 2);
});

Deno.test("one subscription too many gets 429, one with a known id replaces", async () => {
  await using router = new LocalRouter();
  await using client = await RawClient.connect(router.port);
  const subscribe = (id: number, pattern = `/a/${id}`) =>
    ({ type: "SUBSCRIBE", id, pattern, types: 0 }) as const;
  for (let id = 1; id <= SUBSCRIPTIONS_PER_SESSION_MAX; id++) {
    client.send(subscribe(id), { qos: QOS.fire });
  }
  const refused = await client.ask(subscribe(5_000, "/a/too/many"));
  assert(refused.type === "ERROR");
  assertEquals([refused.code, refused.address], [429, "/a/too/many"]);
  assertEquals((await client.ask(subscribe(1, "/b"))).type, "ACK");
  client.frames.length = 0;
  for (const address of ["/a/1", "/a/too/many", "/b"]) {
    client.send({ type: "SET", address, value: VALUE }, { qos: QOS.fire });
  }
  await client.settle();
  assertEquals(client.all("SET").map(({ address }) => address), ["/b"]);
  client.send({ type: "UNSUBSCRIBE", id: 2 }, { qos: QOS.fire });
  assertEquals((await client.ask(subscribe(5_000))).type, "ACK");
});

Deno.test("a new param above maxParams gets 503, known ones go on", async () => {
  await using router = new LocalRouter({ maxParams: 2 });
  await using client = await RawClient.connect(router.port);
  await client.set("/a/1", VALUE);
  await client.set("/a/2", VALUE);
  const refused = await client.set("/a/3", VALUE);
  assertEquals(refused.type === "ERROR" && refused.code, 503);
  assertEquals((await client.set("/a/2", VALUE)).type, "ACK");
  const { paramCount } = router.router;
  assertEquals(paramCount, 2);
});

Deno.test("a router without federation answers FEDERATION_SYNC with 403", async () => {
  await using router = new LocalRouter();
  await using client = await RawClient.open(router.port);
  client.send({
    type: "HELLO",
    version: 1,
    features: FEATURE.param | FEATURE.federation,
    name: "public router",
  });
  await client.until(() => client.all("WELCOME").length === 1, "WELCOME");
  assertEquals((client.all("WELCOME")[0]?.features ?? 0) & FEATURE.federation, 0);
  const answer = await client.ask({
    type: "FEDERATION_SYNC",
    op: "DeclareNamespaces",
    patterns: ["/site-a/**"],
    revisions: [],
    origin: "site-a",
  });
  assertEquals(answer.type === "ERROR" && answer.code, 403);
});
