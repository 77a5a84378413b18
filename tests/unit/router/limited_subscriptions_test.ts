import { LIMITED_ADDRESSES_MAX } from "../../../src/limits.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import {
  ALL_SIGNALS,
  type Message,
  PHASE,
  type PublishMessage,
  QOS,
  SIGNAL,
  type SubscribeOptions,
} from "../../../src/wire/message.ts";
import { decodeValue, encodeValue, type Value } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertLessOrEqual } from "../../support/assert.ts";
import { codeOf, set, type TestConnection, TestRouter } from "./test_router.ts";

const FIRE = { qos: QOS.fire } as const;
const HIGH_WATER = 100_000;
const [PARAM, EVENT, STREAM] = [1 << SIGNAL.param, 1 << SIGNAL.event, 1 << SIGNAL.stream];

/** A router with a writer and a reader, and what the reader is told. */
class Desk {
  readonly router = new TestRouter({ outboxHighWaterBytes: HIGH_WATER });
  readonly writer: TestConnection = this.router.client();
  readonly reader: TestConnection = this.router.client();

  subscribe(
    options: SubscribeOptions,
    { id = 1, pattern = "/**", types = ALL_SIGNALS } = {},
  ): void {
    this.reader.send({ type: "SUBSCRIBE", id, pattern, types, options }, FIRE);
  }

  unsubscribe(id = 1): void {
    this.reader.send({ type: "UNSUBSCRIBE", id }, FIRE);
  }

  set(value: Value, address = "/a"): void {
    this.writer.send(set(address, value), FIRE);
  }

  stream(value: Value, address = "/s"): void {
    this.writer.send(
      { type: "PUBLISH", address, signal: SIGNAL.stream, phase: 0, value: encodeValue(value) },
      FIRE,
    );
  }

  /** The reader's socket takes nothing until the function that this returns is called. */
  hold(): () => void {
    const { buffered } = this.router.port;
    buffered.set(this.reader.id, HIGH_WATER);
    return () => {
      buffered.delete(this.reader.id);
      this.router.advance(4);
    };
  }

  /** Values that came since the last call; samples as lists. */
  told(): unknown[] {
    return this.reader.read().flatMap((message): unknown[] => {
      switch (message.type) {
        case "SET":
          return [decodeValue(message.value)];
        case "PUBLISH":
          return [message.samples ?? (message.value && decodeValue(message.value))];
        case "SNAPSHOT":
          return message.params.map(({ value }) => decodeValue(value));
        default:
          return [];
      }
    });
  }
}

Deno.test("maxRate lets an update go at once, and the newest of what follows when it is time", () => {
  for (const kind of ["set", "stream"] as const) {
    const desk = new Desk();
    desk.subscribe({ maxRate: 10 });
    desk[kind](0);
    assertEquals(desk.told(), [0]);
    for (let n = 1; n <= 9; n++) {
      desk.router.advance(10);
      desk[kind](n);
    }
    assertEquals(desk.told(), []);
    desk.router.advance(11);
    assertEquals(desk.told(), [9]);
    desk.router.advance(1_000);
    assertEquals(desk.told(), []);
    // After a rest the next goes at once.
    desk[kind](10);
    assertEquals(desk.told(), [10]);
  }
});

Deno.test("maxRate is never exceeded, per address, and the last value always arrives", () => {
  for (const kind of ["set", "stream"] as const) {
    const desk = new Desk();
    desk.subscribe({ maxRate: 30 });
    const addresses = ["/a", "/b"];
    const timesMs = new Map<string, number[]>(addresses.map((address) => [address, []]));
    const last = new Map<string, unknown>();
    for (let ms = 0; ms < 3_000; ms++) {
      if (ms < 2_500) { for (const address of addresses) desk[kind](ms, address); }
      desk.router.advance(1);
      for (const message of desk.reader.read()) {
        assert(message.type === "SET" || message.type === "PUBLISH");
        timesMs.get(message.address)?.push(ms);
        last.set(message.address, message.value && decodeValue(message.value));
      }
    }
    for (const address of addresses) {
      const times = timesMs.get(address) ?? [];
      for (const [index, ms] of times.entries()) {
        const inASecond = times.slice(index).filter((other) => other < ms + 1_000);
        assertLessOrEqual(inASecond.length, 30);
      }
      assertLessOrEqual(70, times.length);
      assertEquals(last.get(address), 2_499);
    }
  }
});

