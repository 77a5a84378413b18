import { encodeFrame } from "../../../src/wire/frame.ts";
import {
  ALL_SIGNALS,
  type Message,
  PHASE,
  type PhaseName,
  QOS,
  SIGNAL,
} from "../../../src/wire/message.ts";
import { decodeValue, encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";
import { type TestConnection, TestRouter } from "./test_router.ts";

Deno.test("a router conflates the moves of a gesture and keeps its start, end and order", () => {
  const { router, pad, panel } = stage();
  pad.subscribe("/**");
  send(pad, "start", 0);
  for (let x = 1; x <= 20; x++) {
    send(pad, "move", x);
    router.advance(4);
  }
  send(pad, "end", 21);
  router.advance(100);
  assertEquals(told(panel), [
    "start 0",
    "move 1",
    "move 4",
    "move 8",
    "move 12",
    "move 16",
    "move 20",
    "end 21",
  ]);
  // Nothing comes back to its sender, late or not.
  assertEquals(pad.read(), []);
});

Deno.test("a move with QoS Confirm is acknowledged at once, conflated or not", () => {
  const { pad } = stage();
  for (let x = 0; x < 3; x++) {
    assertEquals(pad.ask(gesture("move", x), { qos: QOS.confirm }).type, "ACK");
  }
});

Deno.test("the last move of a client that goes reaches the others", () => {
  const { router, pad, panel } = stage();
  send(pad, "move", 1);
  send(pad, "move", 2);
  pad.leave();
  router.advance(16);
  assertEquals(told(panel), ["move 1", "move 2"]);
});

Deno.test("a router that stops sends the moves that wait first", () => {
  const { router, pad, panel } = stage();
  send(pad, "move", 1);
  send(pad, "move", 2);
  router.core.stop("done", router.nowMicros);
  assertEquals(told(panel), ["move 1", "move 2"]);
});

Deno.test("moves in a bundle are conflated like others", () => {
  const { router, pad, panel } = stage();
  pad.ask({ type: "BUNDLE", messages: [1, 2, 3].map((x) => gesture("move", x)) });
  assertEquals(told(panel), ["move 1"]);
  router.advance(16);
  assertEquals(told(panel), ["move 3"]);
});

Deno.test("moves that come by a link go on as they come: they were conflated where they began", () => {
  const { router, panel } = stage();
  for (const x of [1, 2, 3]) {
    router.core.deliver({
      address: "/pad",
      signal: SIGNAL.gesture,
      phase: PHASE.move,
      frame: encodeFrame(gesture("move", x)),
      identity: { origin: "other", bootId: 1, sequence: x },
      deadlineMicros: router.nowMicros + 1_000_000,
      publishedMicros: router.nowMicros,
      audience: "all",
      from: { paramChanged() {}, published() {} },
    });
  }
  assertEquals(told(panel), ["move 1", "move 2", "move 3"]);
});

function stage(): { router: TestRouter; pad: TestConnection; panel: TestConnection } {
  const router = new TestRouter();
  const [pad, panel] = [router.client(), router.client()];
  panel.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: ALL_SIGNALS }, { qos: QOS.fire });
  return { router, pad, panel };
}

function gesture(phase: PhaseName, x: number): Message {
  return {
    type: "PUBLISH",
    address: "/pad",
    signal: SIGNAL.gesture,
    phase: PHASE[phase],
    id: 1,
    value: encodeValue(x),
  };
}

function send(client: TestConnection, phase: PhaseName, x: number): void {
  client.send(gesture(phase, x), { qos: QOS.fire });
}

const PHASES = ["start", "move", "end", "cancel"];

function told(client: TestConnection): string[] {
  return client.read().flatMap((message) =>
    message.type === "PUBLISH" && message.value !== undefined
      ? [`${PHASES[message.phase]} ${decodeValue(message.value)}`]
      : []
  );
}
