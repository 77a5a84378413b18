import { assertEquals } from "../../support/assert.ts";
import { set, type TestConnection, TestRouter } from "./test_router.ts";

const HIGH_WATER = 1_000;
const RESTART = { code: 1012, reason: "renewed" };
const TIMEOUT_MS = 1_000;

/** A router whose renewal of some connections can be asked for, and whether it is done. */
function setUp(): {
  readonly router: TestRouter;
  readonly renew: (connections: readonly TestConnection[]) => void;
  readonly dones: () => number;
} {
  const router = new TestRouter({ outboxHighWaterBytes: HIGH_WATER });
  let dones = 0;
  return {
    router,
    renew: (connections) =>
      router.core.renew(connections.map(({ id }) => id), {
        reason: RESTART.reason,
        timeoutMs: TIMEOUT_MS,
        nowMicros: router.nowMicros,
        done: () => dones++,
      }),
    dones: () => dones,
  };
}

Deno.test("a renewal closes the connections it is about with 1012, and no others", () => {
  const { router, renew, dones } = setUp();
  const [client, other] = [router.client(), router.client()];
  renew([client]);
  assertEquals(dones(), 0, "not before it has returned");
  router.advance(1);
  assertEquals([client.closed, other.closed, dones()], [RESTART, undefined, 1]);
  assertEquals(other.ask(set("/a", 1)).type, "ACK");
  assertEquals(router.client().ask(set("/a", 2)).type, "ACK", "the router goes on");
  router.advance(2 * TIMEOUT_MS);
  assertEquals([other.closed, dones()], [undefined, 1]);
});

Deno.test("a slow reader gets what waits before it is closed, and is served until then", () => {
  const { router, renew, dones } = setUp();
  const [writer, slow] = [router.client(), router.client()];
  slow.subscribe("/**");
  router.port.buffered.set(slow.id, HIGH_WATER);
  writer.ask(set("/a", 1));
  renew([slow]);
  router.advance(20);
  assertEquals([slow.closed, dones()], [undefined, 0]);
  slow.send(set("/a", 2));
  assertEquals(router.core.params.get("/a")?.revision, 2);
  router.port.buffered.set(slow.id, 0);
  router.advance(20);
  const updates = slow.read().filter((message) => message.type === "SET");
  assertEquals(updates.at(-1)?.revision, 2);
  assertEquals([slow.closed, dones()], [RESTART, 1]);
});

Deno.test("a reader that does not read is closed at the time-out, with all that waits", () => {
  const { router, renew, dones } = setUp();
  const [writer, slow] = [router.client(), router.client()];
  slow.subscribe("/**");
  router.port.buffered.set(slow.id, HIGH_WATER);
  writer.ask(set("/a", 1));
  renew([slow]);
  router.advance(TIMEOUT_MS - 10);
  assertEquals([slow.closed, slow.read().length], [undefined, 0]);
  router.advance(20);
  assertEquals(slow.read().map(({ type }) => type), ["SET"]);
  assertEquals([slow.closed, dones()], [RESTART, 1]);
});

Deno.test("a connection that ends by itself is not waited for; nor is nothing", () => {
  const { router, renew, dones } = setUp();
  const slow = router.client();
  router.port.buffered.set(slow.id, HIGH_WATER);
  renew([slow]);
  router.advance(20);
  assertEquals(dones(), 0);
  slow.leave();
  router.advance(20);
  assertEquals(dones(), 1);
  renew([slow]);
  router.advance(20);
  assertEquals(dones(), 2);
});
