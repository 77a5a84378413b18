import { EVENTS_QUEUED_BYTES_MAX, EVENTS_QUEUED_MAX } from "../../../src/limits.ts";
import {
  type EventCarrier,
  EventLane,
  type LaneEvent,
} from "../../../src/federation/event_lane.ts";
import { Agenda } from "../../../src/router/agenda.ts";
import { SIGNAL } from "../../../src/wire/message.ts";
import { assertEquals, assertLessOrEqual } from "../../support/assert.ts";

const LIFE_MS = 5_000;

class TestLane {
  readonly lane: EventLane;
  /** "number why", in the order they were told. */
  readonly lost: string[] = [];
  nowMicros = 1_000_000;
  readonly #agenda = new Agenda();
  #published = 0;

  constructor() {
    this.lane = new EventLane(this, (event, why) => {
      this.lost.push(`${event.identity.sequence} ${why}`);
    });
  }

  after(delayMs: number, action: () => void): ReturnType<Agenda["at"]> {
    return this.#agenda.at(this.nowMicros + delayMs * 1_000, action);
  }

  advance(ms: number): void {
    this.nowMicros += ms * 1_000;
    this.#agenda.run(this.nowMicros);
  }

  /** Adds the next events, from 1. */
  publish(count: number = 1, options: { readonly lifeMs?: number; readonly bytes?: number } = {}) {
    for (let n = 0; n < count; n++) this.lane.add(this.event(options));
  }

  event(options: { readonly lifeMs?: number; readonly bytes?: number } = {}): LaneEvent {
    const { lifeMs = LIFE_MS, bytes = 10 } = options;
    return {
      address: "/cue",
      signal: SIGNAL.event,
      identity: { origin: "a", bootId: 1, sequence: ++this.#published },
      deadlineMicros: this.nowMicros + lifeMs * 1_000,
      publishedMicros: this.nowMicros,
      frame: new Uint8Array(bytes),
    };
  }
}

class Carrier implements EventCarrier {
  isBehind = false;
  /** Numbers of the events that were sent. */
  readonly sent: number[] = [];
  readonly livesMs: number[] = [];
  onSend: () => void = () => {};

