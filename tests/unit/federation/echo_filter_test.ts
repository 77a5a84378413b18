import { EchoFilter } from "../../../src/federation/echo_filter.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";

const AT = "/a/1";

function filterWith(...values: readonly number[]): EchoFilter<string> {
  const filter = new EchoFilter<string>();
  values.forEach((value) => send(filter, value));
  return filter;
}

function send(filter: EchoFilter<string>, value: number, isHeld = true): void {
  filter.sent({
    address: AT,
    value: encodeValue(value),
    isHeld,
    deadlineMicros: 1_000 * value,
    detail: `set ${value}`,
  });
}

function tell(filter: EchoFilter<string>, ...values: readonly number[]): string[] {
  return values.map((value) => filter.told(AT, encodeValue(value)).kind);
}

Deno.test("what comes for an address with nothing in flight is news", () => {
  assertEquals(filterWith(1).told("/a/2", encodeValue(1)).kind, "news");
  assertEquals(tell(filterWith(), 1), ["news"]);
});

Deno.test("each value in flight comes back once as an echo, in order", () => {
  assertEquals(tell(filterWith(1, 2, 1), 1, 2, 1, 1), ["echo", "echo", "echo", "news"]);
});

Deno.test("an echo stands for those before it too", () => {
  assertEquals(tell(filterWith(1, 2, 3), 2, 1, 3, 4), ["echo", "overtaken", "echo", "news"]);
});

Deno.test("another's value is overtaken until all of ours came back, then it is news", () => {
  assertEquals(tell(filterWith(1), 7, 1, 7), ["overtaken", "echo", "news"]);
});

Deno.test("an answer ends the wait for the oldest of the address, echoed or not", () => {
  const filter = filterWith(1, 2);
  tell(filter, 1);
  assertEquals(filter.answered(AT)?.isEchoed, true);
  const second = filter.answered(AT);
  assertEquals([second?.sent.detail, second?.isEchoed], ["set 2", false]);
  assertEquals([filter.answered(AT), filter.size], [undefined, 0]);
  assertEquals(tell(filter, 7), ["news"]);
});

Deno.test("a value that is not held yet is news when it comes back, and overtakes nothing", () => {
  const filter = filterWith();
  send(filter, 1, false);
  assertEquals(tell(filter, 7), ["news"]);
  const told = filter.told(AT, encodeValue(1));
  assertEquals(told.kind === "news" && told.sent?.detail, "set 1");
});

Deno.test("what is not answered in time, or at all, is taken out", () => {
  const filter = filterWith(1, 2, 3);
  assertEquals(filter.takeExpired(2_000).map(({ detail }) => detail), ["set 1", "set 2"]);
  assertEquals([filter.size, tell(filter, 3)], [1, ["echo"]]);
  assertEquals(filter.takeAll().map(({ detail }) => detail), ["set 3"]);
  assertEquals([filter.size, filter.takeAll()], [0, []]);
});
