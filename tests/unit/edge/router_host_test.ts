import type { Environment } from "../../../src/edge/environment.ts";
import { TokenAuthorities } from "../../../src/edge/auth/token_authorities.ts";
import { RouterHost } from "../../../src/edge/router_host.ts";
import type { Transport, TransportHandler } from "../../../src/edge/transport.ts";
import { FEDERATION_CORE_DEFAULTS } from "../../../src/federation/federation_config.ts";
import { ROUTER_CORE_DEFAULTS } from "../../../src/router/router_config.ts";
import { decodeFrame, encodeFrame } from "../../../src/wire/frame.ts";
import type { Message } from "../../../src/wire/message.ts";
import { assert, assertEquals } from "../../support/assert.ts";

type DialHandlers = Parameters<Environment["dial"]>[1];

/** A world in which nothing happens by itself. */
class StillEnvironment implements Environment {
  now = 0;
  readonly timers: { atMicros: number; action: () => void; isCancelled: boolean }[] = [];
  readonly turnEnds: (() => void)[] = [];
  readonly errors: unknown[] = [];
  readonly dials: { url: string; handlers: DialHandlers; isAborted: boolean }[] = [];

  nowMicros(): number {
    return this.now;
  }
  wallMicros(): number {
    return 1_000_000;
  }
  random(): number {
    return 0;
  }
  newId(): string {
    return "session";
  }
  after(delayMs: number, action: () => void): () => void {
    const timer = { atMicros: this.now + delayMs * 1_000, action, isCancelled: false };
    this.timers.push(timer);
    return () => timer.isCancelled = true;
  }
  atEndOfTurn(action: () => void): void {
    this.turnEnds.push(action);
  }
  onHandlerError(error: unknown): void {
    this.errors.push(error);
  }
  dial(url: string, handlers: DialHandlers): { abort(): void } {
    const dial = { url, handlers, isAborted: false };
    this.dials.push(dial);
    return { abort: () => dial.isAborted = true };
  }

  /** The timers that would fire, earliest first. */
  get pending(): readonly { atMicros: number; action: () => void }[] {
    return this.timers.filter(({ isCancelled }) => !isCancelled)
      .sort((a, b) => a.atMicros - b.atMicros);
  }
  endTurn(): void {
    for (const action of this.turnEnds.splice(0)) action();
  }
}

class RecordingTransport implements Transport {
  readonly bufferedBytes = 0;
  readonly remoteAddress = "there:1";
  readonly sent: Message[] = [];
  handler: TransportHandler | undefined;
  closed: string | undefined;

  send(bytes: Uint8Array): void {
    this.sent.push(decodeFrame(bytes).message);
  }
  close(code: number, reason: string): void {
    this.closed = `${code} ${reason}`;
    this.handler?.onClose(code, reason);
  }
}

function setUp(isLeaf: boolean): { readonly host: RouterHost; readonly world: StillEnvironment } {
  const world = new StillEnvironment();
  const host = new RouterHost(world, {
    config: { ...ROUTER_CORE_DEFAULTS, routerId: "me", bootId: 1 },
    federation: {
      isLeaf,
      config: {
        ...FEDERATION_CORE_DEFAULTS,
        showsLinks: false,
        hubUrls: isLeaf ? ["ws://hub:1"] : [],
      },
    },
  });
  return { host, world };
}

function accept(host: RouterHost): RecordingTransport {
  const transport = new RecordingTransport();
  transport.handler = host.accept(transport);
  return transport;
}

Deno.test("a token that cannot be looked at, by a bug, is refused with 500", async () => {
  const world = new StillEnvironment();
  const authorities = new TokenAuthorities([{
    prefix: "x_",
    authenticate: () => {
      throw new Error("a bug");
    },
  }]);
  const config = { ...ROUTER_CORE_DEFAULTS, routerId: "me", bootId: 1 };
  const transport = accept(new RouterHost(world, { config, authorities }));
  const hello = { type: "HELLO", version: 1, features: 0, name: "x", token: "x_1" } as const;
  transport.handler?.onMessage(encodeFrame(hello));
  assertEquals(transport.sent, []);
  // Answers come later: in two steps here.
  await Promise.resolve();
  await Promise.resolve();
  assertEquals(transport.sent.map((sent) => sent.type === "ERROR" && sent.code), [500]);
  assertEquals(world.errors.length, 1);
});

const HELLO = encodeFrame({ type: "HELLO", version: 1, features: 0, name: "x" });

