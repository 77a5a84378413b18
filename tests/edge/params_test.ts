import { type ErrorMessage, QOS, type Ttl } from "../../src/wire/message.ts";
import { encodeTtl } from "../../src/wire/ttl.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
} from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { pollUntil } from "../support/poll_until.ts";
import { PublicClient, SilencedConsole } from "../support/public_client.ts";
import { RawClient } from "../support/raw_client.ts";

const VALUE = encodeValue(1);
const TTL_MS = 2_000;
/** A sweep finds what has expired by then. */
const LATE_MAX_MS = 1_000;
/** A busy machine takes its time. */
const SLOW_MS = 500;

Deno.test("a param expires within 1 s of its due time, by the kind of its TTL", async (t) => {
  await using router = new LocalRouter({ paramTtl: { kind: "absolute", seconds: 2 } });
  const cases: readonly ExpiryCase[] = [
    { name: "absolute, left alone", ttl: { kind: "absolute", seconds: 2 }, livesMs: TTL_MS },
    { name: "the router's own", ttl: undefined, livesMs: TTL_MS },
    {
      name: "absolute, read all the time",
      ttl: { kind: "absolute", seconds: 2 },
      readForMs: 1_500,
      livesMs: TTL_MS,
    },
    { name: "sliding, left alone", ttl: { kind: "sliding", seconds: 2 }, livesMs: TTL_MS },
    {
      name: "sliding, read for a while",
      ttl: { kind: "sliding", seconds: 2 },
      readForMs: 1_500,
      // A read renews when a quarter of the TTL has passed since the last time.
      livesMs: 1_500 - TTL_MS / 4 + TTL_MS,
      orLongerMs: TTL_MS / 4,
    },
    {
      name: "absolute, written again",
      ttl: { kind: "absolute", seconds: 2 },
      writeAfterMs: 1_000,
      livesMs: 1_000 + TTL_MS,
    },
    { name: "never", ttl: { kind: "never" }, livesMs: Infinity },
  ];
  await Promise.all(cases.map((one, index) =>
    t.step({
      name: one.name,
      fn: () => expire(router, `/ttl/${index}`, one),
      sanitizeOps: false,
      sanitizeResources: false,
      sanitizeExit: false,
    })
  ));
  assertEquals([...router.router.params()].map(({ address }) => address), ["/ttl/6"]);
});

Deno.test("what has expired does not exist for who writes, and its revision goes on", async () => {
  await using router = new LocalRouter();
  await using client = await RawClient.connect(router.port);
  const ttl = encodeTtl({ kind: "absolute", seconds: 1 });
  await client.set("/a", VALUE, { ttl });
  await client.set("/a", VALUE, { ttl });
  await untilGone(client, "/a");
  assertEquals(codeOf(await client.set("/a", VALUE, { revision: 2 })), 400);
  const answer = await client.set("/a", VALUE, { revision: 0 });
  assert(answer.type === "ACK");
  assertEquals(answer.revision, 3);
});

Deno.test("a full router refuses new params by any way, keeps what it has and takes updates", async () => {
  await using router = new LocalRouter({ maxParams: 2 });
  await using client = await RawClient.connect(router.port);
  const ttl = encodeTtl({ kind: "absolute", seconds: 1 });
  await client.set("/kept", encodeValue("first"));
  await client.set("/short", VALUE, { ttl });
  const refused = await client.set("/new", VALUE);
  assert(refused.type === "ERROR");
  assertEquals([refused.code, refused.address, refused.message], [
    503,
    "/new",
    'Cannot set "/new": the router keeps 2 params, its limit',
  ]);
  assertEquals(codeOf(await client.set("/new", VALUE, { revision: 0, lock: true })), 503);
  const update = { type: "SET", address: "/kept", value: encodeValue("second") } as const;
  const bundle = { type: "BUNDLE", messages: [update, { ...update, address: "/new" }] } as const;
  assertEquals(codeOf(await client.ask(bundle)), 503);
  assertEquals(await revisionAt(client, "/kept"), 1);
  // A refused SET with a lock has locked nothing, and updates go on.
  assertEquals(codeOf(await client.set("/kept", VALUE, { lock: true })), undefined);
  assertEquals(await revisionAt(client, "/kept"), 2);
  assertEquals(router.router.paramCount, 2);
  await untilGone(client, "/short");
  assertEquals(codeOf(await client.set("/new", VALUE)), undefined);
});

