import { encodeFrame } from "../../src/wire/frame.ts";
import { FEATURE, type Message } from "../../src/wire/message.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../support/assert.ts";
import { pollUntil } from "../support/poll_until.ts";
import { PublicClient, SilencedConsole } from "../support/public_client.ts";
import { RawClient } from "../support/raw_client.ts";
import { type RouterName, ThreeRouters } from "../support/three_routers.ts";

const NAMES: readonly RouterName[] = ["hub", "site-a", "site-b"];
const HOUR_MICROS = 3_600_000_000;
const AHEAD_MICROS = 600_000;
const DEADLINE_MS = 10_000;
/** What this machine may be slow by. */
const SLACK_MICROS = 1_500_000;
/** The public client reads a clock of milliseconds, once, when it connects. */
const CLIENT_CLOCK_MICROS = 30_000;

Deno.test("the public client schedules by federation time, from any site for all sites", async (t) => {
  using silenced = new SilencedConsole();
  await using routers = await ThreeRouters.start();
  using witness = new TimeWitness(routers.port("hub"));
  // Another time than what any wall clock here shows.
  const deadlineMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const times = await timesOf(routers);
    if (times.every((time) => time > wallMicros() + HOUR_MICROS / 2)) break;
    assertLess(performance.now(), deadlineMs, "not all routers have the time");
  }

  await t.step("WELCOME and SYNC tell it, alike at every site", async () => {
    const times = await timesOf(routers);
    for (const time of times) {
      assertLess(Math.abs(time - wallMicros() - witness.aheadMicros), SLACK_MICROS);
    }
    for (const name of NAMES) {
      await using client = await PublicClient.connect(routers.port(name), `/${name}`);
      const aheadMicros = client.clasp.time() - wallMicros();
      assertLess(Math.abs(aheadMicros - witness.aheadMicros), SLACK_MICROS, name);
    }
  });

  await t.step("a cue for all sites runs at its time, not before", async () => {
    await using a = await PublicClient.connect(routers.port("site-a"), "/site-a");
    const watchers: PublicClient[] = [];
    const arrivals: { readonly address: string; readonly atMicros: number }[] = [];
    try {
      for (const name of NAMES) {
        const watcher = await PublicClient.connect(routers.port(name), `/${name}`);
        watchers.push(watcher);
        await watcher.on("/nothing/**");
        watcher.clasp.on(`/${name}/cue/*`, (_value, address) => {
          arrivals.push({ address, atMicros: watcher.clasp.time() });
        });
        await watcher.settle();
      }
      const at = a.clasp.time() + AHEAD_MICROS;
      a.clasp.bundle([
        ...NAMES.map((name) => ({ set: [`/${name}/cue/look`, at] as [string, number] })),
        { emit: ["/site-b/cue/go", "now"] },
      ], { at });
      await pollUntil(() => arrivals.length >= 4, "the cue everywhere", DEADLINE_MS);
      assertEquals(arrivals.map(({ address }) => address).sort(), [
        "/hub/cue/look",
        "/site-a/cue/look",
        "/site-b/cue/go",
        "/site-b/cue/look",
      ]);
      for (const { atMicros } of arrivals) {
        assertGreater(atMicros, at - CLIENT_CLOCK_MICROS);
        assertLess(atMicros, at + SLACK_MICROS);
      }
      assertEquals(silenced.errors, []);
    } finally {
      for (const watcher of watchers) await watcher[Symbol.asyncDispose]();
    }
  });

  await t.step("what an owner refuses is told, with the share that it is about", async () => {
    await using b = await RawClient.connect(routers.port("site-b"));
    await using a = await RawClient.connect(routers.port("site-a"));
    const value = Uint8Array.of(0);
    const held = await b.set("/site-b/held", value, { lock: true });
    assertEquals(held.type, "ACK");
    const answer = await a.ask({
      type: "BUNDLE",
      messages: ["/site-a/x", "/site-b/held"].map((address) => ({ type: "SET", address, value })),
    });
    assert(answer.type === "ERROR");
    assertEquals([answer.code, answer.address], [401, "/site-b/held"]);
    assert(answer.message.includes('the share of router "site-b" ("/site-b/held")'));
  });
});

/** A leaf that knows a time which is ahead: the root goes forward to it. */
class TimeWitness implements Disposable {
  readonly aheadMicros: number = HOUR_MICROS;
  readonly #socket: WebSocket;

  constructor(port: number) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}`, ["clasp"]);
    this.#socket.onopen = () => {
      const timeMicros = wallMicros() + this.aheadMicros;
      const hello: Message = {
        type: "HELLO",
        version: 1,
        features: FEATURE.param | FEATURE.federation | FEATURE.envelope,
        name: "witness",
        router: { routerId: "witness", bootId: 1, timeMicros, timed: true },
      };
      const declaration: Message = {
        type: "FEDERATION_SYNC",
        op: "DeclareNamespaces",
        patterns: [],
        revisions: [],
        origin: "witness",
        declare: { more: false, claims: [], path: ["witness"] },
      };
      for (const message of [hello, declaration]) this.#socket.send(encodeFrame(message));
    };
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** What each router answers to SYNC. */
async function timesOf(routers: ThreeRouters): Promise<readonly number[]> {
  const times: number[] = [];
  for (const name of NAMES) {
    await using client = await RawClient.connect(routers.port(name));
    client.send({ type: "SYNC", t1: 1 });
    await client.until(() => client.all("SYNC").length > 0, "SYNC");
    const [sync] = client.all("SYNC");
    assertEquals(sync?.t2, sync?.t3);
    times.push(sync?.t2 ?? 0);
  }
  return times;
}

function wallMicros(): number {
  return Date.now() * 1_000;
}
