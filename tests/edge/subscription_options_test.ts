import { type PublishMessage, SIGNAL } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
} from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { pollUntil } from "../support/poll_until.ts";
import { PublicClient, SilencedConsole } from "../support/public_client.ts";
import { RawClient } from "../support/raw_client.ts";
import { ThreeRouters } from "../support/three_routers.ts";

const TURN_MS = 5;
const DEADLINE_MS = 10_000;

Deno.test("the public client gets at most maxRate updates a second, and the last value", async () => {
  using _silenced = new SilencedConsole();
  await using router = new LocalRouter();
  await using desk = await PublicClient.connect(router.port, "/desk");
  await using panel = await PublicClient.connect(router.port, "/panel");
  for (const kind of ["set", "stream"] as const) {
    const received: unknown[] = [];
    panel.clasp.on(`/fader/${kind}`, (value) => received.push(value), { maxRate: 20 });
    await panel.settle();
    const startedMs = performance.now();
    let last = 0;
    while (performance.now() - startedMs < 600) {
      desk.clasp[kind](`/fader/${kind}`, ++last);
      await turn();
    }
    await pollUntil(() => received.at(-1) === last, "the last value", DEADLINE_MS);
    const tookMs = performance.now() - startedMs;
    assertLessOrEqual(received.length, tookMs / 50 + 1);
    assertGreaterOrEqual(received.length, 5);
    assertLess(received.length, last);
  }
});

Deno.test("the public client gets no change below epsilon, and what is no number always", async () => {
  using _silenced = new SilencedConsole();
  await using router = new LocalRouter();
  await using desk = await PublicClient.connect(router.port, "/desk");
  await using panel = await PublicClient.connect(router.port, "/panel");
  desk.clasp.set("/fader/1", 0.5);
  await desk.settle();
  const values: unknown[] = [];
  panel.clasp.on("/fader/*", (value) => values.push(value), { epsilon: 0.1 });
  await panel.settle();
  values.length = 0;
  for (const value of [0.55, 0.45, 0.65, 0.7, 0.9, "off", "off", 0.9]) {
    desk.clasp.set("/fader/1", value);
  }
  await desk.settle();
  await panel.settle();
  assertEquals(values, [0.65, 0.9, "off", "off", 0.9]);
});

Deno.test("events are not limited, and a second subscription without limits lifts them", async () => {
  using _silenced = new SilencedConsole();
  await using router = new LocalRouter();
  await using desk = await PublicClient.connect(router.port, "/desk");
  await using panel = await PublicClient.connect(router.port, "/panel");
  const values: unknown[] = [];
  panel.clasp.on("/**", (value, address) => {
    if (address !== "/panel" && !address.includes("/probe/")) values.push(value);
  }, { maxRate: 1, epsilon: 1_000 });
  await panel.settle();
  for (const cue of [1, 2, 3]) desk.clasp.emit("/cue", cue);
  await desk.settle();
  await panel.settle();
  assertEquals(values, [1, 2, 3]);
  const unlimited = await panel.on("/fader");
  for (const value of [1, 2, 3]) desk.clasp.set("/fader", value);
  await desk.settle();
  await panel.settle();
  assertEquals(unlimited.deliveries.map(({ value }) => value), [1, 2, 3]);
});

Deno.test("window gathers a stream's samples in one message", async () => {
  await using router = new LocalRouter();
  await using sensor = await RawClient.connect(router.port);
  await using panel = await RawClient.connect(router.port);
  await panel.ask({ type: "SUBSCRIBE", id: 1, pattern: "/s", types: 0, options: { window: 200 } });
  for (const value of [1, 2, 3]) sensor.send(stream(value));
  await panel.until(() => panel.all("PUBLISH").length > 0, "the samples");
  assertEquals(panel.all("PUBLISH").map(({ samples }) => samples), [[1, 2, 3]]);
});

Deno.test("options that cannot be honoured get 402, and the session goes on", async () => {
  await using router = new LocalRouter();
  await using client = await RawClient.connect(router.port);
  const subscribe = { type: "SUBSCRIBE", id: 1, pattern: "/a", types: 0 } as const;
  for (const options of [{ history: 1_001 }, { window: 60_000 }, { epsilon: -1 }]) {
    const answer = await client.ask({ ...subscribe, options });
    assert(answer.type === "ERROR");
    assertEquals([answer.code, answer.address], [402, "/a"]);
  }
  assertEquals((await client.ask({ ...subscribe, options: { history: 1 } })).type, "ACK");
  client.frames.length = 0;
  await client.set("/a", encodeValue(1));
  assertEquals(client.all("SET").length, 1);
});

Deno.test("limits hold at the router of the client, for what comes from other sites", async () => {
  await using routers = await ThreeRouters.start();
  await using desk = await RawClient.connect(routers.port("site-a"));
  await using limited = await RawClient.connect(routers.port("site-b"));
  await using free = await RawClient.connect(routers.port("site-b"));
  const subscribe = { type: "SUBSCRIBE", id: 1, pattern: "/site-a/fader", types: 0 } as const;
  await limited.ask({ ...subscribe, options: { maxRate: 2 } });
  await free.ask(subscribe);
  const count = 20;
  for (let n = 1; n <= count; n++) await desk.set("/site-a/fader", encodeValue(n));
  const isLast = (client: RawClient) => client.all("SET").at(-1)?.revision === count;
  await free.until(() => isLast(free), "the last value");
  await limited.until(() => isLast(limited), "the last value");
  assertEquals(limited.all("SET").at(-1)?.value, encodeValue(count));
  assertLess(limited.all("SET").length, count / 2);
});

function stream(value: number): PublishMessage {
  return {
    type: "PUBLISH",
    address: "/s",
    signal: SIGNAL.stream,
    phase: 0,
    value: encodeValue(value),
  };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, TURN_MS));
}
