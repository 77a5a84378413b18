import { FoundByMark } from "../../../src/state/found_by_mark.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("a mark finds what it was given for, until all is forgotten", () => {
  const found = new FoundByMark<string, string>();
  const [a, b] = [found.add("a", "A"), found.add("b", "B")];
  assertEquals([found.at(a), found.at(b)], ["A", "B"]);
  assertEquals([found.markOf("a"), found.markOf("c")], [a, undefined]);
  found.forget();
  assertEquals([found.at(a), found.at(b), found.markOf("a")], [undefined, undefined, undefined]);
  const later = found.add("a", "another");
  assertEquals([found.at(a), found.at(b), found.at(later)], [undefined, undefined, "another"]);
});

Deno.test("a mark that nobody made finds nothing", () => {
  const found = new FoundByMark<string, string>();
  found.add("a", "A");
  assertEquals([found.at(-1), found.at(1), found.at(1_000_000)], [undefined, undefined, undefined]);
});

Deno.test("of more than 100,000 things those before are forgotten, and found anew", () => {
  const found = new FoundByMark<number, number>();
  const first = found.add(0, 0);
  for (let n = 1; n < 100_000; n++) found.add(n, n);
  assertEquals([found.at(first), found.markOf(99_999)], [0, first + 99_999]);
  const next = found.add(100_000, 100_000);
  assertEquals([found.at(first), found.markOf(0), found.at(next)], [undefined, undefined, 100_000]);
});

Deno.test("addresses without a param have their marks noted, 100,000 of them, until all is forgotten", () => {
  const found = new FoundByMark<string, string>();
  const mark = found.add("a", "A");
  for (let n = 0; n < 100_000; n++) found.note(`/${n}`, mark);
  assertEquals([found.of("/0"), found.of("/99999"), found.of("/other")], ["A", "A", undefined]);
  found.note("/other", mark);
  assertEquals([found.of("/0"), found.of("/other")], [undefined, "A"]);
  found.forget();
  assertEquals(found.of("/other"), undefined);
});