Deno.test("a param that waited is sent as it is by then, with its newest revision", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 1 });
  for (const value of [1, 2, 3]) desk.set(value);
  desk.reader.read();
  desk.router.advance(1_001);
  const message = desk.reader.readOne();
  assert(message.type === "SET");
  assertEquals([message.revision, decodeValue(message.value)], [3, 3]);
});

Deno.test("a param that expired while it waited is not told", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 1 });
  desk.set(1);
  desk.router.advance(100);
  desk.writer.send(set("/a", 2, { ttl: 0x8000_0000 }), FIRE);
  desk.router.advance(2_000);
  assertEquals(desk.told(), [1]);
});

Deno.test("epsilon holds back what differs by less from what was sent last, steps adding up", () => {
  for (const kind of ["set", "stream"] as const) {
    const desk = new Desk();
    desk.subscribe({ epsilon: 0.25 });
    for (const value of [0, 0.125, -0.125, 0.2, 0.25, 0.375, 0.5, 0.25]) desk[kind](value);
    assertEquals(desk.told(), [0, 0.25, 0.5, 0.25]);
    desk.router.advance(10_000);
    assertEquals(desk.told(), []);
  }
});

Deno.test("epsilon lets pass what is no number, and numbers of every type are compared", () => {
  const desk = new Desk();
  desk.subscribe({ epsilon: 10 });
  const passes = ["on", "on", null, true, 5, NaN, 5, { x: 1 }, 7n];
  for (const value of passes) desk.set(value);
  assertEquals(desk.told(), [...passes.slice(0, -1), 7]);
  for (const value of [8, 9n, 16.5, 2n ** 60n]) desk.set(value);
  assertEquals(desk.told(), [2n ** 60n]);
  desk.set(2n ** 60n + 9n);
  desk.set(2n ** 60n + 10n);
  assertEquals(desk.told(), [2n ** 60n + 10n]);
});

Deno.test("a change is compared with what the snapshot said", () => {
  const desk = new Desk();
  desk.set(0.5);
  desk.subscribe({ epsilon: 0.25 });
  assertEquals(desk.told(), [0.5]);
  desk.set(0.625);
  assertEquals(desk.told(), []);
  desk.set(0.75);
  assertEquals(desk.told(), [0.75]);
});

Deno.test("with both options the value that waits must be worth it when its time comes", () => {
  for (const kind of ["set", "stream"] as const) {
    const desk = new Desk();
    desk.subscribe({ maxRate: 10, epsilon: 0.5 });
    for (const value of [0, 1, 0.25]) desk[kind](value);
    desk.router.advance(200);
    // It ends within epsilon of the truth.
    assertEquals(desk.told(), [0]);
    desk[kind](1);
    desk[kind](2);
    desk.router.advance(200);
    assertEquals(desk.told(), [1, 2]);
  }
});

Deno.test("events, timelines and gestures pass all limits at once", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 1, epsilon: 100, window: 1_000 });
  const message = { type: "PUBLISH", address: "/e", phase: 0, value: encodeValue(1) } as const;
  const { event, timeline, gesture } = SIGNAL;
  for (const signal of [event, timeline, gesture]) {
    for (let n = 0; n < 3; n++) desk.writer.send({ ...message, signal }, FIRE);
    assertEquals(desk.told(), [1, 1, 1]);
  }
});

Deno.test("of several subscriptions that match, the least limited decides, and one copy comes", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 1 }, { id: 1 });
  desk.subscribe({ maxRate: 10 }, { id: 2, pattern: "/a" });
  desk.set(1);
  desk.set(2);
  assertEquals(desk.told(), [1]);
  desk.router.advance(101);
  assertEquals(desk.told(), [2]);
  desk.subscribe({}, { id: 3, pattern: "/a" });
  desk.told();
  for (const value of [3, 4, 5]) desk.set(value);
  assertEquals(desk.told(), [3, 4, 5]);
  desk.unsubscribe(3);
  desk.router.advance(101);
  desk.set(6);
  desk.set(7);
  desk.router.advance(101);
  assertEquals(desk.told(), [6, 7]);
});

