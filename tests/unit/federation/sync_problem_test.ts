import { parsePattern } from "../../../src/address/pattern.ts";
import { syncProblem } from "../../../src/federation/sync_problem.ts";
import { MAX_FEDERATION_PATTERNS, NAME_BYTES_MAX } from "../../../src/limits.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";

const GRANTED = [parsePattern("/a/**"), parsePattern("/b")];

function many(count: number, length: number): string[] {
  return Array.from({ length: count }, (_, n) => `/a/${n}/`.padEnd(length, "x"));
}

Deno.test("syncProblem() grants what was declared or subscribed, and nothing else", () => {
  assertEquals(syncProblem([], GRANTED), undefined);
  assertEquals(syncProblem(["/a/**", "/a/*/c", "/b"], GRANTED), undefined);
  assertEquals(syncProblem(["/b/c"], GRANTED)?.code, 403);
  assertEquals(syncProblem(["/**b"], GRANTED)?.code, 202);
});

Deno.test("syncProblem() refuses more patterns than are allowed, the most allowed are granted", () => {
  assertEquals(syncProblem(many(MAX_FEDERATION_PATTERNS, 20), GRANTED), undefined);
  const refusal = syncProblem(many(MAX_FEDERATION_PATTERNS + 1, 20), GRANTED);
  assertEquals(refusal?.code, 400);
  assertStringIncludes(refusal?.message ?? "", "at most 1000");
});

Deno.test("syncProblem() refuses patterns that do not fit the answer with a router's id", () => {
  const origin = "x".repeat(NAME_BYTES_MAX);
  const answer = (patterns: readonly string[]) =>
    encodeFrame({ type: "FEDERATION_SYNC", op: "SyncComplete", patterns, revisions: [], origin });
  let granted: readonly string[] = [];
  for (let count = 1;; count++) {
    const patterns = many(count, 1_000);
    const refusal = syncProblem(patterns, GRANTED);
    if (refusal === undefined) {
      granted = patterns;
      continue;
    }
    assertEquals(refusal.code, 400);
    assertStringIncludes(refusal.message, "60000 bytes");
    break;
  }
  assert(answer(granted).length > 59_000);
});
