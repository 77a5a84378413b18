import { PHASE, QOS, SIGNAL } from "../../src/wire/message.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { PublicClient, SilencedConsole } from "../support/public_client.ts";
import { RawClient } from "../support/raw_client.ts";
import { ThreeRouters } from "../support/three_routers.ts";
import { V0Client, type V0Received } from "../support/v0_client.ts";
import { messagePack } from "../unit/wire/message_pack.ts";

Deno.test("a client of v0 and the public client work on the same addresses, both ways", async () => {
  using _ = new SilencedConsole();
  await using router = new LocalRouter();
  await using v0 = await V0Client.connect(router.port);
  await using v1 = await PublicClient.connect(router.port, "/a");
  assertEquals(v0.socket.protocol, "clasp.v2");
  assertEquals(v0.all("WELCOME")[0]?.["version"], 2);
  const { deliveries } = await v1.on("/show/**");
  await v0.subscribe("/show/**");

  assertEquals((await v0.ask({ type: "SET", address: "/show/v0", value: 0.5 }))["revision"], 1);
  await v1.until(() => deliveries.length > 0, "the param of v0");
  v1.clasp.set("/show/v1", { name: "grün", list: [1, null] });
  await v0.until(() => v0.of("/show/v1").length > 0, "the param of v1");
  assertEquals(v0.of("/show/v1")[0]?.message["value"], { name: "grün", list: [1, null] });

  v0.send({ type: "PUBLISH", address: "/show/cue", signal: "event", payload: { go: true } });
  await v1.until(() => deliveries.length > 2, "the event of v0");
  v1.clasp.emit("/show/cue", "back");
  await v0.until(() => v0.of("/show/cue").length > 0, "the event of v1");
  assertEquals(v0.of("/show/cue").map(({ message }) => message["payload"]), ["back"]);
  v1.clasp.stream("/show/level", 0.25);
  await v0.until(() => v0.of("/show/level").length > 0, "the stream of v1");
  const [level] = v0.of("/show/level");
  assertEquals([level?.message["signal"], level?.message["value"]], ["stream", 0.25]);

  v0.send({
    type: "BUNDLE",
    timestamp: null,
    messages: [
      { type: "SET", address: "/show/b1", value: 1n },
      { type: "PUBLISH", address: "/show/b2", signal: "event", payload: null },
    ],
  });
  await v1.until(() => deliveries.length > 4, "the bundle of v0");
  assertEquals(deliveries.map(({ address, value }) => [address, value]), [
    ["/show/v0", 0.5],
    ["/show/v1", { name: "grün", list: [1, null] }],
    ["/show/cue", { go: true }],
    ["/show/b1", 1],
    ["/show/b2", null],
  ]);
});

Deno.test("1 and 1.0 stay apart between v0 and v1, and integers stay exact", async () => {
  await using router = new LocalRouter();
  await using v0 = await V0Client.connect(router.port);
  await using v1 = await RawClient.connect(router.port);
  await v0.subscribe("/a/**");
  await v1.ask({ type: "SUBSCRIBE", id: 1, pattern: "/a/**", types: 0 });
  const values = [1n, 1, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), -0];
  for (const [index, value] of values.entries()) {
    assertEquals((await v0.ask({ type: "SET", address: `/a/v0/${index}`, value }))["type"], "ACK");
    assertEquals((await v1.set(`/a/v1/${index}`, encodeValue(value))).type, "ACK");
  }
  await v1.settle();
  await v0.settle();
  for (const [index, value] of values.entries()) {
    const told = v1.all("SET").find(({ address }) => address === `/a/v0/${index}`);
    assertEquals(told?.value, encodeValue(value));
    const item = messagePack({ value }).toHex().slice(2);
    for (const from of ["v0", "v1"]) {
      assertStringIncludes(hexOf(v0.of(`/a/${from}/${index}`)), item, `${value} of ${from}`);
    }
  }
  const refused = await v0.ask({
    type: "SET",
    address: "/a/v0/0",
    value: Uint8Array.of(0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0),
  });
  assertEquals([refused["type"], refused["code"]], ["ERROR", 101]);
});

Deno.test("a client of v0 gets a large state, whole and in frames", async () => {
  await using router = new LocalRouter();
  await using writer = await RawClient.connect(router.port);
  const params = 5_000;
  for (let i = 0; i < params; i++) {
    writer.send({ type: "SET", address: `/a/${i}`, value: encodeValue(i) }, { qos: QOS.fire });
  }
  const large = encodeValue(new Uint8Array(65_000).fill(7));
  assertEquals((await writer.set("/b", large)).type, "ACK");
  await using v0 = await V0Client.connect(router.port);
  const told = () => v0.all("SNAPSHOT").flatMap((message) => listOf(message["params"]));
  await v0.until(() => told().length >= params + 1, "all params");
  assertEquals(new Set(told().map((param) => param["address"])).size, params + 1);
  const bytes = told().find((param) => param["address"] === "/b")?.["value"];
  assert(bytes instanceof Uint8Array);
  assertEquals(bytes.length, 65_000);
});

