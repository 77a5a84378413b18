import { type Message, QOS } from "../../../src/wire/message.ts";
import { encodeTtl } from "../../../src/wire/ttl.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { codeOf, hello, set, TestRouter } from "./test_router.ts";

const GET: Message = { type: "GET", address: "/a" };
const SLIDING_8_S = encodeTtl({ kind: "sliding", seconds: 8 });
const ABSOLUTE_8_S = encodeTtl({ kind: "absolute", seconds: 8 });
const FIRE = { qos: QOS.fire } as const;

function snapshotAddresses(messages: readonly Message[]): readonly string[] {
  return messages.flatMap((message) =>
    message.type === "SNAPSHOT" ? message.params.map(({ address }) => address) : []
  );
}

for (const swept of [true, false]) {
  const when = swept ? "and was swept" : "just now";

  Deno.test(`a param that has expired ${when} is not there for clients`, () => {
    const router = new TestRouter();
    const client = router.client();
    client.ask(set("/a", 1, { ttl: ABSOLUTE_8_S }));
    client.ask(set("/b", 1));
    if (swept) router.advance(10_000);
    else router.nowMicros += 8_000_000;
    const answer = client.ask(GET);
    assertEquals(codeOf(answer), 201);
    assertStringIncludes(answer.type === "ERROR" ? answer.message : "", "has expired");
    const late = router.connect();
    late.send(hello());
    assertEquals(snapshotAddresses(late.read()), ["/b"]);
    for (const pattern of ["/**", "/a"]) {
      client.send({ type: "SUBSCRIBE", id: 1, pattern, types: 0xff }, FIRE);
      assertEquals(snapshotAddresses(client.read()), pattern === "/a" ? [] : ["/b"], pattern);
    }
  });

  Deno.test(`a write with an expected revision finds nothing where a param has expired ${when}`, () => {
    const router = new TestRouter();
    const client = router.client();
    client.ask(set("/a", 1, { ttl: ABSOLUTE_8_S }));
    if (swept) router.advance(10_000);
    else router.nowMicros += 8_000_000;
    assertEquals(codeOf(client.ask(set("/a", 2, { revision: 1 }))), 400);
    const answer = client.ask(set("/a", 2, { revision: 0 }));
    assertEquals(answer.type === "ACK" && answer.revision, 2);
    assertEquals(router.core.params.get("/a")?.value, encodeValue(2));
  });
}

Deno.test("subscribers are not told that a param expired", () => {
  const router = new TestRouter();
  const client = router.client();
  client.subscribe("/**");
  client.send(set("/a", 1, { ttl: ABSOLUTE_8_S }), FIRE);
  client.read();
  router.advance(20_000);
  assertEquals(client.read(), []);
});

Deno.test("a param that expires while a snapshot is on its way is left out of the rest", () => {
  const router = new TestRouter();
  const client = router.client();
  client.ask(set("/a", 1, { ttl: ABSOLUTE_8_S }));
  const reader = router.connect();
  router.port.buffered.set(reader.id, Infinity);
  reader.send(hello());
  reader.read();
  router.advance(9_000);
  router.port.buffered.set(reader.id, 0);
  router.advance(10);
  assertEquals(snapshotAddresses(reader.read()), []);
});

Deno.test("a GET renews a sliding TTL, and answers and tells the new revision", () => {
  const router = new TestRouter();
  const [client, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  client.ask(set("/a", "x", { ttl: SLIDING_8_S }));
  reader.read();
  router.advance(1_000);
  const early = client.ask(GET);
  assert(early.type === "SNAPSHOT");
  assertEquals([early.params[0]?.revision, reader.read().length], [1, 0]);
  router.advance(6_000);
  const answer = client.ask(GET);
  assert(answer.type === "SNAPSHOT");
  assertEquals(answer.params[0]?.revision, 2);
  assertEquals(answer.params[0]?.timestampMicros, router.wallMicros);
  const told = reader.readOne();
  assert(told.type === "SET");
  assertEquals([told.revision, told.ttl, told.value], [2, SLIDING_8_S, encodeValue("x")]);
  router.advance(7_000);
  assertEquals(client.ask(GET).type, "SNAPSHOT");
  router.advance(9_000);
  assertEquals(codeOf(client.ask(GET)), 201);
});

Deno.test("a GET renews a param that another client has locked, and no absolute TTL", () => {
  const router = new TestRouter();
  const [holder, other] = [router.client(), router.client()];
  holder.ask(set("/a", 1, { ttl: SLIDING_8_S, lock: true }));
  holder.ask(set("/absolute", 1, { ttl: ABSOLUTE_8_S }));
  router.advance(7_000);
  const answer = other.ask(GET);
  assertEquals(answer.type === "SNAPSHOT" && answer.params[0]?.revision, 2);
  assertEquals(codeOf(other.ask(set("/a", 2))), 401);
  other.ask({ type: "GET", address: "/absolute" });
  router.advance(2_000);
  assertEquals(codeOf(other.ask({ type: "GET", address: "/absolute" })), 201);
});

Deno.test("a snapshot renews nothing", () => {
  const router = new TestRouter();
  const client = router.client();
  client.ask(set("/a", 1, { ttl: SLIDING_8_S }));
  router.advance(6_000);
  router.connect().send(hello());
  client.subscribe("/a");
  router.advance(3_000);
  assertEquals(codeOf(client.ask(GET)), 201);
});

Deno.test("the router's default TTL expires too", () => {
  const router = new TestRouter({ defaultTtl: SLIDING_8_S });
  const client = router.client();
  client.ask(set("/a", 1));
  client.ask(set("/never", 1, { ttl: 0 }));
  router.advance(10_000);
  assertEquals(codeOf(client.ask(GET)), 201);
  assertEquals(client.ask({ type: "GET", address: "/never" }).type, "SNAPSHOT");
});

Deno.test("a bundle counts what has expired as new addresses", () => {
  const router = new TestRouter({ paramsMax: 2 });
  const client = router.client();
  for (const address of ["/a", "/b"]) client.ask(set(address, 1, { ttl: ABSOLUTE_8_S }));
  router.advance(10_000);
  client.ask(set("/c", 1));
  const sets = (addresses: readonly string[]) =>
    addresses.map((address) => set(address, 2, { revision: 0 }));
  const both = client.ask({ type: "BUNDLE", messages: sets(["/a", "/b"]) });
  assertEquals(codeOf(both), 503);
  const one = client.ask({ type: "BUNDLE", messages: [...sets(["/a"]), set("/a", 3)] });
  assertEquals(one.type === "ACK" && one.revision, 3);
});
