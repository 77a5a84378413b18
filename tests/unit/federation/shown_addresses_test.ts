import { ShownAddresses } from "../../../src/federation/shown_addresses.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("addresses of routers that are forgotten do not gather for ever", () => {
  const kept = new Set<string>();
  const shown = new ShownAddresses((address) => kept.has(address));
  let largest = 0;
  for (let i = 0; i < 50_000; i++) {
    kept.add(`/peers/${i}`);
    kept.delete(`/peers/${i - 10}`);
    shown.add(`/peers/${i}`);
    largest = Math.max(largest, shown.size);
  }
  assert(largest <= 2_000, `${largest} were known`);
  const known = new Set(shown);
  assertEquals([...kept].filter((address) => !known.has(address)), []);
});
