import {
  GESTURE_MOVE_INTERVAL_MS,
  GESTURES_BYTES_MAX,
  GESTURES_MAX,
  GESTURES_PER_SESSION_MAX,
} from "../../../src/limits.ts";
import { Agenda } from "../../../src/router/agenda.ts";
import { type ClientPublish, GestureMoves } from "../../../src/router/gesture_moves.ts";
import type { Subscriber } from "../../../src/router/subscriber.ts";
import { PHASE, type PhaseName, SIGNAL, type SignalCode } from "../../../src/wire/message.ts";
import { assertEquals, assertGreater, assertLessOrEqual } from "../../support/assert.ts";

const [A, B]: readonly [Subscriber, Subscriber] = [subscriber(), subscriber()];

/** Moves on an agenda of their own; tells what went out as "phase id n at ms". */
class Stage {
  readonly agenda = new Agenda();
  readonly sent: ClientPublish[] = [];
  readonly told: string[] = [];
  nowMs = 0;
  readonly moves = new GestureMoves({
    after: (delayMs, action) => this.agenda.at((this.nowMs + delayMs) * 1_000, action),
    cancel: (appointment) => this.agenda.cancel(appointment),
    publish: (publication) => {
      this.sent.push(publication);
      const { message: { phase, id }, frame } = publication;
      this.told.push(`${PHASES[phase]} ${id} ${frame[0]} at ${this.nowMs}`);
    },
  });
  #count = 0;

  publish(phase: PhaseName, options: {
    readonly from?: Subscriber;
    readonly address?: string;
    readonly id?: number;
    readonly signal?: SignalCode;
    readonly frameBytes?: number;
  } = {}): Uint8Array {
    const { from = A, address = "/g", id = 1, signal = SIGNAL.gesture, frameBytes = 1 } = options;
    const frame = new Uint8Array(frameBytes);
    frame[0] = ++this.#count;
    const message = { type: "PUBLISH", address, signal, phase: PHASE[phase], id } as const;
    this.moves.publish({ message, frame, from, publishedMicros: this.nowMs * 1_000 });
    return frame;
  }

  runTo(nowMs: number): void {
    for (;;) {
      const next = this.agenda.nextMicros;
      if (next === undefined || next > nowMs * 1_000) break;
      this.nowMs = next / 1_000;
      this.agenda.run(next);
    }
    this.nowMs = nowMs;
  }
}

const PHASES = ["start", "move", "end", "cancel"];

Deno.test("the first move goes at once, of those within 16 ms the newest at their end", () => {
  const stage = new Stage();
  for (let ms = 0; ms < 40; ms += 4) {
    stage.runTo(ms);
    stage.publish("move");
  }
  stage.runTo(1_000);
  assertEquals(stage.told, [
    "move 1 1 at 0",
    "move 1 4 at 16",
    "move 1 8 at 32",
    "move 1 10 at 48",
  ]);
});

Deno.test("start, end and cancel go at once, behind the move that waits", () => {
  for (const last of ["end", "cancel", "start"] as const) {
    const stage = new Stage();
    stage.publish("start");
    stage.publish("move");
    stage.publish("move");
    stage.publish("move");
    stage.publish(last);
    assertEquals(stage.told, [
      "start 1 1 at 0",
      "move 1 2 at 0",
      "move 1 4 at 0",
      `${last} 1 5 at 0`,
    ]);
    // The next gesture of this id begins anew, and nothing of the last one comes behind.
    stage.publish("move");
    stage.runTo(1_000);
    assertEquals(stage.told.slice(4), ["move 1 6 at 0"]);
  }
});

Deno.test("gestures of other ids, addresses and senders wait for themselves", () => {
  const stage = new Stage();
  const others = [{}, { id: 2 }, { address: "/h" }, { from: B }];
  for (const other of others) stage.publish("move", other);
  for (const other of others) stage.publish("move", other);
  assertEquals(stage.sent.length, 4);
  stage.publish("end", { from: B });
  assertEquals(stage.told.slice(4), ["move 1 8 at 0", "end 1 9 at 0"]);
  stage.runTo(16);
  assertEquals(stage.told.slice(6), ["move 1 5 at 16", "move 2 6 at 16", "move 1 7 at 16"]);
  assertEquals(stage.sent.map(({ from }) => from === B ? "B" : "A").join(""), "AAABBBAAA");
});

