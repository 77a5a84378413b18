import {
  ATTEMPT_DELAY_MAX_MS,
  ATTEMPT_DELAY_MS,
  ATTEMPT_FORGIVEN_MS,
  ATTEMPTS_FAILED_MAX,
  ATTEMPTS_FREE,
  AUTHENTICATION_BYTES_MAX,
  AUTHENTICATION_MESSAGES_MAX,
  REVOKED_IDENTITIES_MAX,
} from "../../../src/limits.ts";
import { QOS } from "../../../src/wire/message.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { FakeAuthenticator, type FakeToken } from "./fake_authenticator.ts";
import { codeOf, hello, set, TestRouter } from "./test_router.ts";

const SITE: FakeToken = { scopes: ["write:/site/**"] };

function guarded(tokens: Readonly<Record<string, FakeToken>> = { site: SITE }): TestRouter {
  return new TestRouter({}, { authenticator: new FakeAuthenticator(tokens) });
}

Deno.test("nothing happens on a connection before its token was looked at", () => {
  const router = guarded();
  const client = router.connect();
  client.send({ ...hello(), token: "site" });
  client.send(set("/site/a", 1), { qos: QOS.confirm });
  assertEquals([client.read(), router.core.params.size, router.core.clientSessions], [[], 0, 0]);
  router.answerTokens();
  assertEquals(client.read().map(({ type }) => type), ["WELCOME", "SNAPSHOT", "ACK"]);
  assertEquals(router.core.params.size, 1);
});

Deno.test("a connection without a token, or with an unknown one, is told so and closed", () => {
  for (const token of [undefined, "", "other"]) {
    const router = guarded();
    const client = router.connect();
    client.send({ ...hello(), token });
    client.send(set("/site/a", 1));
    router.answerTokens();
    assertEquals(codeOf(client.readOne()), 300);
    assertEquals(client.closed?.code, 1008);
    assertEquals([router.core.params.size, router.core.connections], [0, 0]);
  }
});

Deno.test("who shows wrong tokens again and again waits for an answer, then gets none", () => {
  const router = guarded();
  const attempt = (token: string) => {
    const client = router.connect();
    client.send({ ...hello(), token });
    router.answerTokens();
    return client;
  };
  for (let count = 0; count < ATTEMPTS_FREE; count++) {
    assertEquals(codeOf(attempt("other").readOne()), 300);
  }
  const slowed = attempt("site");
  assertEquals(slowed.read(), [], "not looked at yet");
  router.advance(ATTEMPT_DELAY_MS);
  router.answerTokens();
  assertEquals(slowed.read().map(({ type }) => type), ["WELCOME", "SNAPSHOT"]);
  for (let count = ATTEMPTS_FREE; count < ATTEMPTS_FAILED_MAX; count++) attempt("other");
  router.advance(ATTEMPT_DELAY_MAX_MS);
  router.answerTokens();
  const refused = attempt("site").readOne();
  assertEquals(codeOf(refused), 429);
  router.advance(ATTEMPT_FORGIVEN_MS);
  const forgiven = attempt("site");
  router.advance(ATTEMPT_DELAY_MAX_MS);
  router.answerTokens();
  assertEquals(forgiven.read()[0]?.type, "WELCOME");
});

Deno.test("the handshake time-out goes on while a token is looked at", () => {
  const router = guarded();
  const client = router.connect();
  router.advance(5_000);
  client.send({ ...hello(), token: "site" });
  router.advance(4_999);
  assertEquals(client.closed, undefined);
  router.advance(1);
  assertEquals(codeOf(client.readOne()), 503);
  assertEquals(client.closed?.code, 1008);
  // The answer comes too late for anybody.
  router.answerTokens();
  assertEquals([client.read(), router.core.grants?.asking, router.core.clientSessions], [[], 0, 0]);
});

Deno.test("an answer for a connection that has ended is nobody's", () => {
  const router = guarded();
  const client = router.connect();
  client.send({ ...hello(), token: "site" });
  client.leave();
  router.answerTokens();
  assertEquals([client.read(), router.core.connections, router.core.clientSessions], [[], 0, 0]);
  assertEquals(router.core.nextWakeMicros, undefined, "no time-out is left behind");
});

