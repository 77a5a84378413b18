import { configureSync, type LogRecord, resetSync } from "npm:@logtape/logtape@2.4.2";
import { logHandlerError } from "../../../src/edge/log.ts";
import { RouterLog } from "../../../src/edge/router_log.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";

const HUB = "hub";
const SEE_THERE = "; the log of the other router may say why";
const EXPIRED = "the link was down or slow for longer than the event lives; see --event-ttl";

/** A log whose clock stands until it is moved, and what it wrote above level debug. */
class Watched implements Disposable {
  readonly lines: string[] = [];
  readonly records: LogRecord[] = [];
  readonly log: RouterLog = new RouterLog({
    isOutbound: (routerId) => routerId === HUB,
    nowMs: () => this.nowMs,
  });
  nowMs = 0;

  constructor() {
    configureSync({
      reset: true,
      sinks: { here: (record) => this.#take(record) },
      loggers: [
        { category: ["clasp-fed"], sinks: ["here"], lowestLevel: "info" },
        { category: ["logtape", "meta"], sinks: [] },
      ],
    });
  }

  #take(record: LogRecord): void {
    this.records.push(record);
    this.lines.push(`${record.level} ${record.message.map(String).join("")}`);
  }

  [Symbol.dispose](): void {
    resetSync();
  }
}

Deno.test("a leaf that comes and goes is logged with its reason", () => {
  using watched = new Watched();
  watched.log.linkEvent({ type: "connected", routerId: "site-a" });
  watched.log.linkEvent({ type: "disconnected", routerId: "site-a", reason: "gone" });
  assertEquals(watched.lines, [
    'info Leaf "site-a" connected',
    `warning Leaf "site-a" disconnected: gone${SEE_THERE}`,
  ]);
  assertEquals(watched.records.map(({ properties }) => properties["event"]), [
    "leaf-connected",
    "leaf-disconnected",
  ]);
});

Deno.test("a leaf that is lost for the same reason again is logged once in 30 s", () => {
  using watched = new Watched();
  for (let port = 1; port <= 5; port++) {
    const reason = `Superseded by 127.0.0.1:${port}`;
    watched.log.linkEvent({ type: "disconnected", routerId: "site-a", reason });
  }
  watched.log.linkEvent({ type: "disconnected", routerId: "site-a", reason: "something else" });
  watched.nowMs = 30_000;
  watched.log.linkEvent({
    type: "disconnected",
    routerId: "site-a",
    reason: "Superseded by 1.1.1.1:1",
  });
  assertEquals(watched.lines, [
    `warning Leaf "site-a" disconnected: Superseded by 127.0.0.1:1${SEE_THERE}`,
    `warning Leaf "site-a" disconnected: something else${SEE_THERE}`,
    `warning Leaf "site-a" disconnected: Superseded by 1.1.1.1:1${SEE_THERE} ` +
    "(and 4 times more before)",
  ]);
});

Deno.test("redialling is logged at the first attempt and then once in 30 s", () => {
  using watched = new Watched();
  for (let attempt = 1; attempt <= 100; attempt++) {
    watched.log.linkEvent({ type: "stateChanged", routerId: "", state: "Connecting" });
    const reason = `no answer ${attempt}`;
    const nextAttemptMs = attempt * 400;
    watched.log.linkEvent({
      ...{ type: "stateChanged", routerId: "", state: "Disconnected", reason, nextAttemptMs },
    });
    watched.nowMs += 400;
  }
  assertEquals(watched.lines, [
    `warning Not connected to the hub (attempt 1, next in 0.4 s): no answer 1${SEE_THERE}`,
    `warning Not connected to the hub (attempt 76, next in 30 s): no answer 76${SEE_THERE}`,
  ]);
});

Deno.test("after a success the next failure is the first attempt again, and logged at once", () => {
  using watched = new Watched();
  const lost = { type: "stateChanged", routerId: "", state: "Disconnected", reason: "x" } as const;
  watched.log.linkEvent(lost);
  watched.log.linkEvent({ type: "connected", routerId: HUB });
  watched.log.linkEvent({ type: "disconnected", routerId: HUB, reason: "x" });
  watched.log.linkEvent(lost);
  assertEquals(watched.lines, [
    `warning Not connected to the hub (attempt 1): x${SEE_THERE}`,
    'info Connected to hub "hub"',
    `warning Not connected to the hub (attempt 1): x${SEE_THERE}`,
  ]);
});

