import { publicKeyProblem } from "../../../src/auth/public_key.ts";
import { verifySignatures } from "../../../src/edge/auth/verify_signatures.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { GOLDEN_ANCHOR, testKey } from "../../support/capability_tokens.ts";

/** The points of small order: order 1, 2, 4, 4, 8, 8, 8 and 8. */
const WEAK_KEYS: readonly string[] = [
  `01${"00".repeat(31)}`,
  `ec${"ff".repeat(30)}7f`,
  "00".repeat(32),
  `${"00".repeat(31)}80`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

/** Other spellings of some of them, which this runtime refuses by itself, but not every one does. */
const OTHER_SPELLINGS: readonly string[] = [
  `ed${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(31)}`,
  `ee${"ff".repeat(30)}7f`,
  `01${"00".repeat(30)}80`,
];

Deno.test("keys of which everybody can sign are refused", async () => {
  for (const hex of WEAK_KEYS) {
    assertStringIncludes(publicKeyProblem(hex) ?? "", "everybody can sign", hex);
    assert(await someForgeryVerifies(hex), `${hex} was meant to be weak`);
  }
  for (const hex of OTHER_SPELLINGS) {
    assertStringIncludes(publicKeyProblem(hex) ?? "", "everybody can sign", hex);
  }
});

Deno.test("other keys are accepted, and texts that are no key are not", async () => {
  assertEquals(publicKeyProblem(GOLDEN_ANCHOR), undefined);
  assertEquals(publicKeyProblem(GOLDEN_ANCHOR.toUpperCase()), undefined);
  for (let byte = 0; byte < 32; byte++) {
    assertEquals(publicKeyProblem((await testKey(byte)).publicKey), undefined);
  }
  for (
    const text of ["", "00", `${GOLDEN_ANCHOR}0`, `${GOLDEN_ANCHOR.slice(1)}g`, ` ${GOLDEN_ANCHOR}`]
  ) {
    assertStringIncludes(publicKeyProblem(text) ?? "", "64 hexadecimal digits", text);
  }
});

/** Whether a signature that nobody made verifies, for one of a few messages. */
async function someForgeryVerifies(hex: string): Promise<boolean> {
  const signature = new Uint8Array(64);
  signature[0] = 1;
  for (let message = 0; message < 200; message++) {
    const payload = new Uint8Array([message]);
    const check = { publicKey: Uint8Array.fromHex(hex), payload, signature, what: "it" };
    if (await verifySignatures([check]) === undefined) return true;
  }
  return false;
}
