import { isRouterStatus } from "../../../src/cli/is_router_status.ts";
import { spanText, statusText } from "../../../src/cli/status_text.ts";
import { routerMetrics } from "../../../src/edge/http/router_metrics.ts";
import type {
  ClaimStatus,
  LinkStatus,
  RouterStatus,
} from "../../../src/edge/http/router_status.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";

const NOTHING = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };
const PLAIN = { hasColor: false, rowsMax: 100 };

const LINK: LinkStatus = {
  ...{ peer: "hub", role: "hub", endpoint: "ws://hub:7330", state: "Active" },
  ...{ since: "2026-11-22T18:00:00.000Z", forSeconds: 75, downSeconds: null, reason: "" },
  ...{ degraded: "", claims: 2, rttMs: 1.5, clockOffsetMs: -3, queued: 0, queuedBytes: 0 },
  ...{ conflated: 0, expired: 0, unknown: 0, dropped: 0, refused: 0, lastError: null },
  rates: { ...NOTHING, updatesIn: 12.34, updatesOut: 1_234.5 },
  totals: { ...NOTHING, updatesIn: 0, updatesOut: 0 },
};

const STATUS: RouterStatus = {
  ...{ version: "1.2.3", name: "booth", routerId: "site-a", bootId: 1, mode: "leaf" },
  ...{ state: "running", ready: true, notReady: "", security: "open", uptimeSeconds: 90_061 },
  time: { now: "2026-11-22T18:00:00.000Z", micros: 1, timed: true },
  ...{ path: ["site-a", "hub"], namespaces: ["/site-a/**"], federation: [], claims: [] },
  links: [LINK],
  omitted: { claims: 0, links: 0, federation: 0 },
  ...{ sessions: 1, connections: 2, subscriptions: 3, params: 1_234 },
  ...{ paramsMax: 1_000_000, tombstones: 0, rates: NOTHING, totals: NOTHING, queuedBytes: 0 },
  counts: { changes: 0, paramDeliveries: 0, publications: 0, eventDeliveries: 0 },
  unsent: { conflated: 0, dropped: 0, expired: 0 },
  refused: {},
  memory: { rssBytes: 84_000_000, heapUsedBytes: 1 },
  persistence: null,
};

Deno.test("statusText() aligns what a link is like, and says how long it is down", () => {
  const text = statusText(STATUS, "ws://booth:7330", PLAIN);
  assertStringIncludes(text, 'site-a  leaf  "booth"  clasp-fed 1.2.3  up 1 d 1 h');
  assertMatch(text, /\nActive {2}hub {3}hub {2}1 min 15 s {2}1\.50 ms {5}12\.3 {2}1,235 /);
  assertStringIncludes(text, "1 client, 3 subscriptions, 1,234 of 1,000,000 params");
  const down = { ...LINK, state: "Connecting", downSeconds: 3_600, reason: "refused" } as const;
  const away = statusText({ ...STATUS, links: [down] }, "ws://booth:7330", PLAIN);
  assertMatch(away, /\nConnecting {2}hub {3}hub {2}1 h 0 min .* refused\n/);
  const notReady = { ...STATUS, ready: false, notReady: "waiting" };
  assertStringIncludes(statusText(notReady, "", PLAIN), "not ready: waiting");
  const persistence = { file: "/var/state", saved: false, problem: "No space left on device" };
  assertStringIncludes(
    statusText({ ...STATUS, persistence }, "", PLAIN),
    "\nnot saved to /var/state: No space left on device\n",
  );
  assert(!text.includes("not saved"));
  const failing = (status: RouterStatus) =>
    routerMetrics(status).find(({ name }) => name === "clasp_persist_failing")?.samples[0]?.value;
  assertEquals([failing(STATUS), failing({ ...STATUS, persistence })], [0, 1]);
});

Deno.test("statusText() has colours only where they are wanted, and no other's escapes", () => {
  const evil = {
    ...LINK,
    peer: "\x1b[2J\nActive",
    state: "Failed",
    reason: "\x07\x1b]0;x",
  } as const;
  const status = { ...STATUS, name: "\x1b[31m", links: [evil] };
  const plain = statusText(status, "ws://x", PLAIN);
  // deno-lint-ignore no-control-regex
  assertEquals(/[\x00-\x09\x0b-\x1f]/.test(plain), false);
  assertStringIncludes(plain, "\\u001b[2J\\u000aActive");
  const colored = statusText(status, "ws://x", { ...PLAIN, hasColor: true });
  assertStringIncludes(colored, "\x1b[31mFailed\x1b[0m");
  // deno-lint-ignore no-control-regex
  assertEquals(colored.replaceAll(/\x1b\[\d+m/g, ""), plain);
});

Deno.test("statusText() leaves out what does not fit and says how much", () => {
  const claims = Array.from({ length: 30 }, (_, i): ClaimStatus => ({
    pattern: `/site-${i}/**`,
    owner: `site-${i}`,
    live: i !== 3,
    way: "hub",
    via: "hub",
  }));
  const status = { ...STATUS, claims, omitted: { claims: 1_000, links: 0, federation: 0 } };
  const text = statusText(status, "ws://x", { hasColor: false, rowsMax: 10 });
  assertStringIncludes(text, "\nand 1,020 more\n");
  assertMatch(text, /\n\/site-3\/\*\* +site-3 +unreachable +hub hub\n/);
});

Deno.test("spanText() shows the two largest units", () => {
  assertEquals([0, 59.4, 61, 3_661, 86_400].map(spanText), [
    ...["0 s", "59 s", "1 min 1 s", "1 h 1 min", "1 d 0 h"],
  ]);
});

Deno.test("isRouterStatus() takes what a router says, and nothing that lacks a part of it", () => {
  assert(isRouterStatus(STATUS));
  assert(isRouterStatus({ ...STATUS, something: "new" }));
  for (const value of [null, [], "x", {}, { ...STATUS, links: [{}] }, { ...STATUS, params: "1" }]) {
    assertEquals(isRouterStatus(value), false);
  }
  for (const name of ["version", "path", "claims", "time", "rates", "memory", "omitted"]) {
    assertEquals(isRouterStatus({ ...STATUS, [name]: undefined }), false, name);
  }
});
