import { ATTEMPTS_FREE, PAGES_PER_ADDRESS_BURST } from "../../src/limits.ts";
import { Scopes } from "../../src/auth/scopes.ts";
import type { TokenAnswer, TokenAuthority } from "../../mod.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { RawClient } from "../support/raw_client.ts";

const ADMIN = "desk_admin";
const SITE = "desk_site";
const OLD = "desk_old";

function granted(identity: string, scope: string, expiresAtSeconds?: number): TokenAnswer {
  return {
    kind: "granted",
    grant: { identity, scopes: Scopes.parse([scope]), expiresAtSeconds },
  };
}

/** Knows three tokens, and counts how often it is asked. */
class Desk implements TokenAuthority {
  readonly prefix = "desk_";
  asked = 0;

  authenticate(token: string): TokenAnswer {
    this.asked++;
    switch (token) {
      case ADMIN:
        return granted(ADMIN, "admin:/**");
      case SITE:
        return granted(SITE, "admin:/site-a/**");
      case OLD:
        return granted(OLD, "admin:/**", 1);
      default:
        return { kind: "refused", refusal: { code: 300, message: "The token is not known here" } };
    }
  }
}

async function ask(port: number, path: string, token?: string): Promise<Response> {
  const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return await fetch(`http://127.0.0.1:${port}${path}`, { headers });
}

Deno.test("in authenticated mode facts need a token with admin:/**, health needs none", async () => {
  await using router = new LocalRouter({ security: { authorities: [new Desk()] } });
  const { port } = router;
  for (const path of ["/healthz", "/readyz", "/"]) {
    const open = await ask(port, path);
    const text = await open.text();
    assertEquals(open.status, 200, path);
    assertEquals(text.includes(router.router.routerId), false, path);
  }
  const cases: readonly (readonly [string | undefined, number, string])[] = [
    [undefined, 401, "show a token with the scope admin:/**"],
    ["desk_wrong", 401, "The token is not known here"],
    ["cap_other", 401, "of another kind"],
    [OLD, 401, "expired"],
    [SITE, 403, "needs the scope admin:/**"],
  ];
  for (const path of ["/status", "/metrics"]) {
    for (const [token, status, wanted] of cases) {
      const refused = await ask(port, path, token);
      assertEquals(refused.status, status, `${path} ${token}`);
      assertStringIncludes(await refused.text(), wanted);
      assertEquals(refused.headers.has("www-authenticate"), status === 401);
    }
    const shown = await ask(port, path, ADMIN);
    assertEquals(shown.status, 200);
    assertStringIncludes(await shown.text(), router.router.routerId);
    // A token in the URL would stand in logs and in the history of browsers.
    const inUrl = await ask(port, `${path}?token=${ADMIN}&access_token=${ADMIN}`);
    assertEquals(inUrl.status, 401);
    await inUrl.body?.cancel();
  }
});

Deno.test("guesses over HTTP and over WebSocket are counted together", async () => {
  const desk = new Desk();
  await using router = new LocalRouter({ security: { authorities: [desk] } });
  for (let i = 0; i < ATTEMPTS_FREE; i++) {
    const refused = await ask(router.port, "/status", `desk_${i}`);
    assertEquals(refused.status, 401);
    await refused.body?.cancel();
  }
  assertEquals(desk.asked, ATTEMPTS_FREE);
  // A guess by WebSocket waits now, as the next one over HTTP would.
  await using client = await RawClient.open(router.port);
  const startMs = performance.now();
  client.send({ type: "HELLO", version: 1, features: 0x80, name: "guess", token: "desk_x" });
  await client.until(() => client.all("ERROR").length > 0, "the refusal");
  assert(performance.now() - startMs >= 200, "it was answered at once");
});

Deno.test("who asks without a token has made no guess", async () => {
  await using router = new LocalRouter({ security: { authorities: [new Desk()] } });
  for (let i = 0; i < PAGES_PER_ADDRESS_BURST - 2; i++) {
    await (await ask(router.port, "/status")).body?.cancel();
  }
  const startMs = performance.now();
  assertEquals(
    await (await ask(router.port, "/status", ADMIN)).json().then(({ mode }) => mode),
    "router",
  );
  assert(performance.now() - startMs < 200, "a valid token had to wait");
});

Deno.test("one address cannot keep a router busy with its status", async () => {
  await using router = new LocalRouter();
  const statuses: number[] = [];
  for (let i = 0; i < 2 * PAGES_PER_ADDRESS_BURST; i++) {
    const response = await ask(router.port, i % 2 === 0 ? "/metrics" : "/");
    await response.body?.cancel();
    statuses.push(response.status);
    if (response.status === 429) {
      assertEquals(response.headers.get("retry-after"), "1");
      break;
    }
  }
  assertEquals(statuses.at(-1), 429);
  assert(statuses.length > PAGES_PER_ADDRESS_BURST, `only ${statuses.length} were answered`);
  assertEquals(await (await ask(router.port, "/healthz")).text(), "ok\n");
});
