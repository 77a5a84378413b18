import type { AckMessage, SetMessage } from "../../src/wire/message.ts";
import { QOS } from "../../src/wire/message.ts";
import { decodeValue, encodeValue } from "../../src/wire/value_codec.ts";
import { assertEquals } from "../support/assert.ts";
import { RawClient } from "../support/raw_client.ts";
import { untilAlike } from "../support/router_state.ts";
import { type RouterName, ThreeRouters } from "../support/three_routers.ts";

const ADDRESSES = 1_000;
const UPDATES_PER_ADDRESS = 3;
const DEADLINE_MS = 30_000;

/** Who writes where; the owner is the first segment of the address. */
const WRITERS: readonly { readonly at: RouterName; readonly below: string }[] = [
  { at: "site-a", below: "/site-a/own" },
  { at: "site-b", below: "/site-b/own" },
  { at: "site-a", below: "/site-b/foreign" },
  { at: "site-b", below: "/site-a/foreign" },
];
const WATCHERS: readonly RouterName[] = ["hub", "site-a", "site-b"];

Deno.test("updates reach every site once each, in order, and nothing echoes", async () => {
  await using routers = await ThreeRouters.start();
  await using stack = new AsyncDisposableStack();
  const connect = async (at: RouterName): Promise<RawClient> =>
    stack.use(await RawClient.connect(routers.port(at)));
  const watchers = await Promise.all(WATCHERS.map(async (at) => {
    const client = await connect(at);
    await client.ask({ type: "SUBSCRIBE", id: 1, pattern: "/*/own/*", types: 0 });
    await client.ask({ type: "SUBSCRIBE", id: 2, pattern: "/*/foreign/*", types: 0 });
    return client;
  }));
  const writers = await Promise.all(WRITERS.map(({ at }) => connect(at)));
  for (const client of [...watchers, ...writers]) client.frames.length = 0;

  for (let round = 1; round <= UPDATES_PER_ADDRESS; round++) {
    for (const [index, { below }] of WRITERS.entries()) {
      for (let i = 0; i < ADDRESSES; i++) {
        const value = encodeValue(round * 10_000 + i);
        const set: SetMessage = { type: "SET", address: `${below}/${i}`, value };
        writers[index]?.send(set, { qos: QOS.confirm });
      }
    }
    // More at once would be conflated for who cannot read meanwhile.
    for (const writer of writers) {
      const isAnswered = () => writer.frames.length >= round * ADDRESSES;
      await writer.until(isAnswered, "all ACKs", DEADLINE_MS);
    }
  }

  const perWriter = ADDRESSES * UPDATES_PER_ADDRESS;
  const updates = WRITERS.length * perWriter;
  for (const watcher of watchers) {
    await watcher.until(() => watcher.frames.length >= updates, "all updates", DEADLINE_MS);
  }
  // What would come late, or twice, or back, is there by then.
  const state = await untilAlike(routers.ports, DEADLINE_MS);
  for (const client of [...watchers, ...writers]) await client.settle();

  for (const watcher of watchers) {
    assertEquals(countTypes(watcher), { SET: updates, PONG: 1 });
    assertInOrder(watcher.all("SET"));
  }
  for (const [index, writer] of writers.entries()) {
    assertEquals(countTypes(writer), { ACK: perWriter, PONG: 1 });
    assertInOrder(writer.all("ACK"));
    const { below } = WRITERS[index] ?? { below: "" };
    for (let i = 0; i < ADDRESSES; i++) {
      const param = state.get(`${below}/${i}`);
      assertEquals(param?.revision, UPDATES_PER_ADDRESS, "the owner's revision");
      assertEquals(param?.writer, below.split("/")[1], "the stamp of the owner");
      const last = encodeValue(UPDATES_PER_ADDRESS * 10_000 + i);
      assertEquals(param?.value, last.toHex());
    }
  }
});

function countTypes(client: RawClient): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { message: { type } } of client.frames) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** Revisions of each address are 1, 2, 3, and the values are those written in that order. */
function assertInOrder(messages: readonly (SetMessage | AckMessage)[]): void {
  const revisions = new Map<string, number[]>();
  for (const message of messages) {
    const { address = "", revision = 0 } = message;
    const seen = revisions.get(address);
    if (seen === undefined) revisions.set(address, [revision]);
    else seen.push(revision);
    if (message.type === "ACK") continue;
    const index = Number(address.split("/").at(-1));
    assertEquals(decodeValue(message.value), revision * 10_000 + index, address);
  }
  assertEquals(revisions.size * UPDATES_PER_ADDRESS, messages.length);
  for (const [address, seen] of revisions) assertEquals(seen, [1, 2, 3], address);
}
