import { LinkEventQueue } from "../../../src/edge/link_event_queue.ts";
import type { LinkEvent } from "../../../src/federation/link_event.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("listeners hear each event at once until they stop", () => {
  const queue = new LinkEventQueue();
  const heard: string[] = [];
  const stop = queue.listen((event) => heard.push(idOf(event)));
  queue.push(event("1"));
  stop();
  queue.push(event("2"));
  assertEquals(heard, ["1"]);
});

Deno.test("a reader gets what came since it was taken, in order, and then what comes", async () => {
  const queue = new LinkEventQueue();
  queue.push(event("before"));
  const reader = queue.take()?.[Symbol.asyncIterator]();
  assert(reader !== undefined);
  queue.push(event("1"));
  queue.push(event("2"));
  assertEquals(await next(reader), "1");
  assertEquals(await next(reader), "2");
  const third = next(reader);
  queue.push(event("3"));
  assertEquals(await third, "3");
});

Deno.test("a reader that is slow loses the oldest events", async () => {
  const queue = new LinkEventQueue();
  const reader = queue.take()?.[Symbol.asyncIterator]();
  assert(reader !== undefined);
  for (let n = 0; n < 10_002; n++) queue.push(event(`${n}`));
  assertEquals(await next(reader), "2");
});

Deno.test("close() ends the reader's loop behind what waits, also one that waits", async () => {
  const queue = new LinkEventQueue();
  const reader = queue.take()?.[Symbol.asyncIterator]();
  assert(reader !== undefined);
  queue.push(event("1"));
  queue.close();
  queue.push(event("2"));
  assertEquals([await next(reader), await next(reader)], ["1", undefined]);

  const idle = new LinkEventQueue();
  const waiting = idle.take()?.[Symbol.asyncIterator]();
  assert(waiting !== undefined);
  const end = next(waiting);
  idle.close();
  assertEquals(await end, undefined);
});

Deno.test("the reader's end is given once", () => {
  const queue = new LinkEventQueue();
  assert(queue.take() !== undefined);
  assertEquals(queue.take(), undefined);
});

async function next(reader: AsyncIterator<LinkEvent>): Promise<string | undefined> {
  const result = await reader.next();
  return result.done === true ? undefined : idOf(result.value);
}

function event(routerId: string): LinkEvent {
  return { type: "connected", routerId };
}

function idOf(event: LinkEvent): string {
  return event.type === "connected" ? event.routerId : "";
}

Deno.test("traffic is wanted while somebody listens to it or reads; links are told of to all", () => {
  const queue = new LinkEventQueue();
  const ofLinks: string[] = [];
  queue.listenToLinks(({ type }) => ofLinks.push(type));
  assert(!queue.wantsTraffic, "who listens to links only wants no traffic");
  const stop = queue.listen(() => {});
  assert(queue.wantsTraffic);
  queue.push({ type: "remotePublish", address: "/a", origin: "a" });
  queue.push({ type: "disconnected", routerId: "a", reason: "" });
  assertEquals(ofLinks, ["disconnected"]);
  stop();
  assert(!queue.wantsTraffic);
  queue.take();
  assert(queue.wantsTraffic);
});
