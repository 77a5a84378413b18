import { capabilityAuthority } from "../../src/edge/auth/capability_authority.ts";
import { FEATURE, type HelloMessage } from "../../src/wire/message.ts";
import { assertEquals } from "../support/assert.ts";
import {
  chainText,
  GOLDEN_POLICY,
  GOLDEN_TOKENS,
  goldenToken,
  testKey,
} from "../support/capability_tokens.ts";
import { withDeadline } from "../support/deadline.ts";
import { LocalRouter } from "../support/local_router.ts";
import { RawClient } from "../support/raw_client.ts";

const DEADLINE_MS = 10_000;
const ENVELOPE = FEATURE.param | FEATURE.federation | FEATURE.envelope;

/** Tokens that let nobody in, the code that says so, and what is wrong with them. */
async function badTokens(): Promise<readonly (readonly [string, number, string])[]> {
  const golden = GOLDEN_TOKENS.filter(({ expect }) => expect !== "valid")
    .map(({ token, expect, name }) => [token, expect === "expired" ? 302 : 300, name] as const);
  const [anchor, site] = [await testKey(1), await testKey(2)];
  const deep = await chainText({ key: anchor }, ...Array(6).fill({ key: site }));
  const { token: whole } = goldenToken("proven-two-levels");
  const { token: bearer } = goldenToken("root-bearer");
  return [
    ...golden,
    [deep, 300, "over-deep"],
    [whole.slice(0, -1), 300, "truncated by a character"],
    [whole.slice(0, whole.length / 2), 300, "truncated to a half"],
    [`${bearer.slice(0, -4)}AAAA`, 300, "signed otherwise"],
    [await chainText({ key: site }), 300, "signed by a stranger"],
    ["cap_", 300, "empty"],
  ];
}

Deno.test("no forged, cut, expired, over-deep or widened token lets a client or a router in", async () => {
  const authority = capabilityAuthority({
    ...GOLDEN_POLICY,
    wallSeconds: () => GOLDEN_POLICY.nowSeconds,
  });
  const security = { authorities: [authority] };
  await using hub = new LocalRouter({ federation: { routerId: "hub" }, security });
  const router = { routerId: "site-a", bootId: 1, timeMicros: 0, timed: false };
  const hello: HelloMessage = { type: "HELLO", version: 1, features: FEATURE.param, name: "bad" };
  const greetings = { client: hello, router: { ...hello, features: ENVELOPE, router } };
  for (const [token, code, name] of await badTokens()) {
    for (const [who, greeting] of Object.entries(greetings)) {
      await using bad = await RawClient.open(hub.port);
      bad.send({ ...greeting, token });
      const { code: closeCode } = await withDeadline(bad.ended, DEADLINE_MS, `the end: ${name}`);
      const said = bad.frames.map(({ message }) => message.type === "ERROR" && message.code);
      assertEquals([said, closeCode], [[code], 1008], `${name}, ${who}`);
    }
  }
  assertEquals(hub.router.federation?.peerCount(), 0);
});
