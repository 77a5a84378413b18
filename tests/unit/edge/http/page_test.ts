import { joinModules } from "../../../../src/edge/http/join_modules.ts";
import {
  helloFrame,
  readFrames,
  subscribeFrame,
} from "../../../../src/edge/http/page/clasp_frames.js";
import { spanText, valueText } from "../../../../src/edge/http/page/format.js";
import { Owners } from "../../../../src/edge/http/page/owners.js";
import { ParamStore } from "../../../../src/edge/http/page/param_store.js";
import { problemsOf } from "../../../../src/edge/http/page/problems.js";
import { topologyOf } from "../../../../src/edge/http/page/topology.js";
import { parsePattern } from "../../../../src/address/pattern.ts";
import { Claims } from "../../../../src/federation/claims.ts";
import { decodeFrame, encodeFrame } from "../../../../src/wire/frame.ts";
import { encodeValue, type Value } from "../../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";

const VALUES: readonly Value[] = [
  ...[null, true, false, 1n, -1n, 2n ** 60n, 0.5, -3, "", "grün"],
  ...[new Uint8Array([1, 2]), [1n, [2n, "x"]], { a: { b: [true] }, "__proto__x": 1 }],
];

Deno.test("the page's frames say what the router's codec reads", () => {
  const hello = decodeFrame(helloFrame("page", "cap_x")).message;
  assertEquals(hello, {
    ...{ type: "HELLO", version: 1, features: 0x80, name: "page", token: "cap_x" },
    router: undefined,
  });
  const { message, header } = decodeFrame(subscribeFrame(70_000, "/ä/**"));
  assertEquals(message, {
    ...{ type: "SUBSCRIBE", id: 70_000, pattern: "/ä/**", types: 1, options: undefined },
  });
  assertEquals(header.qos, 1);
});

Deno.test("the page reads what the router writes, several frames in one message too", () => {
  for (const value of VALUES) {
    const encoded = encodeValue(value);
    const set = encodeFrame(
      { type: "SET", address: "/a/ä", value: encoded, revision: 7, ttl: 5, lock: true },
      { timestampMicros: 1_700_000_000_000_000 },
    );
    const params = [
      {
        address: "/b",
        value: encoded,
        revision: 2,
        writer: "w",
        timestampMicros: 1_700_000_000_000_001,
      },
      { address: "/c", value: encoded, revision: 3 },
    ];
    const snapshot = encodeFrame({ type: "SNAPSHOT", params });
    const [first, second] = readFrames(new Uint8Array([...set, ...snapshot]));
    assertEquals([first.address, first.revision], ["/a/ä", 7]);
    assertEquals(plain(first.value), plain(value));
    assertEquals(
      second.params.map((
        { address, revision, timeMicros }: Fields,
      ) => [address, revision, timeMicros]),
      [["/b", 2, 1_700_000_000_000_001], ["/c", 3, undefined]],
    );
    assertEquals(plain(second.params[1].value), plain(value));
  }
  const ack = encodeFrame({ type: "ACK", address: "/**" });
  const error = encodeFrame({ type: "ERROR", code: 300, message: "no" });
  assertEquals(readFrames(ack), [{ type: "ACK", address: "/**" }]);
  assertEquals(readFrames(error), [{ type: "ERROR", code: 300, message: "no" }]);
  for (let length = 1; length < ack.length; length++) {
    assertThrows(() => readFrames(ack.subarray(0, length)), RangeError);
  }
});

type Fields = Readonly<Record<string, unknown>>;

/** Maps as objects, so that both sides look alike. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Uint8Array) return [...value];
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).map(([key, item]) => [key, plain(item)]);
  }
  return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

Deno.test("the page finds owners as routers do", () => {
  const patterns = [
    ...["/**", "/a/**", "/a/*", "/a/b", "/a/zone*", "/a/zone5*", "/a/*/c", "/*/b/**", "/a/b/**"],
    ...["/a/**/x", "/a/z*n*5*"],
  ];
  const claims = new Claims();
  for (const text of patterns) {
    const claim = { pattern: parsePattern(text), ownerId: `owner of ${text}`, live: true };
    // One source each: nothing here is a conflict worth leaving out.
    claims.replace({ kind: "leaf", routerId: text }, [{ ...claim, live: false }]);
  }
  const owners = new Owners(
    claims.all().map(({ pattern, ownerId, live }) => ({
      pattern: pattern.text,
      owner: ownerId,
      live,
    })),
  );
  const addresses = [
    ...["/a", "/a/b", "/a/c", "/a/b/c", "/a/zone", "/a/zone5", "/a/zone55", "/q", "/q/b", "/q/b/c"],
    ...["/a/1/2/x", "/a/x", "/a/zanb5c", "/a/b/x"],
  ];
  for (const address of addresses) {
    assertEquals(owners.of(address)?.owner, claims.ownerOf(address)?.ownerId, address);
  }
  assertEquals(new Owners([]).of("/a"), undefined);
});

Deno.test("finding an owner takes no longer for a hostile pattern", () => {
  const pattern = `/${Array.from({ length: 10 }, () => "**/a").join("/")}/b`;
  const owners = new Owners([{ pattern, owner: "x", live: true }]);
  const startMs = performance.now();
  assertEquals(owners.of("/a".repeat(32)), undefined);
  assert(performance.now() - startMs < 50);
});

