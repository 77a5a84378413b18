import { LIMITED_ADDRESSES_MAX, LIMITED_BYTES_MAX, LIMITED_IDLE_MS } from "../../../src/limits.ts";
import { Agenda } from "../../../src/router/agenda.ts";
import type { UpdateLimit } from "../../../src/router/subscription_limits.ts";
import { UpdateLimiter } from "../../../src/router/update_limiter.ts";
import { assertEquals, assertLessOrEqual } from "../../support/assert.ts";

const ONCE_A_SECOND: readonly UpdateLimit[] = [{ intervalMicros: 1_000_000, epsilon: 0 }];
const BY_TEN: readonly UpdateLimit[] = [{ intervalMicros: 0, epsilon: 10 }];

interface Update {
  readonly number: number;
  readonly bytes: number;
}

/** A limiter on an agenda of its own, of which a test sees what is released. */
class Stage {
  readonly agenda = new Agenda();
  readonly released: string[] = [];
  /** Of all addresses, by their first letter. */
  readonly limits = new Map<string, readonly UpdateLimit[]>();
  nowMicros = 0;
  readonly limiter = new UpdateLimiter<Update>({
    nowMicros: () => this.nowMicros,
    after: (delayMs, action) => this.agenda.at(this.nowMicros + delayMs * 1_000, action),
    cancel: (appointment) => this.agenda.cancel(appointment),
    limits: (address) => this.limits.get(address[0] ?? ""),
    number: ({ number }) => number,
    keep: (_address, update) => update,
    bytes: ({ bytes }) => bytes,
    newest: (_address, kept) => kept,
    release: (address, { number }) => this.released.push(`${address} ${number}`),
  });

  constructor() {
    this.limits.set("a", ONCE_A_SECOND);
    this.limits.set("b", BY_TEN);
  }

  offer(address: string, number: number, bytes = 0): boolean {
    const limits = this.limits.get(address[0] ?? "") ?? [];
    return this.limiter.offer(address, { number, bytes }, limits);
  }

  run(ms: number): void {
    const untilMicros = this.nowMicros + ms * 1_000;
    for (;;) {
      const next = this.agenda.nextMicros;
      if (next === undefined || next > untilMicros) break;
      this.nowMicros = next;
      this.agenda.run(next);
    }
    this.nowMicros = untilMicros;
  }
}

Deno.test("what waits for a limit that is lifted is released, what is not wanted is dropped", () => {
  const stage = new Stage();
  for (const number of [1, 2]) {
    stage.offer("a", number);
    stage.offer("a/not-wanted", number);
  }
  stage.limits.set("a", []);
  stage.limiter.subscriptionsChanged(() => true);
  assertEquals(stage.released, ["a 2", "a/not-wanted 2"]);
  stage.limits.set("a", ONCE_A_SECOND);
  stage.offer("a", 3, 10);
  assertEquals(stage.limiter.keptBytes, 10);
  stage.limits.delete("a");
  stage.limiter.subscriptionsChanged(() => true);
  assertEquals(stage.limiter.keptBytes, 0);
  stage.run(2_000);
  assertEquals(stage.released.length, 2);
});

Deno.test("a limit that became slower counts for what waits", () => {
  const stage = new Stage();
  stage.offer("a", 1);
  stage.offer("a", 2);
  stage.limits.set("a", [{ intervalMicros: 3_000_000, epsilon: 0 }]);
  stage.limiter.subscriptionsChanged(() => true);
  stage.run(2_900);
  assertEquals(stage.released, []);
  stage.run(200);
  assertEquals(stage.released, ["a 2"]);
});

Deno.test("after a change of subscriptions the next number is sent, however alike", () => {
  const stage = new Stage();
  assertEquals([stage.offer("b", 1), stage.offer("b", 2)], [true, false]);
  stage.limiter.subscriptionsChanged((address) => address !== "b");
  assertEquals(stage.offer("b", 2), false);
  stage.limiter.subscriptionsChanged(() => true);
  assertEquals([stage.offer("b", 2), stage.offer("b", 3)], [true, false]);
});

Deno.test("an address that is left alone is forgotten, one that waits is not", () => {
  const stage = new Stage();
  stage.offer("b", 1);
  stage.run(LIMITED_IDLE_MS - 60_000);
  assertEquals(stage.limiter.size, 1);
  stage.offer("b/2", 1);
  stage.run(120_000);
  assertEquals(stage.limiter.size, 1);
  stage.run(LIMITED_IDLE_MS);
  assertEquals(stage.limiter.size, 0);
  assertEquals(stage.agenda.nextMicros, undefined);
});

Deno.test("at the bound of addresses the one used longest ago is forgotten", () => {
  const stage = new Stage();
  for (let n = 0; n < LIMITED_ADDRESSES_MAX; n++) stage.offer(`b/${n}`, 0);
  stage.offer("b/0", 1);
  assertEquals(stage.offer("b/new", 1), true);
  assertEquals(stage.limiter.size, LIMITED_ADDRESSES_MAX);
  // Known still, known still, forgotten.
  assertEquals([stage.offer("b/0", 1), stage.offer("b/2", 1)], [false, false]);
  assertEquals(stage.offer("b/1", 1), true);
});

Deno.test("at the bound of bytes updates are sent instead of kept, the newest last", () => {
  const stage = new Stage();
  const bytes = 65_536;
  const most = LIMITED_BYTES_MAX / bytes;
  for (let n = 0; n < most; n++) {
    stage.offer(`a/${n}`, 1);
    assertEquals(stage.offer(`a/${n}`, 2, bytes), false);
  }
  assertEquals(stage.limiter.keptBytes, LIMITED_BYTES_MAX);
  stage.offer("a/more", 1);
  assertEquals(stage.offer("a/more", 2, 1), true);
  // One that waits may still be replaced.
  assertEquals(stage.offer("a/0", 3, bytes), false);
  assertLessOrEqual(stage.limiter.keptBytes, LIMITED_BYTES_MAX);
  stage.run(1_001);
  assertEquals(stage.limiter.keptBytes, 0);
  assertEquals(stage.released.length, most);
  assertEquals(stage.released.includes("a/0 3"), true);
});

Deno.test("close() forgets what waits and what was planned", () => {
  const stage = new Stage();
  stage.offer("a", 1);
  stage.offer("a", 2, 10);
  stage.limiter.close();
  assertEquals([stage.limiter.size, stage.limiter.keptBytes], [0, 0]);
  assertEquals(stage.agenda.nextMicros, undefined);
});