Deno.test("what arrives on a transport reaches the core, and its answers the transport", () => {
  const { host } = setUp(false);
  const transport = accept(host);
  transport.handler?.onMessage(HELLO);
  assertEquals(transport.sent.map(({ type }) => type), ["WELCOME", "SNAPSHOT"]);
  transport.handler?.onText();
  assertEquals(transport.sent.at(-1)?.type, "ERROR");
  assertEquals(host.core.connections, 1);
  transport.handler?.onClose(1000, "");
  transport.handler?.onClose(1000, "");
  assertEquals([host.core.connections, host.core.clientSessions], [0, 0]);
});

Deno.test("one timer at a time waits for what is next, and an earlier plan replaces it", () => {
  const { host, world } = setUp(false);
  const transport = accept(host);
  assertEquals(world.pending.map(({ atMicros }) => atMicros), [10_000_000]);
  world.now = 10_000_000;
  world.pending[0]?.action();
  assert(transport.closed?.startsWith("1008"));
  host.core.after(5, () => {});
  host.core.after(1, () => {});
  accept(host);
  const next = world.timers.at(-1);
  assertEquals(next?.atMicros, 10_001_000);
});

Deno.test("what a turn produced for a link is flushed at its end, in one message", () => {
  const { host, world } = setUp(true);
  host.start();
  const transport = new RecordingTransport();
  transport.handler = world.dials[0]?.handlers.onOpen(transport);
  assertEquals(transport.sent, []);
  world.endTurn();
  assertEquals(transport.sent.map(({ type }) => type), ["HELLO"]);
  const ping = encodeFrame({ type: "PING" });
  transport.handler?.onMessage(ping);
  transport.handler?.onMessage(ping);
  assertEquals(transport.sent.length, 1);
  world.endTurn();
  assertEquals(transport.sent.length, 2, "decoded is the first frame of the batch");
});

Deno.test("stop() closes transports, aborts dials, cancels the timer and plans nothing more", () => {
  const { host, world } = setUp(true);
  host.start();
  const transport = accept(host);
  host.stop("bye");
  host.stop("again");
  assertEquals(transport.closed, "1001 bye");
  assertEquals([world.dials[0]?.isAborted, world.pending], [true, []]);
  world.endTurn();
  assertEquals(accept(host).closed?.startsWith("1001"), true);
  assertEquals([world.dials.length, world.pending], [1, []]);
});

Deno.test("a failed dial is dialled again by a timer", () => {
  const { host, world } = setUp(true);
  host.start();
  world.dials[0]?.handlers.onFailed("nobody listens");
  const [timer] = world.pending;
  assert(timer !== undefined && timer.atMicros <= 400_000);
  world.now = timer.atMicros;
  timer.action();
  assertEquals(world.dials.map(({ url }) => url), ["ws://hub:1", "ws://hub:1"]);
});

Deno.test("a connection attached to a hub is no link before its peer has said so", () => {
  const { host } = setUp(false);
  const transport = new RecordingTransport();
  const attached = host.attach(transport);
  assertEquals(attached.link(), undefined);
  attached.handler.onMessage(new Uint8Array([1, 2, 3]));
  assertEquals(attached.link(), undefined);
});

Deno.test("what throws in a timer is told, and the timers behind it fire", () => {
  const { host, world } = setUp(false);
  const done: string[] = [];
  const bug = new TypeError("planted");
  host.core.after(1, () => {
    throw bug;
  });
  host.core.after(1, () => done.push("the same moment"));
  host.core.after(2, () => done.push("later"));
  accept(host);
  for (let fired = 0; fired < 3; fired++) {
    const timer = world.timers.filter(({ isCancelled }) => !isCancelled).at(-1);
    assert(timer !== undefined);
    world.now = Math.max(world.now, timer.atMicros);
    timer.action();
  }
  assertEquals([world.errors, done], [[bug], ["the same moment", "later"]]);
});

Deno.test("what throws at the end of a turn is told, and the rest of the turn is sent", () => {
  const { host, world } = setUp(true);
  const bug = new TypeError("planted");
  host.core.flushAtEndOfTurn(() => {
    throw bug;
  });
  host.start();
  const transport = new RecordingTransport();
  transport.handler = world.dials[0]?.handlers.onOpen(transport);
  world.endTurn();
  assertEquals([world.errors, transport.sent.map(({ type }) => type)], [[bug], ["HELLO"]]);
});
