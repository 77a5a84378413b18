import { ALL_SIGNALS, FEATURE, QOS } from "../../src/wire/message.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { decodeValue, encodeValue } from "../../src/wire/value_codec.ts";
import {
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertStringIncludes,
} from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { LocalRouter } from "../support/local_router.ts";
import { type ServerProcess, startServer } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { RawWebSocket } from "../support/raw_websocket.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const DEADLINE_MS = 20_000;
const REASON = "The router is stopping";
const VALUE_BYTES = 60_000;
/** Together more than the kernel's buffers take on this machine's loopback. */
const WRITES = 300;
const VALUE = encodeValue(new Uint8Array(VALUE_BYTES));

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** A client that subscribes to everything and then reads nothing. */
async function subscribeAndStopReading(port: number): Promise<RawWebSocket> {
  const client = await RawWebSocket.connect(port);
  const features = FEATURE.param | FEATURE.event;
  const messages = [
    { type: "HELLO", version: 1, features, name: "slow" },
    { type: "SUBSCRIBE", id: 1, pattern: "/**", types: ALL_SIGNALS },
  ] as const;
  for (const message of messages) await client.send(0x2, encodeFrame(message));
  return client;
}

/** Sets many large values, and waits for their ACKs. */
async function flood(port: number): Promise<RawClient> {
  const writer = await RawClient.connect(port);
  for (let i = 0; i < WRITES; i++) {
    writer.send({ type: "SET", address: `/flood/${i}`, value: VALUE });
  }
  await writer.until(() => writer.all("ACK").length === WRITES, "all ACKs", DEADLINE_MS);
  return writer;
}

function isStopping(server: ServerProcess): Promise<unknown> {
  return server.log(({ event }) => event === "stopping", "its stopping");
}

Deno.test("at SIGTERM a slow reader gets all that was queued and the reason, others go at once", async () => {
  await using server = await startServer(["--drain-timeout", "60"]);
  using slow = await subscribeAndStopReading(server.port);
  const writer = await flood(server.port);
  server.kill("SIGTERM");
  const { code, reason } = await withDeadline(writer.ended, DEADLINE_MS, "the close");
  assertEquals([code, reason], [1001, REASON]);
  // It still waits for the slow one, and takes nobody in.
  using refused = await RawWebSocket.connect(server.port);
  assertEquals(refused.status, 503);
  assertStringIncludes(refused.head, REASON);
  const { bytes, tail } = await slow.readMuch((tail) => latin1(tail).includes(REASON));
  assertGreaterOrEqual(bytes, WRITES * VALUE_BYTES);
  const text = latin1(tail);
  const reasonAt = text.lastIndexOf(REASON);
  // Before the reason: opcode of a close, length, code 1001.
  assertEquals([tail[reasonAt - 4], tail[reasonAt - 2], tail[reasonAt - 1]], [0x88, 0x03, 0xe9]);
  // It agrees to the close.
  await slow.send(0x8, Uint8Array.of(0x03, 0xe9));
  assertEquals((await server.ended()).code, 0);
});

Deno.test("--drain-timeout ends the wait for a reader that does not read", async () => {
  await using server = await startServer(["--drain-timeout", "1"]);
  using _slow = await subscribeAndStopReading(server.port);
  await using _writer = await flood(server.port);
  const startMs = performance.now();
  assertEquals((await server.stop()).code, 0);
  assertLess(performance.now() - startMs, 8_000);
});

Deno.test("Router.stop() waits for a slow reader as long as it is told to", async () => {
  const { router, port } = new LocalRouter();
  using _slow = await subscribeAndStopReading(port);
  const writer = await flood(port);
  const startMs = performance.now();
  const stopped = router.stop("serviced", { drainTimeoutMs: 1_500 });
  assertEquals(router.stop("again"), stopped);
  await writer.ended;
  const late = await RawWebSocket.connect(port);
  assertEquals(late.status, 503);
  late[Symbol.dispose]();
  await withDeadline(stopped, DEADLINE_MS, "stop()");
  assertGreaterOrEqual(performance.now() - startMs, 1_400);
});

Deno.test("SIGTERM saves the params at once, and what came later at the end", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  const permissions = [
    "--allow-net",
    `--allow-read=${directory.path}`,
    `--allow-write=${directory.path}`,
  ];
  const args = ["--persist", path, "--persist-interval", "3600", "--drain-timeout", "60"];
  await using server = await startServer(args, { permissions });
  using _slow = await subscribeAndStopReading(server.port);
  await using writer = await flood(server.port);
  server.kill("SIGTERM");
  await isStopping(server);
  await server.log(
    ({ event, records }) => event === "persisted" && Number(records) >= WRITES,
    "a saving while it waits",
  );
  await writer.ended;
  // Killed by somebody who does not wait.
  server.kill("SIGKILL");
  await server.ended();
  await using next = await startServer(args, { permissions });
  await using client = await RawClient.connect(next.port);
  const last = `/flood/${WRITES - 1}`;
  client.send({ type: "GET", address: last });
  await client.until(
    () => client.all("SNAPSHOT").some(({ params }) => params[0]?.address === last),
    "a value of before",
  );
});

Deno.test("SIGTERM while params are saved ends with 0, and the next start has all of them", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  const permissions = ["--allow-net", "--allow-read", "--allow-write"];
  const args = ["--persist", path, "--persist-interval", "1"];
  {
    await using server = await startServer(args, { permissions });
    const writer = await RawClient.connect(server.port);
    for (let i = 0; i < 20_000; i++) {
      const value = encodeValue(i);
      writer.send({ type: "SET", address: `/many/${i}`, value }, { qos: QOS.fire });
    }
    await writer.set("/many/7", encodeValue("again"));
    assertEquals((await server.stop()).code, 0);
  }
  await using server = await startServer(args, { permissions });
  const read = await server.log(({ event }) => event === "state-file-read", "its params");
  assertEquals(read["records"], 20_000);
  await using client = await RawClient.connect(server.port);
  const answer = await client.set("/many/7", encodeValue("third"), { revision: 2 });
  assertEquals(answer.type, "ACK");
  await client.settle();
  client.send({ type: "GET", address: "/many/8" });
  const isThere = () =>
    client.all("SNAPSHOT").flatMap(({ params }) => params).find(({ address }) =>
      address === "/many/8"
    );
  await client.until(() => isThere() !== undefined, "a value");
  assertEquals(decodeValue(isThere()?.value ?? new Uint8Array()), 8);
});