Deno.test("a connection may send so much while its token is looked at, and no more", () => {
  const probe = set("/site/a", "");
  const size = encodeFrame(probe).length;
  const router = guarded();
  const client = router.connect();
  client.send({ ...hello(), token: "site" });
  for (let count = 0; count < AUTHENTICATION_MESSAGES_MAX; count++) client.send(probe);
  assertEquals(client.closed, undefined);
  client.send(probe);
  assertEquals(codeOf(client.readOne()), 101);
  assertEquals(client.closed?.code, 1008);

  const other = router.connect();
  other.send({ ...hello(), token: "site" });
  other.send(set("/site/a", "x".repeat(AUTHENTICATION_BYTES_MAX - size)));
  assertEquals(other.closed, undefined);
  other.send(probe);
  assertEquals(codeOf(other.readOne()), 101);
  assertEquals(router.core.params.size, 0);
});

Deno.test("a session ends with 302 when its token expires, within a minute of any step of the clock", () => {
  const authenticator = new FakeAuthenticator({ site: { ...SITE, expiresAtSeconds: 1_000 } });
  const router = new TestRouter({}, { authenticator });
  authenticator.seconds = 990;
  const first = router.clientWith("site");
  authenticator.seconds = 999;
  router.advance(9_999);
  assertEquals(first.closed, undefined);
  authenticator.seconds = 1_000;
  router.advance(1_001);
  assertEquals(codeOf(first.readOne()), 302);
  assertEquals(first.closed?.code, 1008);

  authenticator.seconds = 0;
  const second = router.clientWith("site");
  router.advance(30_000);
  authenticator.seconds = 5_000;
  assertEquals(second.closed, undefined);
  router.advance(30_000);
  assertEquals(codeOf(second.readOne()), 302);

  authenticator.seconds = 0;
  const third = router.clientWith("site");
  for (let minutes = 0; minutes < 5; minutes++) router.advance(60_000);
  assertEquals(third.closed, undefined);
  authenticator.seconds = 1_000;
  router.advance(60_000);
  assertEquals(codeOf(third.readOne()), 302);

  authenticator.seconds = 0;
  router.clientWith("site").leave();
  assertEquals(router.core.nextWakeMicros, undefined, "nothing is planned for who has gone");
});

Deno.test("a token that expires while it is looked at is refused with 302", () => {
  const authenticator = new FakeAuthenticator({ site: { ...SITE, expiresAtSeconds: 10 } });
  const router = new TestRouter({}, { authenticator });
  const client = router.connect();
  client.send({ ...hello(), token: "site" });
  authenticator.seconds = 10;
  router.answerTokens();
  assertEquals(codeOf(client.readOne()), 302);
});

Deno.test("whoever came in by a credential that is revoked is sent away at once, and nobody else", () => {
  const router = guarded({
    one: { identity: "site", ...SITE },
    two: { identity: "site", ...SITE },
    other: SITE,
  });
  const gone = [router.clientWith("one"), router.clientWith("two")];
  const other = router.clientWith("other");
  router.core.revoked("site", router.nowMicros);
  for (const client of gone) {
    const error = client.readOne();
    assertEquals(codeOf(error), 301);
    assertStringIncludes(error.type === "ERROR" ? error.message : "", "revoked");
    assertEquals(client.closed?.code, 1008);
  }
  assertEquals([other.read(), other.closed, router.core.clientSessions], [[], undefined, 1]);
  router.advance(1);
  router.clientWith("one");
});

Deno.test("a token that was revoked while it was looked at is looked at again", () => {
  const router = guarded();
  const client = router.connect();
  client.send({ ...hello(), token: "site" });
  router.advance(1);
  router.core.revoked("site", router.nowMicros);
  router.advance(1);
  // This answer was found before the token was taken away.
  router.answerTokens();
  assertEquals(client.read(), []);
  router.authenticator?.tokens.clear();
  router.answerTokens();
  assertEquals(codeOf(client.readOne()), 300);
});

Deno.test("identities that were revoked are remembered for a day, and so many of them", () => {
  const router = guarded();
  for (let count = 0; count <= REVOKED_IDENTITIES_MAX; count++) {
    router.core.revoked(`identity ${count}`, router.nowMicros);
  }
  assertEquals(router.core.grants?.revokedKnown, REVOKED_IDENTITIES_MAX);
  router.nowMicros += 86_400_001_000;
  router.core.revoked("site", router.nowMicros);
  assertEquals(router.core.grants?.revokedKnown, 1);
});

Deno.test("a router in open mode looks at no token", () => {
  const router = new TestRouter();
  const client = router.connect();
  client.send({ ...hello(), token: "whatever" });
  assertEquals(client.read()[0]?.type, "WELCOME");
  assertEquals(router.core.grants, undefined);
});
