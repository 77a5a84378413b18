import { decodeValue, type Value } from "../../../src/wire/value_codec.ts";
import { QOS } from "../../../src/wire/message.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { FakeAuthenticator } from "./fake_authenticator.ts";
import { codeOf, set, type TestConnection, TestRouter } from "./test_router.ts";

const ROOT = "/clasp/federation/explain";

function explain(client: TestConnection, address: string): Record<string, Value> {
  const answer = client.ask({ type: "GET", address: `${ROOT}${address}` });
  const param = answer.type === "SNAPSHOT" ? answer.params[0] : undefined;
  const value = param === undefined ? null : decodeValue(param.value);
  if (typeof value !== "object" || value === null) throw new Error(JSON.stringify(answer));
  return { ...value } as Record<string, Value>;
}

Deno.test("a router that stands alone explains that it decides, and who is told", () => {
  const router = new TestRouter();
  const [client, other] = [router.client(), router.client()];
  other.send({ type: "SUBSCRIBE", id: 1, pattern: "/a/*", types: 0xff });
  client.ask(set("/a/b", 1), { qos: QOS.confirm });
  const { owner, way, decides, clients, peers, revision, stampedBy, refusal } = explain(
    client,
    "/a/b",
  );
  assertEquals({ owner, way, decides, clients, peers, revision, stampedBy, refusal }, {
    ...{ owner: "", way: "here", decides: "here", clients: 1, peers: [], revision: 1 },
    ...{ stampedBy: router.core.config.routerId, refusal: "" },
  });
});

Deno.test("an explanation says what would refuse a write of who asks", () => {
  const router = new TestRouter({ paramsMax: 1 });
  const [holder, client] = [router.client(), router.client()];
  holder.ask(set("/a", 1, { lock: true }), { qos: QOS.confirm });
  assertEquals(explain(holder, "/a")["refusedWith"], 0);
  const { refusedWith, refusal, lock } = explain(client, "/a");
  assertEquals([refusedWith, lock], [401, router.core.locks.holder("/a") ?? "nobody"]);
  assertStringIncludes(String(refusal), "it is locked by");
  assertEquals(explain(client, "/b")["refusedWith"], 503, "no room");
  assertEquals(explain(client, "/clasp/federation/x")["refusedWith"], 403);
});

Deno.test("a token explains what it may read, and says what it may not write", () => {
  const router = new TestRouter({}, {
    authenticator: new FakeAuthenticator({
      viewer: { scopes: ["read:/site/**", "read:/clasp/federation/**"] },
      site: { scopes: ["write:/site/**"] },
    }),
  });
  const viewer = router.clientWith("viewer");
  assertEquals(explain(viewer, "/site/a")["refusedWith"], 301);
  const ask = (client: TestConnection, address: string) =>
    codeOf(client.ask({ type: "GET", address: `${ROOT}${address}` }));
  assertEquals(ask(viewer, "/house/a"), 301);
  assertEquals(ask(router.clientWith("site"), "/site/a"), 301, "routers tell of themselves there");
});

Deno.test("nothing is kept where addresses are explained", () => {
  const router = new TestRouter();
  const client = router.client();
  explain(client, "/a");
  assertEquals(router.core.params.size, 0);
  assertEquals(codeOf(client.ask({ type: "GET", address: ROOT })), 201);
  assertEquals(codeOf(client.ask(set(`${ROOT}/a`, 1))), 403);
});
