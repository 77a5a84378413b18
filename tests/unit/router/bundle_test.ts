import { BUNDLE_DEPTH_MAX } from "../../../src/limits.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import {
  ALL_SIGNALS,
  type BundleMessage,
  type Message,
  QOS,
  SIGNAL,
} from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { codeOf, set, type TestConnection, TestRouter } from "./test_router.ts";

const EVENT: Message = {
  type: "PUBLISH",
  address: "/e",
  signal: SIGNAL.event,
  phase: 0,
  value: encodeValue(1),
};

Deno.test("a bundle is done in order and acknowledged with its last revision", () => {
  const router = new TestRouter();
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  const answer = writer.ask(bundle([set("/a", 1), EVENT, set("/b", 2), set("/a", 3)]));
  assertEquals(answer.type === "ACK" && answer.revision, 2);
  assertEquals(
    reader.read().map((message) =>
      message.type === "SET" || message.type === "PUBLISH"
        ? `${message.type} ${message.address}`
        : message.type
    ),
    ["SET /a", "PUBLISH /e", "SET /b", "SET /a"],
  );
});

Deno.test("a bundle that came with Fire gets no ACK", () => {
  const client = new TestRouter().client();
  client.send(bundle([set("/a", 1)]), { qos: QOS.fire });
  assertEquals(client.read(), []);
});

Deno.test("an empty bundle is done", () => {
  assertEquals(new TestRouter().client().ask(bundle([])).type, "ACK");
});

/** Each in front of and behind things that could be done. */
const REFUSED: readonly (readonly [string, number, Message])[] = [
  ["a revision conflict", 400, set("/known", 9, { revision: 5 })],
  ["a lock of another", 401, set("/locked", 9)],
  ["an address that is none", 200, set("no-slash", 9)],
  ["an event at an address that is none", 200, { ...EVENT, address: "/x//y" } as Message],
  ["an address of routers", 403, set("/clasp/federation/x", 9)],
  ["a value that is too large", 402, set("/big", new Uint8Array(65_390))],
  ["a PUBLISH of a param", 101, { ...EVENT, signal: SIGNAL.param } as Message],
  ["a message that is no SET, PUBLISH or BUNDLE", 101, { type: "GET", address: "/known" }],
  ["a subscription", 101, { type: "SUBSCRIBE", id: 1, pattern: "/**", types: ALL_SIGNALS }],
  ["the same, one bundle deeper", 400, bundle([set("/known", 9, { revision: 5 })])],
  ["a third address where there is room for two", 503, bundle([set("/n/1", 1), set("/n/2", 1)])],
];

for (const [what, code, part] of REFUSED) {
  Deno.test(`a bundle with ${what} is refused as a whole`, () => {
    const router = new TestRouter({ paramsMax: 4 });
    const [other, writer, reader] = [router.client(), router.client(), router.client()];
    other.ask(set("/known", 1));
    other.ask(set("/locked", 1, { lock: true }));
    reader.subscribe("/**");
    // Alone, because no frame has room for more beside the largest value.
    const parts = what.includes("too large") ? [[part]] : [[set("/new", 1), EVENT, part], [
      part,
      EVENT,
      set("/new", 1),
    ]];
    for (const messages of parts) {
      assertEquals(codeOf(writer.ask(bundle(messages))), code);
      assertEquals(reader.read(), []);
      assertEquals(router.core.params.size, 2);
      assertEquals(router.core.params.get("/known")?.revision, 1);
    }
  });
}

Deno.test("expected revisions in a bundle count what the bundle itself did before", () => {
  const router = new TestRouter();
  const client = router.client();
  const answer = client.ask(bundle([
    set("/a", 1, { revision: 0 }),
    set("/a", 2, { revision: 1 }),
    bundle([set("/a", 3, { revision: 2 })]),
  ]));
  assertEquals(answer.type === "ACK" && answer.revision, 3);
  const stale = bundle([set("/a", 4, { revision: 3 }), set("/a", 5, { revision: 3 })]);
  assertEquals(codeOf(client.ask(stale)), 400);
  assertEquals(router.core.params.get("/a")?.revision, 3);
});

Deno.test("an address that is new in a bundle twice takes one place", () => {
  const router = new TestRouter({ paramsMax: 1 });
  const answer = router.client().ask(bundle([set("/a", 1), set("/a", 2)]));
  assertEquals(answer.type, "ACK");
});

Deno.test("a lock taken in a bundle holds for its sender in the same bundle", () => {
  const router = new TestRouter();
  const [holder, other] = [router.client(), router.client()];
  assertEquals(holder.ask(bundle([set("/a", 1, { lock: true }), set("/a", 2)])).type, "ACK");
  assertEquals(codeOf(other.ask(set("/a", 3))), 401);
});

Deno.test("bundles nest up to the bound and no deeper", () => {
  const client = new TestRouter().client();
  let nested: Message = set("/a", 1);
  for (let depth = 0; depth < BUNDLE_DEPTH_MAX; depth++) nested = bundle([nested]);
  assertEquals(client.ask(nested).type, "ACK");
  // Written by hand: our own writer refuses it.
  client.sendBytes(wrapInBundle(encodeFrame(nested)));
  assertEquals(codeOf(client.readOne()), 101);
});

Deno.test("a bundle whose time is past runs at once", () => {
  const router = new TestRouter();
  const client = router.client();
  const later = () => at(router.wallMicros, [set("/a", 1)]);
  assertEquals(client.ask(at(1, [set("/a", 1)])).type, "ACK");
  assertEquals(client.ask(later()).type, "ACK");
  assertEquals(revisionOf(client), 2);
});

Deno.test("a bundle in a bundle has the time of the outermost, or is refused", () => {
  const router = new TestRouter();
  const client = router.client();
  const soon = router.wallMicros + 5_000;
  const inner = at(soon, [set("/a", 1)]);
  for (const outer of [bundle([inner]), at(soon + 1, [inner]), bundle([bundle([inner])])]) {
    assertEquals(codeOf(client.ask(outer)), 101);
  }
  for (const outer of [at(soon, [inner]), at(soon, [bundle([inner])])]) {
    assertEquals(client.ask(outer).type, "ACK");
  }
  router.advance(5);
  assertEquals(revisionOf(client), 2);
});

function at(timestampMicros: number, messages: readonly Message[]): BundleMessage {
  return { type: "BUNDLE", timestampMicros, messages };
}

function bundle(messages: readonly Message[]): BundleMessage {
  return { type: "BUNDLE", messages };
}

function wrapInBundle(frame: Uint8Array): Uint8Array {
  const payload = frame.subarray(4);
  const inner = [0x30, 0, 0, 1, payload.length >> 8, payload.length & 0xff, ...payload];
  return Uint8Array.from([0x53, 0x41, inner.length >> 8, inner.length & 0xff, ...inner]);
}

function revisionOf(client: TestConnection): number {
  const answer = client.ask({ type: "GET", address: "/a" });
  assert(answer.type === "SNAPSHOT");
  return answer.params[0]?.revision ?? 0;
}