Deno.test("a subscription for other signals does not lift the limits", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 1 }, { id: 1, types: PARAM | STREAM });
  desk.subscribe({}, { id: 2, types: EVENT });
  for (const kind of ["set", "stream"] as const) {
    for (const value of [1, 2]) desk[kind](value);
    assertEquals(desk.told(), [1]);
  }
});

Deno.test("either of two subscriptions may let an update pass", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 1 }, { id: 1 });
  desk.subscribe({ epsilon: 10 }, { id: 2 });
  for (const value of [0, 1, 20, 21]) desk.set(value);
  assertEquals(desk.told(), [0, 20]);
  desk.router.advance(1_001);
  assertEquals(desk.told(), [21]);
});

Deno.test("limits count per subscriber: another one gets all", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 1 });
  desk.writer.subscribe("/a");
  for (const value of [1, 2]) desk.set(value);
  assertEquals(desk.writer.read().length, 2);
  assertEquals(desk.told(), [1]);
});

Deno.test("what waits is dropped by UNSUBSCRIBE, by a replacement elsewhere and by the end", () => {
  const ends: readonly ((desk: Desk) => void)[] = [
    (desk) => desk.unsubscribe(),
    (desk) => desk.subscribe({ maxRate: 1 }, { pattern: "/elsewhere" }),
    (desk) => desk.reader.leave(),
  ];
  for (const end of ends) {
    for (const kind of ["set", "stream"] as const) {
      const desk = new Desk();
      desk.subscribe({ maxRate: 1, window: 100 });
      for (const value of ["x", "y"]) desk[kind](value);
      desk.told();
      end(desk);
      desk.router.advance(5_000);
      assertEquals(desk.told(), []);
    }
  }
});

Deno.test("the end of a session leaves nothing planned", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 1, epsilon: 1, window: 100 });
  for (const value of [1, 5]) {
    desk.set(value);
    desk.stream(value);
  }
  desk.reader.leave();
  assertEquals(desk.router.core.nextWakeMicros, undefined);
});

Deno.test("what waits goes at once when its subscription is replaced by an unlimited one", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 1 }, { types: STREAM });
  for (const value of [1, 2]) desk.stream(value);
  assertEquals(desk.told(), [1]);
  desk.subscribe({}, { types: STREAM });
  desk.stream(3);
  assertEquals(desk.told(), [2, 3]);
  desk.router.advance(2_000);
  assertEquals(desk.told(), []);
});

Deno.test("the same id again with another rate counts from then on, for what waits too", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 1 }, { types: STREAM });
  for (const value of [1, 2]) desk.stream(value);
  assertEquals(desk.told(), [1]);
  desk.subscribe({ maxRate: 10 }, { types: STREAM });
  desk.router.advance(101);
  desk.stream(3);
  assertEquals(desk.told(), [3]);
});

Deno.test("a stream's sample that waited past its life is not sent", () => {
  const desk = new Desk();
  const { core } = desk.router;
  desk.subscribe({ maxRate: 1 });
  desk.stream(1);
  const frame = encodeFrame(stream(2), FIRE);
  core.deliver({
    address: "/s",
    signal: SIGNAL.stream,
    phase: 0,
    frame,
    identity: { origin: "other", bootId: 1, sequence: 1 },
    deadlineMicros: desk.router.nowMicros + 500_000,
    publishedMicros: desk.router.nowMicros,
    audience: "all",
    from: { paramChanged() {}, published() {} },
  });
  desk.router.advance(2_000);
  assertEquals(desk.told(), [1]);
});

Deno.test("window gathers samples of a stream in one message, in order", () => {
  const desk = new Desk();
  desk.subscribe({ window: 100 });
  const first: PublishMessage = { ...stream(1), timestampMicros: 77, rate: 50 };
  desk.writer.send(first, FIRE);
  desk.stream(2n);
  desk.writer.send({ ...stream(0), value: undefined, samples: [3, 4] }, FIRE);
  assertEquals(desk.told(), []);
  desk.router.advance(100);
  const message = desk.reader.readOne();
  assertEquals(message, {
    type: "PUBLISH",
    address: "/s",
    signal: SIGNAL.stream,
    phase: 0,
    value: undefined,
    samples: [1, 2, 3, 4],
    timestampMicros: 77,
    id: undefined,
    rate: 50,
  });
  // What is no number goes at once, behind what was gathered; params are not gathered.
  desk.stream(5);
  desk.stream("x");
  assertEquals(desk.told(), [[5], "x"]);
  desk.set(6);
  assertEquals(desk.told(), [6]);
});