Deno.test("a client of v0 is told in v0 what is not there, not right and not allowed", async () => {
  await using router = new LocalRouter();
  await using v0 = await V0Client.connect(router.port);
  const refused = [
    [{ type: "GET", address: "/none" }, 201, "/none"],
    [{ type: "SET", address: "none", value: 1n }, 200, "none"],
    [{ type: "SET", address: "/a", value: 1n, revision: 7n }, 400, "/a"],
    [{ type: "SET", address: "/clasp/federation/x", value: 1n }, 403, "/clasp/federation/x"],
    [{ type: "SUBSCRIBE", id: 1n, pattern: "/a/**b" }, 202, "/a/**b"],
    [{ type: "SET", address: "/a" }, 101, undefined],
  ] as const;
  for (const [fields, code, address] of refused) {
    const answer = await v0.ask(fields);
    assertEquals([answer["type"], answer["code"], answer["address"]], ["ERROR", code, address]);
  }
  await v0.ask({ type: "SET", address: "/a", value: 1n, lock: true });
  await using other = await V0Client.connect(router.port);
  assertEquals((await other.ask({ type: "SET", address: "/a", value: 2n }))["code"], 401);
  const ttl = { Absolute: 1n };
  await v0.ask({ type: "SET", address: "/short", value: 1n, ttl });
  v0.frames.length = 0;
  v0.send({ type: "GET", address: "/short" });
  await v0.settle();
  assertEquals(v0.all("SNAPSHOT").length, 1);
});

Deno.test("hostile bytes of a client of v0 are refused, and cost nobody else anything", async () => {
  await using router = new LocalRouter();
  await using other = await RawClient.connect(router.port);
  await using v0 = await V0Client.connect(router.port);
  const payloads = [
    [0xdf, 0xff, 0xff, 0xff, 0xff],
    [0x81, 0xa4, 0x74, 0x79, 0x70, 0x65, 0xdb, 0xff, 0xff, 0xff, 0xff],
    [0x81, 0xa1, 0x78, ...Array.from({ length: 60_000 }, () => 0x91)],
    [0x81, 0xa1, 0x78, 0xc1],
    [0x8f],
  ];
  for (const payload of payloads) {
    v0.frames.length = 0;
    v0.sendBytes(
      Uint8Array.from([0x53, 0, payload.length >> 8, payload.length & 0xff, ...payload]),
    );
    await v0.settle();
    assertEquals(v0.all("ERROR").map((error) => error["code"]), [101]);
  }
  await using nobody = await V0Client.open(router.port);
  nobody.send({ type: "SET", address: "/a", value: 1n });
  assertEquals((await nobody.ended).code, 1008);
  assertEquals(nobody.all("ERROR").map((error) => error["code"]), [101]);
  assertEquals((await other.set("/a", encodeValue(1))).type, "ACK");
});

Deno.test("clients of v0 at two sites share a federation with one of v1", async () => {
  await using routers = await ThreeRouters.start();
  await using a = await V0Client.connect(routers.port("site-a"));
  await using b = await V0Client.connect(routers.port("site-b"));
  await using v1 = await RawClient.connect(routers.port("site-b"));
  await b.subscribe("/*/show/**");
  await v1.ask({ type: "SUBSCRIBE", id: 1, pattern: "/*/show/**", types: 0 });
  v1.frames.length = 0;
  for (const owner of ["site-a", "site-b", "hub"]) {
    for (const [name, value] of [["int", 1n], ["float", 1], ["text", "é"]] as const) {
      const answer = await a.ask({ type: "SET", address: `/${owner}/show/${name}`, value });
      assertEquals(answer["type"], "ACK");
    }
    a.send({
      type: "PUBLISH",
      address: `/${owner}/show/touch`,
      signal: "gesture",
      phase: "end",
      id: 3n,
      payload: { x: 1n },
    });
  }
  await v1.until(() => v1.all("SET").length + v1.all("PUBLISH").length >= 12, "all at v1");
  await b.until(() => b.frames.length >= 12, "all at v0");
  for (const owner of ["site-a", "site-b", "hub"]) {
    const valueAt = (name: string) =>
      v1.all("SET").find(({ address }) => address === `/${owner}/show/${name}`)?.value;
    assertEquals(valueAt("int"), encodeValue(1n));
    assertEquals(valueAt("float"), encodeValue(1));
    assertStringIncludes(hexOf(b.of(`/${owner}/show/int`)), itemHex(1n));
    assertStringIncludes(hexOf(b.of(`/${owner}/show/float`)), itemHex(1));
    const [touch] = b.of(`/${owner}/show/touch`);
    assertEquals([touch?.message["phase"], touch?.message["id"], touch?.message["value"]], [
      "end",
      3,
      { x: 1 },
    ]);
    const [event] = v1.all("PUBLISH").filter(({ address }) => address.startsWith(`/${owner}/`));
    assertEquals([event?.signal, event?.phase, event?.id], [SIGNAL.gesture, PHASE.end, 3]);
  }
});

Deno.test("frames of v1 in a session of v0 are understood, and the other way round", async () => {
  await using router = new LocalRouter();
  await using v0 = await V0Client.connect(router.port);
  await using v1 = await RawClient.connect(router.port);
  v0.sendBytes(encodeFrame({ type: "SET", address: "/a", value: encodeValue(1n) }));
  await v0.until(() => v0.all("ACK").length > 0, "the ACK, in v0");
  const payload = messagePack({ type: "GET", address: "/a" });
  // What the public Python client sends of what its binary codec lacks: MessagePack flagged as v1.
  v1.sendBytes(Uint8Array.from([0x53, 1, 0, payload.length, ...payload]));
  await v1.settle();
  assertEquals(v1.all("SNAPSHOT").at(-1)?.params[0]?.value, encodeValue(1n));
});

function hexOf(frames: readonly V0Received[]): string {
  return frames.map(({ bytes }) => bytes.toHex()).join(" ");
}

function itemHex(value: bigint | number): string {
  return messagePack({ value }).toHex().slice(2);
}

function listOf(params: unknown): Readonly<Record<string, unknown>>[] {
  assert(Array.isArray(params));
  return params;
}
