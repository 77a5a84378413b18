import { syncRequest } from "../../../src/federation/sync_request.ts";
import { ADDRESS_BYTES_MAX, MAX_FEDERATION_PATTERNS } from "../../../src/limits.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("syncRequest() names the patterns, or none of them when they do not fit a frame", () => {
  assertEquals(syncRequest("me", ["/a/**", "/b"]).patterns, ["/a/**", "/b"]);
  const patterns = Array.from(
    { length: MAX_FEDERATION_PATTERNS },
    (_, n) => `/${n}`.padEnd(ADDRESS_BYTES_MAX, "x"),
  );
  const request = syncRequest("me", patterns);
  assertEquals(request.patterns, []);
  assert(encodeFrame(request).length > 0);
});
