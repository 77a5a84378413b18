import { MESSAGE_BYTES_MAX } from "../../../src/limits.ts";
import type { Connection } from "../../../src/router/connection.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { assertEquals } from "../../support/assert.ts";
import { codeOf, hello, set, TestRouter } from "./test_router.ts";

Deno.test("a message over 1 MiB is refused and ends the session", () => {
  const client = new TestRouter().client();
  // What is behind the first frame is ignored, so that only the size can be wrong.
  const bytes = new Uint8Array(MESSAGE_BYTES_MAX + 1);
  bytes.set(encodeFrame({ type: "PING" }));
  client.sendBytes(bytes.subarray(0, MESSAGE_BYTES_MAX));
  assertEquals(client.readOne(), { type: "PONG" });
  client.sendBytes(bytes);
  assertEquals(codeOf(client.readOne()), 100);
  assertEquals(client.closed?.code, 1009);
});

Deno.test("a text message is refused and the session goes on", () => {
  const router = new TestRouter();
  const client = router.client();
  router.core.receivedText(client.id, router.nowMicros);
  assertEquals(codeOf(client.readOne()), 100);
  assertEquals(client.ask({ type: "PING" }), { type: "PONG" });
});

Deno.test("a connection beyond the limit is told so and closed; one that ends makes room", () => {
  const router = new TestRouter({ sessionsMax: 2 });
  const [first] = [router.client(), router.client()];
  const third = router.connect();
  assertEquals(codeOf(third.readOne()), 503);
  assertEquals(third.closed?.code, 1013);
  assertEquals(router.core.connections, 2);
  first?.leave();
  assertEquals(router.client().closed, undefined);
});

Deno.test("events of connections that are gone are ignored", () => {
  const router = new TestRouter();
  const client = router.client();
  client.leave();
  client.send(set("/a", 1));
  router.core.receivedText(client.id, router.nowMicros);
  client.leave();
  router.core.opened(999, "nobody:1", router.nowMicros);
  router.core.dialFailed(999, "nothing", router.nowMicros);
  assertEquals(router.core.params.size, 0);
  assertEquals(router.port.actions, []);
});

Deno.test("a dialler is told once what became of its dial", () => {
  const router = new TestRouter();
  const told: string[] = [];
  const dial = () => {
    router.core.dial("ws://hub", {
      opened: (connection: Connection) => told.push(`open ${connection.remoteAddress}`),
      failed: (reason) => told.push(`failed ${reason}`),
    });
    const action = router.port.take().at(-1);
    return action?.connection ?? 0;
  };
  const works = dial();
  router.core.opened(works, "hub:1", router.nowMicros);
  router.core.opened(works, "hub:1", router.nowMicros);
  const fails = dial();
  router.core.dialFailed(fails, "refused", router.nowMicros);
  router.core.dialFailed(fails, "refused", router.nowMicros);
  assertEquals(told, ["open hub:1", "failed refused"]);
});

Deno.test("stop() closes clients and dials with 1001 and accepts nobody after", () => {
  const router = new TestRouter();
  const client = router.client();
  let told = 0;
  router.core.dial("ws://hub", { opened: () => told++, failed: () => told++ });
  router.port.take();
  router.core.stop("bye", router.nowMicros);
  const closed = router.port.take().map((action) => [
    action.kind,
    action.connection,
    action.kind === "close" && [action.code, action.reason],
  ]);
  assertEquals(closed, [["close", 1_001, [1001, "bye"]], ["close", client.id, [1001, "bye"]]]);
  const late = router.connect();
  assertEquals(late.closed?.code, 1001);
  late.send(hello());
  assertEquals([late.read(), told, router.core.connections], [[], 0, 0]);
});

Deno.test("timeMicros() is the wall clock of the start, run on by the monotonic clock", () => {
  const router = new TestRouter();
  router.advance(2_500);
  assertEquals(router.core.nowMicros === router.nowMicros, false, "no event since");
  router.core.wake(router.nowMicros);
  assertEquals(router.core.timeMicros(), router.wallMicros);
});

Deno.test("flush() runs what was asked for once, and what that asks for in its turn", () => {
  const { core } = new TestRouter();
  const ran: string[] = [];
  const second = () => {
    ran.push("second");
  };
  const first = () => {
    ran.push("first");
    core.flushAtEndOfTurn(second);
  };
  assertEquals(core.wantsFlush, false);
  core.flushAtEndOfTurn(first);
  core.flushAtEndOfTurn(first);
  assertEquals(core.wantsFlush, true);
  core.flush(core.nowMicros);
  assertEquals([ran, core.wantsFlush], [["first", "second"], false]);
});