  send({ identity }: Pick<LaneEvent, "identity">, remainingLifeMs: number): number {
    this.sent.push(identity.sequence);
    this.livesMs.push(remainingLifeMs);
    this.onSend();
    return this.sent.length;
  }
}

function open(test: TestLane): Carrier {
  const carrier = new Carrier();
  test.lane.open(carrier, () => true);
  return carrier;
}

Deno.test("events wait for a connection, and go out in order before newer ones", () => {
  const test = new TestLane();
  test.publish(3);
  assertEquals(test.lane.waiting, 3);
  const carrier = open(test);
  test.publish(2);
  assertEquals(carrier.sent, [1, 2, 3, 4, 5]);
  assertEquals([test.lane.waiting, test.lane.unacknowledged], [0, 5]);
});

Deno.test("what was acknowledged is not repeated on the next connection, the rest is, in order", () => {
  const test = new TestLane();
  open(test);
  test.publish(5);
  test.lane.acknowledged(2);
  test.lane.close();
  test.publish(1);
  assertEquals(open(test).sent, [3, 4, 5, 6]);
  assertEquals(test.lost, []);
});

Deno.test("an acknowledgement settles events of its own connection only", () => {
  const test = new TestLane();
  open(test);
  test.publish(5);
  test.lane.close();
  const second = open(test);
  assertEquals(second.sent, [1, 2, 3, 4, 5]);
  test.lane.acknowledged(1);
  test.lane.close();
  assertEquals(open(test).sent, [2, 3, 4, 5]);
});

Deno.test("places of streams between events count for the acknowledgement", () => {
  const test = new TestLane();
  open(test);
  test.publish(1);
  test.lane.pass(test.event());
  test.lane.pass(test.event());
  test.publish(1);
  test.lane.acknowledged(3);
  assertEquals(test.lane.unacknowledged, 1);
  test.lane.acknowledged(4);
  assertEquals(test.lane.unacknowledged, 0);
});

Deno.test("what passes is sent at once or never", () => {
  const test = new TestLane();
  test.lane.pass(test.event());
  const carrier = open(test);
  assertEquals(carrier.sent, []);
  test.lane.pass(test.event());
  test.lane.pass(test.event({ lifeMs: 0 }));
  assertEquals(carrier.sent, [2]);
  test.lane.close();
  assertEquals(open(test).sent, []);
  assertEquals(test.lost, []);
});

Deno.test("another process of the peer is not sent what the last one may have got", () => {
  const test = new TestLane();
  open(test);
  test.publish(2);
  test.lane.close();
  test.publish(1);
  test.lane.forgetSent();
  assertEquals(test.lost, ["1 unknown", "2 unknown"]);
  assertEquals(open(test).sent, [3]);
});

Deno.test("an event that waits past its life is told once as expired, and never sent", () => {
  const test = new TestLane();
  test.publish(1, { lifeMs: 1_000 });
  test.publish(1, { lifeMs: 3_000 });
  test.advance(1_300);
  assertEquals(test.lost, ["1 expired"]);
  assertEquals(open(test).sent, [2]);
  test.lane.acknowledged(1);
  test.advance(10_000);
  assertEquals(test.lost, ["1 expired"]);
});

Deno.test("the life that is left is told, and one that ended between two looks is not sent", () => {
  const test = new TestLane();
  test.publish(1, { lifeMs: 100 });
  test.publish(1, { lifeMs: 400 });
  test.nowMicros += 150_400;
  const carrier = open(test);
  assertEquals([carrier.sent, carrier.livesMs], [[2], [249]]);
  assertEquals(test.lost, ["1 expired"]);
});

Deno.test("an event that was sent and is not acknowledged when its life is over is told as unknown", () => {
  const test = new TestLane();
  open(test);
  test.publish(1);
  test.advance(LIFE_MS + 500);
  assertEquals(test.lost, []);
  test.advance(1_000);
  assertEquals(test.lost, ["1 unknown"]);
  assertEquals(test.lane.unacknowledged, 0);
});

Deno.test("an unknown event is told when its own life is over, not that of an older one", () => {
  const test = new TestLane();
  open(test);
  test.publish(1, { lifeMs: 60_000 });
  test.publish(1);
  test.publish(1, { lifeMs: 60_000 });
  test.advance(LIFE_MS + 1_500);
  assertEquals([test.lost, test.lane.unacknowledged], [["2 unknown"], 2]);
  test.lane.acknowledged(3);
  assertEquals([test.lost, test.lane.unacknowledged], [["2 unknown"], 0]);
});

Deno.test("an event that was sent on a lost connection and can be repeated no more is unknown", () => {
  const test = new TestLane();
  open(test);
  test.publish(1);
  test.lane.close();
  test.advance(LIFE_MS + 300);
  assertEquals(test.lost, ["1 unknown"]);
  assertEquals(open(test).sent, []);
});

Deno.test("nothing is planned when nothing waits", () => {
  const test = new TestLane();
  open(test);
  test.publish(1);
  test.lane.acknowledged(1);
  test.advance(1_000);
  let planned = false;
  test.after = (delayMs, action) => {
    planned = true;
    return new Agenda().at(delayMs, action);
  };
  test.advance(10_000);
  assertEquals(planned, false);
});

Deno.test("events that nobody wants at the next connection are forgotten silently", () => {
  const test = new TestLane();
  test.publish(4);
  const carrier = new Carrier();
  test.lane.open(carrier, ({ identity }) => identity.sequence % 2 === 0);
  assertEquals(carrier.sent, [2, 4]);
  assertEquals([test.lost, test.lane.waiting], [[], 0]);
});

Deno.test("while the connection is behind events wait, and go in order when it has caught up", () => {
  const test = new TestLane();
  const carrier = open(test);
  test.publish(1);
  carrier.isBehind = true;
  test.publish(2);
  assertEquals([carrier.sent, test.lane.waiting], [[1], 2]);
  test.advance(1_000);
  carrier.isBehind = false;
  carrier.onSend = () => carrier.isBehind = carrier.sent.length === 2;
  test.lane.pump();
  assertEquals(carrier.sent, [1, 2]);
  carrier.isBehind = false;
  test.publish(1);
  assertEquals(carrier.sent, [1, 2, 3, 4]);
});

Deno.test("a connection that ends while it is sent to keeps what it was given for the next", () => {
  const test = new TestLane();
  test.publish(3);
  const carrier = new Carrier();
  carrier.onSend = () => {
    if (carrier.sent.length === 2) test.lane.close();
  };
  test.lane.open(carrier, () => true);
  assertEquals(carrier.sent, [1, 2]);
  assertEquals(open(test).sent, [1, 2, 3]);
});

Deno.test("beyond its bound the lane drops the oldest and tells it", () => {
  const test = new TestLane();
  test.publish(EVENTS_QUEUED_MAX + 2);
  assertEquals(test.lost, ["1 dropped", "2 dropped"]);
  assertEquals(test.lane.waiting, EVENTS_QUEUED_MAX);
});

Deno.test("the bytes of a lane are bounded", () => {
  const test = new TestLane();
  const bytes = 65_000;
  const room = Math.floor(EVENTS_QUEUED_BYTES_MAX / bytes);
  test.publish(room + 1, { bytes });
  assertEquals(test.lost, ["1 dropped"]);
  // What leaves makes room.
  open(test);
  test.lane.acknowledged(room);
  test.lane.acknowledged(room);
  test.lane.close();
  test.publish(room, { bytes });
  assertEquals(test.lost, ["1 dropped"]);
});

Deno.test("a peer that never acknowledges is sent half of the room, the rest waits", () => {
  const test = new TestLane();
  const carrier = open(test);
  test.publish(EVENTS_QUEUED_MAX + 1);
  assertEquals(carrier.sent.length, EVENTS_QUEUED_MAX / 2);
  assertEquals(test.lost, [`${EVENTS_QUEUED_MAX / 2 + 1} dropped`], "the oldest that waits");
  assertLessOrEqual(test.lane.waiting + test.lane.unacknowledged, EVENTS_QUEUED_MAX);
  test.lane.acknowledged(10);
  assertEquals(carrier.sent.length, EVENTS_QUEUED_MAX / 2 + 10);
});

Deno.test("all that a lane holds is told when it is dropped", () => {
  const test = new TestLane();
  open(test);
  test.publish(1);
  test.lane.close();
  test.publish(1);
  test.lane.drop();
  assertEquals(test.lost, ["1 unknown", "2 dropped"]);
  assertEquals(test.lane.waiting, 0);
});