Deno.test("a link that has failed for good is an error", () => {
  using watched = new Watched();
  const reason = "300: no such token";
  watched.log.linkEvent({ type: "stateChanged", routerId: "", state: "Failed", reason });
  assertEquals(watched.lines, [
    "error The link to the hub has failed and is not tried again before SIGHUP or a restart: " +
    "300: no such token; show another token, and look at clasp-fed token list where it is checked",
  ]);
});

Deno.test("each conflict is logged, other refusals once in 30 s for each code", () => {
  using watched = new Watched();
  const refused = (code: number, message: string): void =>
    watched.log.linkEvent({ type: "refused", routerId: "site-a", code, message });
  refused(409, '"/a/**" of "x" overlaps "/a/b/**" of "y"');
  refused(409, '"/a/**" of "x" overlaps "/a/c/**" of "y"');
  refused(409, '"/a/**" of "x" overlaps "/a/c/**" of "y"');
  for (let i = 0; i < 1_000; i++) refused(403, `not your address /${i}`);
  assertEquals(watched.lines, [
    'warning Refused on the link with router "site-a": 409 "/a/**" of "x" overlaps "/a/b/**" of "y"; ' +
    "change one of them",
    'warning Refused on the link with router "site-a": 409 "/a/**" of "x" overlaps "/a/c/**" of "y"; ' +
    "change one of them",
    'warning Refused on the link with router "site-a": 403 not your address /0; look at the ' +
    "namespaces of both and at the scopes of the token: clasp-fed explain ADDRESS",
  ]);
  assertEquals(watched.records[0]?.properties["event"], "conflict");
  assertEquals(watched.records[2]?.properties["event"], "refused");
});

Deno.test("links that end because the router stops are no news", () => {
  using watched = new Watched();
  watched.log.stopping();
  watched.log.linkEvent({ type: "disconnected", routerId: "site-a", reason: "stopping" });
  assertEquals(watched.lines, []);
});

Deno.test("an internal error is logged with its stack", () => {
  using watched = new Watched();
  logHandlerError(new TypeError("x is not y"));
  assertEquals(watched.lines, [
    "error A connection was closed by an internal error, a bug; please report it: TypeError: x is " +
    "not y",
  ]);
  assertStringIncludes(String(watched.records[0]?.properties["stack"]), "router_log_test.ts");
});

Deno.test("lost events are logged once in 30 s for each peer and reason, with what was left out", () => {
  using watched = new Watched();
  const event = { type: "eventLost", address: "/cue", origin: "site-b", sequence: 7 } as const;
  for (let n = 0; n < 5; n++) {
    watched.log.linkEvent({ ...event, routerId: "site-a", why: "expired" });
  }
  watched.log.linkEvent({ ...event, routerId: "site-a", why: "unknown" });
  watched.nowMs = 30_000;
  watched.log.linkEvent({ ...event, routerId: "site-a", why: "expired" });
  const line = 'warning Event at "/cue" lost on the way with router "site-a": ';
  assertEquals(watched.lines, [
    `${line}expired, ${EXPIRED}`,
    `${line}unknown, the link broke before it was acknowledged, so it may have arrived`,
    `${line}expired, ${EXPIRED} (and 4 times more before)`,
  ]);
  assertEquals(watched.records[0]?.properties["event"], "event-lost");
});

Deno.test("a reason says what to do: in its own words, or with advice", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["Cannot connect to ws://hub:7330: connection refused", /is a router running there/],
    ["Cannot connect to ws://hubb:7330: failed to lookup address information", /find the name/],
    ["No answer to 3 heartbeats", /look at the network/],
    ["302: the token has expired", /show another token/],
    ['409: "/a/**" of "x" overlaps "/a/**" of "y"; change one of them', /y"; change one of them$/],
    ['Router id "x" is in use from 1.2.3.4; set --federation-id', /set --federation-id$/],
    ["ring: this router is already above its hub (a > b)", /wrong hub; see --federation-hub/],
    ["503: overloaded", /it is tried again/],
    ["something new", /log of the other router/],
  ];
  for (const [reason, wanted] of cases) {
    using watched = new Watched();
    watched.log.linkEvent({ type: "stateChanged", routerId: "", state: "Failed", reason });
    assertMatch(watched.lines[0] ?? "", wanted);
  }
});
