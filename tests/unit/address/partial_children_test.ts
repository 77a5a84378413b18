import { PartialChildren } from "../../../src/address/partial_children.ts";
import { parsePattern } from "../../../src/address/pattern.ts";
import { assert, assertEquals } from "../../support/assert.ts";

type PartialSegment = Parameters<PartialChildren<string>["get"]>[0];

function partial(text: string): PartialSegment {
  const segment = parsePattern(`/${text}`).segments[0];
  assert(segment?.kind === "partial");
  return segment;
}

function found(children: PartialChildren<string>, text: string): string[] {
  const values: string[] = [];
  children.forEachMatch(text, (value) => values.push(value));
  return values.sort();
}

Deno.test("PartialChildren delivers a value once, however often its piece occurs", () => {
  const children = new PartialChildren<string>();
  // More pieces than the text has characters, so that they are looked up instead of looked for.
  for (let n = 10; n < 50; n++) children.set(partial(`*${n}*`), `*${n}*`);
  children.set(partial("*12*12*"), "*12*12*");
  assertEquals(found(children, "x12-12-13"), ["*12*", "*12*12*", "*13*"]);
  assertEquals(found(children, "x12"), ["*12*"]);
});

Deno.test("PartialChildren keeps segments apart that differ only past the piece looked up", () => {
  const children = new PartialChildren<string>();
  for (const text of ["*abcdefghX*", "*abcdefghY*"]) children.set(partial(text), text);
  assertEquals(found(children, "1abcdefghX"), ["*abcdefghX*"]);
  assertEquals(children.get(partial("*abcdefghY*")), "*abcdefghY*");
  assertEquals(children.get(partial("*abcdefghZ*")), undefined);
});

Deno.test("PartialChildren is empty again when all was deleted", () => {
  const children = new PartialChildren<string>();
  const segments = ["a*", "*b", "a*b", "*x*", "a*x*b", "a*y*b", "ab*"].map(partial);
  for (const segment of segments) children.set(segment, segment.text);
  for (const segment of segments) {
    assert(!children.isEmpty);
    children.delete(segment);
    assertEquals(children.get(segment), undefined);
  }
  assert(children.isEmpty);
  children.delete(partial("a*"));
  assert(children.isEmpty);
});