Deno.test("a lock is the holder's: others cannot take, release or pass it, by whatever message", async () => {
  await using router = new LocalRouter();
  await using holder = await RawClient.connect(router.port);
  await using other = await RawClient.connect(router.port);
  const locked = await holder.set("/a", VALUE, { lock: true });
  assert(locked.type === "ACK");
  assertEquals([locked.locked, locked.holder !== undefined], [true, true]);
  const attempts = [
    {},
    { lock: true },
    { unlock: true },
    { lock: true, unlock: true },
    { revision: 1 },
  ];
  for (const attempt of attempts) {
    const answer = await other.set("/a", VALUE, attempt);
    assert(answer.type === "ERROR");
    assertEquals([answer.code, answer.address], [401, "/a"]);
    assert(answer.message.includes(locked.holder ?? "?"), answer.message);
  }
  const set = { type: "SET", address: "/a", value: VALUE } as const;
  const inBundle = { type: "BUNDLE", messages: [{ ...set, address: "/b" }, set] } as const;
  assertEquals(codeOf(await other.ask(inBundle)), 401);
  assertEquals(codeOf(await other.set("/b", VALUE, { revision: 0 })), undefined);
  // Fire is refused as well, and told.
  other.frames.length = 0;
  other.send(set, { qos: QOS.fire });
  await other.settle();
  assertEquals(other.all("ERROR").map(({ code }) => code), [401]);
  assertEquals(await revisionAt(holder, "/a"), 1);
});

Deno.test("a lock ends with its holder's connection, and not with another's", async () => {
  await using router = new LocalRouter();
  await using waiting = await RawClient.connect(router.port);
  const holder = await RawClient.connect(router.port);
  const passerBy = await RawClient.connect(router.port);
  await holder.set("/a", VALUE, { lock: true });
  await passerBy.close();
  assertEquals(codeOf(await waiting.set("/a", VALUE)), 401);
  await holder.close();
  const answer = await waiting.set("/a", VALUE, { lock: true });
  assert(answer.type === "ACK");
  assertEquals([answer.locked, answer.revision], [true, 2]);
});

Deno.test("the public client is told why its SET is refused", async () => {
  using silenced = new SilencedConsole();
  await using router = new LocalRouter({ maxParams: 2 });
  await using holder = await RawClient.connect(router.port);
  await using panel = await PublicClient.connect(router.port, "/panel");
  const { deliveries } = await panel.on("/a");
  await holder.set("/a", encodeValue("held"), { lock: true });
  for (const [address, code] of [["/a", 401], ["/new", 503]] as const) {
    panel.clasp.set(address, "mine");
    await pollUntil(() => panel.clasp.getLastError()?.code === code, `ERROR ${code}`, 10_000);
    assertMatch(silenced.errors.at(-1) ?? "", new RegExp(`${code}: Cannot set "${address}": `));
  }
  assertEquals(deliveries.map(({ value }) => value), ["held"]);
});

interface ExpiryCase {
  readonly name: string;
  readonly ttl: Ttl | undefined;
  readonly readForMs?: number;
  readonly writeAfterMs?: number;
  readonly livesMs: number;
  readonly orLongerMs?: number;
}

async function expire(router: LocalRouter, address: string, one: ExpiryCase): Promise<void> {
  await using client = await RawClient.connect(router.port);
  const ttl = one.ttl === undefined ? undefined : encodeTtl(one.ttl);
  const startedMs = performance.now();
  const sinceMs = () => performance.now() - startedMs;
  await client.set(address, VALUE, { ttl });
  while (sinceMs() < (one.readForMs ?? 0)) {
    assertEquals(await revisionAt(client, address) === undefined, false);
    await rest();
  }
  if (one.writeAfterMs !== undefined) {
    while (sinceMs() < one.writeAfterMs) await rest();
    await client.set(address, VALUE, { ttl });
  }
  if (one.livesMs === Infinity) {
    while (sinceMs() < 2 * TTL_MS) await rest();
    return assertEquals(await revisionAt(client, address), 1);
  }
  // Not looked at before: a read renews what is sliding.
  const isThere = () => [...router.router.params()].some((param) => param.address === address);
  while (isThere()) {
    assertLess(sinceMs(), one.livesMs + (one.orLongerMs ?? 0) + LATE_MAX_MS + SLOW_MS);
    await rest();
  }
  assertGreaterOrEqual(sinceMs(), one.livesMs - SLOW_MS / 2);
}

async function untilGone(client: RawClient, address: string): Promise<void> {
  const startedMs = performance.now();
  while (await revisionAt(client, address) !== undefined) {
    assertLess(performance.now() - startedMs, 3_000);
    await rest();
  }
}

/** Asked by GET; undefined when there is nothing. */
async function revisionAt(client: RawClient, address: string): Promise<number | undefined> {
  client.frames.length = 0;
  client.send({ type: "GET", address });
  await client.until(() => client.frames.length > 0, "the answer to GET");
  const [answer] = client.frames;
  return answer?.message.type === "SNAPSHOT" ? answer.message.params[0]?.revision : undefined;
}

function codeOf(answer: { readonly type: string } | ErrorMessage): number | undefined {
  return "code" in answer ? answer.code : undefined;
}

async function rest(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
