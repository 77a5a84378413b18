import { legacyHubId } from "../../../src/federation/legacy_hub_id.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("a legacy hub is known by its host and port, whatever else its URL says", () => {
  assertEquals(
    legacyHubId("wss://user:secret@hub.example:7330/x?y", "n"),
    "legacy:hub.example:7330",
  );
});

Deno.test("a legacy hub without a URL is known by its name, if that can be an id", () => {
  assertEquals(legacyHubId("", "Clasp Router"), "legacy:Clasp Router");
  assertEquals(legacyHubId("", "x".repeat(200)), "legacy:hub");
});