Deno.test("a gesture without an id is told from one with id 1", () => {
  const stage = new Stage();
  stage.publish("move", { id: 1 });
  stage.publish("move", { id: 0 });
  assertEquals(stage.sent.length, 2);
});

Deno.test("other signals go at once and untouched", () => {
  const stage = new Stage();
  const { event, stream, timeline } = SIGNAL;
  for (const signal of [event, stream, timeline]) {
    stage.publish("move", { signal });
    stage.publish("move", { signal });
  }
  assertEquals(stage.sent.length, 6);
  assertEquals(stage.moves.size, 0);
});

Deno.test("a move that waits keeps its bytes and the time at which it came", () => {
  const stage = new Stage();
  stage.publish("move");
  stage.runTo(5);
  stage.publish("move").fill(99);
  stage.runTo(16);
  const [, waited] = stage.sent;
  assertEquals([waited?.frame[0], waited?.publishedMicros], [2, 5_000]);
});

Deno.test("an abandoned gesture is forgotten", () => {
  const stage = new Stage();
  stage.publish("start");
  stage.publish("move");
  stage.publish("move");
  assertEquals(stage.moves.size, 1);
  assertGreater(stage.moves.waitingBytes, 0);
  stage.runTo(3 * GESTURE_MOVE_INTERVAL_MS);
  assertEquals([stage.moves.size, stage.moves.waitingBytes, stage.agenda.nextMicros], [
    0,
    0,
    undefined,
  ]);
});

Deno.test("beyond the bound of a session, and of the router, moves go as they come", () => {
  const stage = new Stage();
  for (let id = 0; id <= GESTURES_PER_SESSION_MAX; id++) stage.publish("move", { id });
  assertEquals(stage.moves.size, GESTURES_PER_SESSION_MAX);
  const sentBefore = stage.sent.length;
  stage.publish("move", { id: GESTURES_PER_SESSION_MAX });
  stage.publish("move", { id: 0 });
  assertEquals(stage.sent.length - sentBefore, 1);
  for (let session = 0; session < GESTURES_MAX / GESTURES_PER_SESSION_MAX; session++) {
    const from = subscriber();
    for (let id = 0; id < GESTURES_PER_SESSION_MAX; id++) stage.publish("move", { from, id });
  }
  assertEquals(stage.moves.size, GESTURES_MAX);
  stage.runTo(100);
  assertEquals(stage.moves.size, 0);
});

Deno.test("beyond the bound of bytes the newest move goes at once, and no older one behind it", () => {
  const stage = new Stage();
  const frameBytes = 65_535;
  const most = Math.floor(GESTURES_BYTES_MAX / frameBytes);
  for (let n = 0; n <= most; n++) {
    const from = n % 2 === 0 ? A : B;
    stage.publish("move", { from, id: n });
    stage.publish("move", { from, id: n, frameBytes });
  }
  assertLessOrEqual(stage.moves.waitingBytes, GESTURES_BYTES_MAX);
  assertEquals(stage.sent.length, most + 2);
  stage.runTo(100);
  assertEquals(stage.sent.length, 2 * (most + 1));
  assertEquals(stage.moves.waitingBytes, 0);
});

Deno.test("sendAll() publishes what waits and forgets the rest", () => {
  const stage = new Stage();
  stage.publish("move");
  stage.publish("move");
  stage.publish("move", { from: B });
  stage.moves.sendAll();
  assertEquals(stage.told, ["move 1 1 at 0", "move 1 3 at 0", "move 1 2 at 0"]);
  stage.runTo(100);
  assertEquals([stage.sent.length, stage.moves.size], [3, 0]);
});

function subscriber(): Subscriber {
  return { paramChanged() {}, published() {} };
}
