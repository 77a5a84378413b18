import { assertEquals } from "../../support/assert.ts";
import { codeOf, set, type TestConnection, TestRouter } from "./test_router.ts";

const HIGH_WATER = 1_000;
const BUG = new TypeError("planted");

interface Site {
  readonly router: TestRouter;
  readonly failures: unknown[];
  readonly broken: TestConnection;
  readonly other: TestConnection;
}

/** A router with two clients that do not read, of which the first has a bug. */
function setUp(): Site {
  const router = new TestRouter({ outboxHighWaterBytes: HIGH_WATER });
  const failures: unknown[] = [];
  router.port.failures = failures;
  const [broken, other] = [router.client(), router.client()];
  for (const { id } of [broken, other]) router.port.buffered.set(id, HIGH_WATER);
  return { router, failures, broken, other };
}

function throws(): never {
  throw BUG;
}

function assertEndedAlone({ router, failures, broken, other }: Site): void {
  assertEquals(failures, [BUG]);
  assertEquals(broken.read().map(codeOf), [500]);
  assertEquals([broken.closed?.code, other.closed], [1011, undefined]);
  assertEquals(router.core.clientSessions, 1);
}

Deno.test("a source that throws when its turn comes ends its connection, and no other", () => {
  const site = setUp();
  const { router, broken, other } = site;
  const connection = router.core.connection(broken.id);
  connection?.outbox.addSource({ next: throws });
  if (connection !== undefined) router.core.pump(connection);
  other.send({ type: "PING" });
  router.port.buffered.clear();
  router.advance(4);
  assertEndedAlone(site);
  assertEquals(other.read(), [{ type: "PONG" }]);
  other.send(set("/a", 1));
  assertEquals(router.core.params.size, 1);
  assertEquals(router.core.nextWakeMicros, undefined, "nothing waits any more");
});

Deno.test("a handler that throws when its connection drains ends that one", () => {
  const site = setUp();
  const { router, broken, other } = site;
  const handler = router.core.connection(broken.id)?.handler;
  Object.assign(handler ?? {}, { drained: throws });
  for (const client of [broken, other]) client.send({ type: "PING" });
  router.port.buffered.clear();
  router.advance(4);
  broken.readBytes().shift();
  assertEquals([site.failures, broken.closed?.code, other.closed], [[BUG], 1011, undefined]);
  assertEquals(other.read(), [{ type: "PONG" }]);
});

Deno.test("a batch that throws ends its connection, and the other batches are sent", () => {
  const site = setUp();
  const { router, broken } = site;
  let others = 0;
  router.core.flushAtEndOfTurn(throws, router.core.connection(broken.id));
  router.core.flushAtEndOfTurn(() => others++);
  router.core.flush(router.nowMicros);
  assertEndedAlone(site);
  assertEquals([others, router.core.wantsFlush], [1, false]);
});

Deno.test("a timer about one connection that throws ends that one, and the timers behind it run", () => {
  const site = setUp();
  const { router, broken } = site;
  let others = 0;
  router.core.after(1, throws, router.core.connection(broken.id));
  router.core.after(1, () => others++);
  router.advance(1);
  assertEndedAlone(site);
  assertEquals(others, 1);
});

Deno.test("a connection whose end throws as well is gone all the same, and both are told", () => {
  const site = setUp();
  const { router, failures, broken } = site;
  const connection = router.core.connection(broken.id);
  const late = new TypeError("planted in closed()");
  Object.assign(connection?.handler ?? {}, {
    closed: () => {
      throw late;
    },
  });
  router.core.flushAtEndOfTurn(throws, connection);
  router.core.flush(router.nowMicros);
  assertEquals([failures, connection?.isClosed], [[late, BUG], true]);
  assertEquals(router.core.connection(broken.id), undefined);
});
