import { didKey } from "../../../src/cli/did_key.ts";
import { parseDuration } from "../../../src/cli/duration_text.ts";
import { timeText } from "../../../src/cli/time_text.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

Deno.test("durations are read in seconds, minutes, hours, days and weeks", () => {
  const texts = ["1s", "90s", "30m", "24h", "30d", "2w", "36500d"];
  assertEquals(texts.map((text) => parseDuration("expires", text)), [
    ...[1, 90, 1_800, 86_400, 2_592_000, 1_209_600, 3_153_600_000],
  ]);
});

Deno.test("what is no duration, or too long, is refused with the flag's name", () => {
  const texts = [
    "",
    "30",
    "d",
    "0d",
    "-1d",
    "1.5d",
    "1 d",
    "1y",
    "30D",
    "36501d",
    "9".repeat(99) + "d",
  ];
  for (const text of texts) {
    assertThrows(() => parseDuration("expires", text), UsageError, "--expires must be a number");
  }
});

Deno.test("times are printed as dates as far as dates go", () => {
  assertEquals(timeText(1_700_000_000), "2023-11-14T22:13:20Z");
  assertEquals(timeText(Number.MAX_SAFE_INTEGER), "9007199254740991 s since 1970");
});

Deno.test("a public key is printed in the form did:key", () => {
  // Vector of the did:key specification, section 3.1.
  const key = "2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6";
  assertEquals(didKey(key), "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK");
});