Deno.test("window gathers what the other limits let pass", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 50, epsilon: 0.5, window: 100 });
  for (let n = 0; n < 100; n++) {
    desk.stream(n);
    desk.router.advance(1);
  }
  desk.router.advance(200);
  const [samples, ...rest] = desk.told() as number[][];
  assert(samples !== undefined);
  assertEquals(samples[0], 0);
  assertLessOrEqual(samples.length, 6);
  assertEquals(rest.flat().at(-1), 99);
});

Deno.test("options that cannot be honoured are refused with what to ask for, and change nothing", () => {
  const refused: readonly (readonly [SubscribeOptions, string])[] = [
    [{ epsilon: -1 }, "epsilon is -1; ask for 0 or more"],
    [{ epsilon: NaN }, "epsilon is NaN; ask for 0 or more"],
    [{ window: 1_001 }, "window is 1001 ms; ask for at most 1000"],
    [{ history: 1_001 }, "history is 1001 values; ask for at most 1000"],
  ];
  for (const [options, problem] of refused) {
    const desk = new Desk();
    desk.subscribe({}, { pattern: "/a" });
    const message: Message = { type: "SUBSCRIBE", id: 1, pattern: "/b", types: 0, options };
    const answer = desk.reader.ask(message);
    assertEquals(codeOf(answer), 402);
    assert(answer.type === "ERROR");
    assertEquals(answer.message, `Cannot subscribe to "/b": ${problem}`);
    assertEquals(answer.address, "/b");
    desk.set(1);
    desk.set(2, "/b");
    assertEquals(desk.told(), [1]);
  }
});

Deno.test("options of 0, and a history of the last value, limit nothing", () => {
  const options: readonly SubscribeOptions[] = [
    { maxRate: 0 },
    { epsilon: 0 },
    { window: 0 },
    { history: 0 },
    { history: 1 },
  ];
  for (const own of options) {
    const desk = new Desk();
    desk.set(0);
    desk.subscribe(own);
    for (const value of [1, 1, 2]) desk.set(value);
    assertEquals(desk.told(), [0, 1, 1, 2]);
  }
});

Deno.test("with an extreme epsilon and maxRate a client gets what it asked for", () => {
  const desk = new Desk();
  desk.subscribe({ epsilon: Infinity });
  for (const value of [1, 1e300, "text", 2]) desk.set(value);
  assertEquals(desk.told(), [1, "text", 2]);
  const other = new Desk();
  other.subscribe({ maxRate: 0xffff_ffff });
  other.set(1);
  other.router.advance(1);
  other.set(2);
  assertEquals(other.told(), [1, 2]);
});

Deno.test("beyond the bound of addresses updates are sent, not lost", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 1 });
  for (let n = 0; n < LIMITED_ADDRESSES_MAX; n++) {
    for (const value of [1, 2]) desk.set(value, `/many/${n}`);
  }
  assertEquals(desk.told().length, LIMITED_ADDRESSES_MAX);
  for (const value of [1, 2, 3]) desk.set(value, "/one/more");
  assertEquals(desk.told(), [1, 2, 3]);
  desk.router.advance(1_001);
  const last = desk.told();
  assertEquals([last.length, new Set(last)], [LIMITED_ADDRESSES_MAX, new Set([2])]);
});

Deno.test("what is passed on without being kept waits, and is not mistaken for what is kept", () => {
  const desk = new Desk();
  const { core } = desk.router;
  desk.subscribe({ maxRate: 1 });
  const from = { paramChanged() {}, published() {} };
  const pass = (value: Value, revision: number) =>
    core.params.passOn("/a", {
      value: encodeValue(value),
      revision,
      timestampMicros: desk.router.wallMicros + 10_000_000 + revision,
      origin: "other",
      ttl: 0,
    }, { from });
  for (const revision of [1, 2, 3]) pass(revision, revision);
  assertEquals(desk.told(), [1]);
  desk.router.advance(1_001);
  assertEquals(desk.told(), [3]);
  // What is left here of before is older than what passes.
  desk.set("old");
  pass("new", 9);
  desk.router.advance(1_001);
  assertEquals(desk.told(), ["new"]);
});

