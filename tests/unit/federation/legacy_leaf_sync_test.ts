import { parsePattern } from "../../../src/address/pattern.ts";
import { LegacyLeafSync } from "../../../src/federation/legacy_leaf_sync.ts";
import { MAX_REVISION_ENTRIES } from "../../../src/limits.ts";
import type { NamespaceSyncMessage } from "../../../src/wire/message.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { TestRouter } from "../router/test_router.ts";

const GRANTED = [parsePattern("/a/**")];

function vector(entries: number): NamespaceSyncMessage {
  const revisions = Array.from({ length: entries }, (_, index) => [`/a/${index}`, 0] as const);
  return { type: "FEDERATION_SYNC", op: "RevisionVector", patterns: [], revisions };
}

// No frame has room for so many; a transport of another kind may.
Deno.test("a RevisionVector of too many entries is refused with 400, the most allowed is not", () => {
  const router = new TestRouter();
  const client = router.client();
  const connection = router.core.connection(client.id);
  assert(connection !== undefined);
  const sync = new LegacyLeafSync(router.core, connection);
  const refusal = sync.revisionVector(vector(MAX_REVISION_ENTRIES + 1), GRANTED);
  assertEquals(refusal?.code, 400);
  assertStringIncludes(refusal?.message ?? "", "at most 10000");
  assertEquals(sync.revisionVector(vector(MAX_REVISION_ENTRIES), GRANTED), undefined);
  assertEquals(client.read(), []);
});
