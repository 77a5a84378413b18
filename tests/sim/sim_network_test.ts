import { TransportEnd } from "../edge/transport_suite.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { SimNetwork } from "./sim_network.ts";
import type { SimConnection } from "./sim_transport.ts";
import { VirtualClock } from "./virtual_clock.ts";

interface Connected {
  readonly clock: VirtualClock;
  readonly network: SimNetwork;
  readonly a: TransportEnd;
  readonly b: TransportEnd;
  readonly connection: SimConnection;
}

/** End a has dialled end b. */
function connect(random?: () => number): Connected {
  const clock = new VirtualClock();
  const network = new SimNetwork(clock, random);
  const a = new TransportEnd();
  const b = new TransportEnd();
  network.listen("b", b.accept);
  network.dial("a", "ws://b:7330", { onOpen: a.accept, onFailed: () => {} });
  clock.runUntilIdle();
  const [connection] = network.connections("a", "b");
  assert(connection !== undefined, "not connected");
  return { clock, network, a, b, connection };
}

function send(end: TransportEnd, count: number): void {
  for (let index = 0; index < count; index++) end.transport.send(Uint8Array.of(index));
}

function numbers(end: TransportEnd): number[] {
  return end.messages.map(([first = -1]) => first);
}

Deno.test("a message takes its latency, and none overtakes another", () => {
  let turn = 0;
  const { clock, network, a, b } = connect(() => (turn++ % 2 === 0) ? 0.99 : 0);
  Object.assign(network.route("a", "b"), { latencyMicros: 10_000, jitterMicros: 5_000 });
  send(a, 6);
  clock.runFor(9);
  assertEquals(numbers(b), []);
  clock.runFor(6);
  assertEquals(numbers(b), [0, 1, 2, 3, 4, 5]);
});

Deno.test("a stalled direction buffers, the other one works", () => {
  const { clock, network, a, b } = connect();
  network.stall("a", "b");
  send(a, 3);
  send(b, 2);
  clock.runFor(1_000);
  assertEquals(numbers(b), []);
  assertEquals(numbers(a), [0, 1]);
  assertEquals(a.transport.bufferedBytes, 3);
  network.resume("a", "b");
  clock.runFor(1_000);
  assertEquals(numbers(b), [0, 1, 2]);
  assertEquals(a.transport.bufferedBytes, 0);
});

Deno.test("a connection breaks between any two messages", () => {
  const { clock, a, b, connection } = connect();
  connection.cutAfter(2, { dialler: 1_000, acceptor: 2_000 });
  send(a, 5);
  clock.runFor(1_000);
  assertEquals(numbers(b), [0, 1]);
  assertEquals(a.closes.map(({ code }) => code), [1006]);
  assertEquals(b.closes.map(({ code }) => code), [1006]);
});

Deno.test("an end that is not told goes on sending into the void", () => {
  const { clock, a, b, connection } = connect();
  connection.cut({ dialler: undefined, acceptor: 0 });
  send(a, 3);
  clock.runFor(60_000);
  assertEquals(a.closes, []);
  assertEquals(a.transport.bufferedBytes, 3);
  assertEquals(b.closes.length, 1);
  assertEquals(numbers(b), []);
});

Deno.test("a dial fails when nobody listens, and later when nothing gets through", () => {
  const clock = new VirtualClock();
  const network = new SimNetwork(clock);
  const failures: string[] = [];
  const dial = () =>
    network.dial("a", "ws://b:7330", {
      onOpen: new TransportEnd().accept,
      onFailed: (reason) => failures.push(reason),
    });
  dial();
  assertEquals(failures, [], "never before it has returned");
  clock.runFor(1);
  assertEquals(failures, ["Connection to ws://b:7330 refused"]);
  network.listen("b", new TransportEnd().accept);
  network.stall("b", "a");
  dial();
  clock.runFor(4_999);
  assertEquals(failures.length, 1);
  clock.runFor(1);
  assertEquals(failures[1], "No answer from ws://b:7330");
});

Deno.test("the other end of an aborted dial is told", () => {
  const clock = new VirtualClock();
  const network = new SimNetwork(clock);
  const b = new TransportEnd();
  network.listen("b", b.accept);
  let opened = 0;
  const dial = network.dial("a", "ws://b:7330", {
    onOpen: (transport) => {
      opened++;
      return new TransportEnd().accept(transport);
    },
    onFailed: () => {},
  });
  clock.runUntil(() => b.isConnected, "the accepting end");
  dial.abort();
  clock.runUntilIdle();
  assertEquals(opened, 0);
  assertEquals(b.closes.length, 1);
});

Deno.test("a process that died hears nothing more, its peers hear of it when told", () => {
  const { clock, network, a, b } = connect();
  send(a, 1);
  network.nodeDied("b", () => 3_000);
  clock.runFor(2);
  assertEquals(a.closes, []);
  clock.runFor(2);
  assertEquals(a.closes.map(({ code }) => code), [1006]);
  assertEquals([b.messages, b.closes], [[], []]);
});