Deno.test("an update that is limited for one is told to all others as it was written", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 1 });
  const others = [desk.router.client(), desk.router.client()];
  for (const other of others) other.subscribe("/**");
  for (const value of ["a", "b", "c"]) desk.set(value);
  for (const other of others) {
    const values = other.read().map((message) =>
      message.type === "SET" ? decodeValue(message.value) : message.type
    );
    assertEquals(values, ["a", "b", "c"]);
  }
});

function stream(value: Value): PublishMessage {
  const { start: phase } = PHASE;
  return {
    type: "PUBLISH",
    address: "/s",
    signal: SIGNAL.stream,
    phase,
    value: encodeValue(value),
  };
}

Deno.test("with epsilon a slow client's changes are counted from what it got, not from what was offered", () => {
  const desk = new Desk();
  desk.subscribe({ epsilon: 1 });
  desk.set(0);
  assertEquals(desk.told(), [0]);
  const release = desk.hold();
  desk.set(2);
  desk.set(2.9);
  release();
  assertEquals(desk.told(), [2.9], "the newest");
  desk.set(1.95);
  assertEquals(desk.told(), [], "0.95 less");
  desk.set(3.8);
  assertEquals(desk.told(), [], "0.9 more");
  desk.set(1.8);
  assertEquals(desk.told(), [1.8]);
});

Deno.test("maxRate counts from when a slow client got a value, and it gets none twice", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 10 });
  desk.set(1);
  assertEquals(desk.told(), [1]);
  desk.router.advance(100);
  const release = desk.hold();
  desk.set(2);
  desk.router.advance(50);
  desk.set(3);
  desk.router.advance(40);
  release();
  assertEquals(desk.told(), [3], "one for both");
  desk.router.advance(20);
  desk.set(4);
  assertEquals(desk.told(), [], "too soon");
  desk.router.advance(80);
  assertEquals(desk.told(), [4]);
});

Deno.test("what an ACK brings along of a slow client's own writes counts as told", () => {
  const desk = new Desk();
  desk.subscribe({ epsilon: 1 });
  desk.set(0);
  assertEquals(desk.told(), [0]);
  const release = desk.hold();
  desk.set(5);
  desk.reader.send(set("/a", 5.9), { qos: QOS.confirm });
  release();
  assertEquals(desk.told(), [5.9]);
  desk.set(4.5);
  assertEquals(desk.told(), [4.5]);
});

Deno.test("a change of subscriptions looks at much that waits turn by turn, and ends the same", () => {
  const desk = new Desk();
  const count = 2_000;
  desk.subscribe({ maxRate: 1 });
  desk.subscribe({ maxRate: 1 }, { id: 2, pattern: "/q/*" });
  for (const value of [1, 2]) {
    for (let n = 0; n < count; n++) desk.set(value, `/p/${n}`);
    for (let n = 0; n < count; n++) desk.stream(value, `/s/${n}`);
  }
  assertEquals(desk.told().length, 2 * count);
  let looks = 0;
  const { subscriptions } = desk.router.core;
  const targets = subscriptions.targets.bind(subscriptions);
  subscriptions.targets = (address) => {
    looks++;
    return targets(address);
  };
  desk.unsubscribe();
  assertLessOrEqual(looks, 200);
  desk.router.advance(600);
  assertEquals(looks, 2 * count);
  desk.router.advance(1_000);
  assertEquals(desk.told(), []);
});

Deno.test("of many samples that wait when limits are lifted, none comes behind a newer one", () => {
  const desk = new Desk();
  desk.subscribe({ maxRate: 1 }, { types: STREAM });
  for (const value of [1, 2]) {
    for (let n = 0; n < 500; n++) desk.stream(value, `/s/${n}`);
  }
  desk.told();
  desk.subscribe({}, { types: STREAM });
  for (let n = 0; n < 500; n++) desk.stream(3, `/s/${n}`);
  desk.router.advance(2_000);
  const told = desk.told();
  assertEquals(told.lastIndexOf(2) < told.indexOf(3), true);
  assertEquals(told.filter((value) => value === 3).length, 500);
});
