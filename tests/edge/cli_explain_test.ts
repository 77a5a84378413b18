import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { runCommand } from "../support/process.ts";
import { PublicClient, SilencedConsole } from "../support/public_client.ts";
import { HUB, SiteRouters } from "../support/site_routers.ts";

async function explain(port: number, ...args: string[]): Promise<Record<string, unknown>> {
  const server = `ws://127.0.0.1:${port}`;
  const { code, stdout, stderr } = await runCommand([
    ...["explain", ...args, "--server", server, "--json"],
  ]);
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

async function explainToPeople(port: number, address: string): Promise<string> {
  const { code, stdout } = await runCommand(
    ["explain", address, "--server", `ws://127.0.0.1:${port}`],
  );
  assertEquals(code, 0);
  return stdout;
}

Deno.test("explain says who owns an address, by which way, and who is told", async () => {
  await using routers = await SiteRouters.start(["site-a", "site-b"]);
  const b = routers.port("site-b");
  const facts = await explain(b, "/site-a/light/1");
  const { owner, pattern, live, way, next, state, path, decides, peers, mirrored, router } = facts;
  assertEquals({ owner, pattern, live, way, next, state, path, decides, peers, mirrored, router }, {
    owner: "site-a",
    pattern: "/site-a/**",
    live: true,
    way: "hub",
    next: HUB,
    state: "Active",
    path: ["site-b", HUB],
    decides: "elsewhere",
    peers: [HUB],
    mirrored: true,
    router: "site-b",
  });
  const unclaimed = await explain(b, "/nobodys");
  assertEquals([unclaimed["owner"], unclaimed["pattern"], unclaimed["way"]], ["", "", "hub"]);
  const own = await explain(b, "/site-b/x");
  assertEquals([own["owner"], own["way"], own["decides"]], ["site-b", "here", "here"]);

  const atHub = await explainToPeople(routers.port(HUB), "/site-a/light/1");
  assertMatch(atHub, /owner +"site-a", by its namespace \/site-a\/\*\*\n/);
  assertMatch(atHub, /way +the link to its leaf "site-a", Active\n/);
  assertMatch(atHub, /a write +is sent to the owner, which decides\n/);
  assertMatch(atHub, /told +0 clients here, routers /);
  assertMatch(
    await explainToPeople(b, "/nobodys"),
    /owner +the root: nobody claims this address\n/,
  );

  const reserved = await explainToPeople(b, "/clasp/federation/peers/x");
  assertMatch(reserved, /a write +is refused: ERROR 403: Cannot write/);
});

Deno.test("a public client asks for an explanation with a GET", async () => {
  await using routers = await SiteRouters.start(["site-a"]);
  using _silenced = new SilencedConsole();
  await using client = await PublicClient.connect(routers.port("site-a"), "/site-a");
  const facts = await client.clasp.get("/clasp/federation/explain/nobodys");
  assertEquals(Object(facts).decides, "elsewhere");
  assertEquals(Object(facts).path, ["site-a", HUB]);
});

Deno.test("explain says that an owner is away, why, and what that means for a write", async () => {
  await using routers = await SiteRouters.start(["site-a", "site-b"]);
  await routers.kill(HUB);
  const port = routers.port("site-b");
  await routers.process("site-b").log(
    ({ event, state }) => event === "uplink" && state === "Disconnected",
    "the loss of its hub",
  );
  const facts = await explain(port, "/site-a/x");
  assertEquals([facts["live"], facts["decides"], facts["owner"]], [false, "caretaker", "site-a"]);
  assertEquals(String(facts["reason"]).length > 0, true);
  const text = await explainToPeople(port, "/site-a/x");
  assertMatch(text, /owner +"site-a", .*; it is not connected\n/);
  assertMatch(text, /a write +is decided here in the owner's place/);
  assertMatch(text, /a lock +is refused: /);

  const waited = await runCommand(
    ["set", "/site-a/x", "1", "--wait", "--server", `ws://127.0.0.1:${port}`],
  );
  assertEquals(waited.code, 1, "the owner did not accept it");
  assertMatch(waited.stdout, /^\/site-a\/x = 1 \(revision 1\) decided by "site-b"\n$/);
  assertStringIncludes(waited.stderr, "in place of the owner, which cannot be reached");
  const plain = await runCommand(["set", "/site-a/x", "2", "--server", `ws://127.0.0.1:${port}`]);
  assertEquals(plain.code, 0);
});

Deno.test("set --wait says who decided", async () => {
  await using routers = await SiteRouters.start(["site-a", "site-b"]);
  const set = (address: string, ...args: string[]) =>
    runCommand([
      ...["set", address, "1", "--wait", "--server", `ws://127.0.0.1:${routers.port("site-b")}`],
      ...args,
    ]);
  const people = await set("/site-a/x");
  assertEquals([people.code, people.stderr], [0, ""]);
  assertEquals(people.stdout, '/site-a/x = 1 (revision 1) decided by "site-a", its owner\n');
  const { stdout, code } = await set("/nobodys", "--json");
  assertEquals([code, JSON.parse(stdout)], [0, {
    address: "/nobodys",
    value: 1,
    type: "i64",
    revision: 1,
    decidedBy: HUB,
    byOwner: true,
  }]);
});

Deno.test("explain says what to type, and what it cannot explain", async () => {
  await using routers = await SiteRouters.start([]);
  const server = ["--server", `ws://127.0.0.1:${routers.port(HUB)}`];
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [["explain"], 2, "ADDRESS is missing"],
    [["explain", "/a/*"], 2, "patterns only"],
    [["explian", "/a"], 2, "did you mean explain?"],
    [["explain", "/a", "--jsno"], 2, "did you mean --json?"],
    [["explain", "/a".repeat(32), ...server], 1, "of at most 29 segments"],
  ];
  for (const [args, code, wanted] of cases) {
    const result = await runCommand(args);
    assertEquals([result.code, result.stdout], [code, ""], args.join(" "));
    assertMatch(result.stderr, /^clasp-fed: [^\n]+\n$/);
    assertStringIncludes(result.stderr, wanted);
  }
});
