import {
  ContestedAddress,
  differencesOf,
  isSame,
  type ShownParam,
  type ShownState,
} from "../../../src/cli/compare_states.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";

function param(timestampMicros: number, changes: Partial<ShownParam> = {}): ShownParam {
  const encoded = encodeValue(timestampMicros);
  const whole = { address: "/a", encoded, revision: timestampMicros, writer: "r", timestampMicros };
  return { ...whole, ...changes };
}

function state(...params: readonly ShownParam[]): ShownState {
  return new Map(params.map((each) => [each.address, each]));
}

Deno.test("differencesOf() finds what one lacks and what is another version, in order", () => {
  const other = (address: string) => param(1, { address });
  const left = state(param(1), other("/b"), other("/d"));
  const right = state(param(2), other("/b"), other("/c"));
  assertEquals(
    differencesOf(left, right).map(({ address, left, right }) => [
      address,
      left?.revision,
      right?.revision,
    ]),
    [["/a", 1, 2], ["/c", undefined, 1], ["/d", 1, undefined]],
  );
  assertEquals(differencesOf(left, left), []);
});

Deno.test("isSame() compares value, revision, stamp and who stamped", () => {
  assertEquals(isSame(param(1), param(1)), true);
  assertEquals(isSame(undefined, undefined), true);
  const others = [
    { revision: 2 },
    { timestampMicros: 2 },
    { writer: "s" },
    { encoded: encodeValue(5) },
    { encoded: encodeValue("longer") },
  ];
  for (const other of others) assertEquals(isSame(param(1), param(1, other)), false);
});

Deno.test("an address that changes is alike once both have shown one version", () => {
  const contested = new ContestedAddress({ address: "/a", left: param(5), right: param(3) });
  assertEquals(contested.looked(param(8), param(4)), false);
  assertEquals(contested.looked(param(9), param(8)), true, "the left one has shown 8 before");
});

Deno.test("a router that gets nothing new is never alike", () => {
  const contested = new ContestedAddress({ address: "/a", left: param(5), right: param(3) });
  // The right one never gets the left one's newest.
  assertEquals(contested.looked(param(6), param(3)), false);
  assertEquals(contested.looked(param(7), param(3)), false);
  assertEquals(contested.difference.right?.revision, 3);
});

Deno.test("two routers that each write for themselves are never alike", () => {
  const mine = (time: number) => param(time, { writer: "me" });
  const contested = new ContestedAddress({ address: "/a", left: param(1), right: mine(1) });
  for (let time = 2; time < 20; time++) {
    assertEquals(contested.looked(param(time), mine(time)), false);
  }
});

Deno.test("what is gone at both is alike", () => {
  const contested = new ContestedAddress({ address: "/a", left: param(1), right: undefined });
  assertEquals(contested.looked(param(1), undefined), false);
  assertEquals(contested.looked(undefined, undefined), true);
});