Deno.test("the page's store filters, sorts and forgets what has expired", () => {
  const store = new ParamStore();
  const put = (address: string, value: Value, revision: number, timeMicros = 0) =>
    store.put({ address, value, revision }, { nowMs: 0, timeMicros });
  put("/b/light", 1, 5, 30);
  put("/a/light", "on", 9, 10);
  put("/c/fader", 0.5, 1, 20);
  let nowMs = 0;
  const shown = (): string[] =>
    store.shown(nowMs += 10_000).map(({ address }: { address: string }) => address);
  assertEquals(shown(), ["/a/light", "/b/light", "/c/fader"]);
  store.sort("revision", true);
  assertEquals(shown(), ["/a/light", "/b/light", "/c/fader"]);
  store.sort("age", false);
  assertEquals(shown(), ["/b/light", "/c/fader", "/a/light"]);
  store.filter("LIGHT on");
  assertEquals(shown(), ["/a/light"]);
  put("/b/light", "now on too", 6, 40);
  assertEquals(shown(), ["/b/light", "/a/light"]);
  store.owners((address: string) => address === "/c/fader" ? "desk" : "other");
  store.filter("desk");
  assertEquals(shown(), ["/c/fader"]);
  store.filter("");
  store.beginAnew();
  put("/a/light", "on", 9);
  store.dropOld();
  assertEquals([shown(), store.size], [["/a/light"], 1]);
});

const WELL = {
  ...{ routerId: "site-a", state: "running", notReady: "", time: { timed: true }, params: 1 },
  ...{ paramsMax: 10, persistence: null, path: ["site-a", "hub"], claims: [] },
  links: [{
    ...{ peer: "hub", role: "hub", endpoint: "ws://hub", state: "Active", forSeconds: 9 },
    ...{ reason: "", degraded: "", rttMs: 1 },
  }],
  federation: [
    { router: "site-a", hub: "hub", state: "Active", forSeconds: 9, reason: "", rttMs: 1 },
    { router: "site-b", hub: "hub", state: "Active", forSeconds: 9, reason: "", rttMs: 1 },
  ],
};

Deno.test("the page says what is wrong, the worst first, and nothing when all is well", () => {
  assertEquals(problemsOf(WELL), []);
  const federation = [{ ...WELL.federation[1], state: "Disconnected", reason: "No power" }];
  const claims = [{ owner: "site-b", pattern: "/site-b/**", live: false }];
  const texts = problemsOf({ ...WELL, federation, claims, time: { timed: false } })
    .map(({ level, text }: Fields) => `${level} ${text}`);
  assertEquals(texts, [
    "bad site-b at hub: Disconnected for 9 s: No power",
    "busy This router does not know the federation's time yet.",
    "busy Cannot be reached, params are as they were: site-b (/site-b/**)",
  ]);
  const links = [{ ...WELL.links[0], state: "Failed", reason: "403: a scope is missing" }];
  assertEquals(
    problemsOf({ ...WELL, links })[0].text,
    "Link to the hub hub: Failed for 9 s: 403: a scope is missing",
  );
  const many = Array.from({ length: 40 }, (_, i) => ({ ...federation[0], router: `site ${i}` }));
  assertEquals(problemsOf({ ...WELL, federation: many }).at(-1).text, "And 28 more.");
});

interface Node {
  readonly id: string;
  readonly upper?: string;
  readonly level: string;
  readonly row: number;
}

Deno.test("the page's topology is a tree from the root down, in a ring too, and bounded", () => {
  const nodes = (status: unknown): Node[] => topologyOf(status).nodes;
  const shown = (status: unknown) =>
    nodes(status).map(({ id, upper, level }) => `${id} < ${upper} ${level}`).sort();
  assertEquals(shown(WELL), ["hub < undefined ok", "site-a < hub ok", "site-b < hub ok"]);
  const cut = [{ ...WELL.links[0], state: "Disconnected" }];
  assertEquals(shown({ ...WELL, links: cut }), [
    ...["hub < undefined unknown", "site-a < hub bad", "site-b < hub unknown"],
  ]);
  const ring = [{ router: "hub", hub: "site-a", state: "Active", rttMs: 1 }];
  assertEquals(nodes({ ...WELL, federation: ring }).length, 2);
  const many = Array.from({ length: 500 }, (_, i) => ({
    ...WELL.federation[1],
    router: `site ${i}`,
    state: i === 400 ? "Disconnected" : "Active",
  }));
  const { nodes: some, omitted } = topologyOf({ ...WELL, federation: many });
  assertEquals([some.length, omitted], [60, 442]);
  assert(some.some(({ id }: Node) => id === "site 400"));
});

Deno.test("the page's texts are short", () => {
  assertEquals([0, 59, 60, 3_700, 90_000].map(spanText), [
    ...["0 s", "59 s", "1 min 0 s", "1 h 1 min", "1 d 1 h"],
  ]);
  assertEquals(valueText("x".repeat(70_000)).length, 161);
  assertEquals(
    valueText(new Map([["a", [1, null, new Uint8Array(3)]]])),
    "{ a: [1, null, 3 bytes] }",
  );
});

Deno.test("joinModules() keeps each module's names to itself", () => {
  const one = "const secret = 1;\nexport function one() {\n  return secret;\n}\n";
  const two = 'import { one } from "./one.js";\nconst secret = 2;\n' +
    "export class Two {\n  sum = one() + secret;\n}\n";
  const last = 'import { Two } from "./two.js";\nglobalThis.joined = new Two().sum;\n';
  const holder: { joined?: number } = {};
  new Function("globalThis", joinModules([one, two, last]))(holder);
  assertEquals(holder.joined, 3);
});
