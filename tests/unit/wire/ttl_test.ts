import { decodeTtl, encodeTtl } from "../../../src/wire/ttl.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

Deno.test("encodeTtl() and decodeTtl() agree on every kind and its limits", () => {
  const cases = [
    [{ kind: "never" }, 0],
    [{ kind: "sliding", seconds: 1 }, 1],
    [{ kind: "sliding", seconds: 0x7fff_ffff }, 0x7fff_ffff],
    [{ kind: "absolute", seconds: 0 }, 0x8000_0000],
    [{ kind: "absolute", seconds: 1800 }, 0x8000_0708],
    [{ kind: "absolute", seconds: 0x7fff_ffff }, 0xffff_ffff],
  ] as const;
  for (const [ttl, raw] of cases) {
    assertEquals(encodeTtl(ttl), raw);
    assertEquals(decodeTtl(raw), ttl);
  }
});

Deno.test("encodeTtl() refuses seconds that would be read as something else", () => {
  for (const kind of ["sliding", "absolute"] as const) {
    for (const seconds of [-1, 0.5, 2 ** 31, NaN, Infinity]) {
      assertThrows(() => encodeTtl({ kind, seconds }), RangeError);
    }
  }
  assertThrows(() => encodeTtl({ kind: "sliding", seconds: 0 }), RangeError);
});
