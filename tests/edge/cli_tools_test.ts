import { SIGNAL } from "../../src/wire/message.ts";
import config from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { runCommand, startServer } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { SiteRouters } from "../support/site_routers.ts";

Deno.test("bench measures the way from one router to another, and leaves nothing behind", async () => {
  await using routers = await SiteRouters.start(["site-a", "site-b"]);
  const [from, to] = ["site-a", "site-b"].map((name) => `ws://127.0.0.1:${routers.port(name)}`);
  assert(from !== undefined && to !== undefined);
  const { code, stdout, stderr } = await runCommand([
    ...["bench", "--server", from, "--to", to, "--messages", "100", "--rate", "500", "--json"],
  ]);
  assertEquals(code, 0, stderr);
  assertMatch(
    stderr,
    /^Writing 100 values below \/clasp-bench\/\w+\/, which expire in a minute\n$/,
  );
  const result = JSON.parse(stdout);
  assertEquals([result.from, result.to, result.messages], [from, to, 100]);
  assertEquals([result.lost, result.refused, result.firstRefusal], [0, 0, null]);
  for (const { p50, p99, max } of [result.seenMs, result.answeredMs]) {
    assert(p50 > 0 && p50 <= p99 && p99 <= max, `${p50} ${p99} ${max}`);
  }
  assert(result.perSecond > 0 && result.conflated >= 0);

  await using client = await RawClient.connect(routers.port("site-b"));
  await client.until(() => client.all("SNAPSHOT").length > 0, "the snapshot", 10_000);
  const left = client.all("SNAPSHOT").flatMap(({ params }) => params)
    .filter(({ address }) => address.startsWith("/clasp-bench/"));
  assertEquals(left.length, 10, "ten params, which expire");

  const people = await runCommand(["bench", "--server", from, "--messages", "50", "--rate", "0"]);
  assertEquals(people.code, 0);
  assertMatch(people.stdout, /seen +p50 [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms\n/);
});

Deno.test("bench counts what is lost and what is refused, and ends with 1", async () => {
  await using one = await startServer();
  await using other = await startServer(["--max-messages-per-second", "10"]);
  const apart = await runCommand([
    ...["bench", "--server", one.url, "--to", other.url, "--messages", "5", "--json"],
  ]);
  assertEquals([apart.code, JSON.parse(apart.stdout).lost], [1, 5]);
  assertStringIncludes(apart.stderr, `5 writes were not seen at ${other.url}; is the link up?`);
  const refused = await runCommand([
    ...["bench", "--server", other.url, "--messages", "50", "--rate", "0", "--json"],
  ]);
  assertEquals(refused.code, 1);
  assert(JSON.parse(refused.stdout).refused > 0);
  assertMatch(refused.stderr, /clasp-fed: \d+ writes were refused: /);
});

Deno.test("query prints what clients have announced, at whatever router", async () => {
  await using routers = await SiteRouters.start(["site-a"]);
  await using client = await RawClient.connect(routers.port("site-a"));
  client.send({
    type: "ANNOUNCE",
    namespace: "/site-a",
    signals: [
      { address: "/site-a/fader", signal: SIGNAL.param, datatype: "f64", access: "rw" },
      { address: "/site-a/go", signal: SIGNAL.event },
    ],
  }, { qos: 1 });
  await client.until(() => client.all("ACK").length > 0, "the answer", 10_000);
  const server = ["--server", `ws://127.0.0.1:${routers.port("site-a")}`];
  const people = await runCommand(["query", "/site-a/**", ...server]);
  assertEquals([people.code, people.stderr], [0, ""]);
  assertEquals(people.stdout, "/site-a/fader param f64 (rw)\n/site-a/go event\n");
  const machine = await runCommand(["query", "/site-a/fader", "--json", ...server]);
  assertEquals(JSON.parse(machine.stdout), {
    kind: "param",
    address: "/site-a/fader",
    datatype: "f64",
    access: "rw",
  });
  const none = await runCommand(["query", "/x", ...server]);
  assertEquals(none, { code: 0, stdout: "", stderr: "Nobody has announced a signal at /x\n" });
});

Deno.test("pub --json prints what was published", async () => {
  await using server = await startServer();
  const { code, stdout } = await runCommand([
    ...["pub", "/pad", "[0.5]", "--signal", "gesture", "--phase", "end", "--id", "3", "--json"],
    ...["--server", server.url],
  ]);
  assertEquals([code, JSON.parse(stdout)], [0, {
    kind: "gesture",
    address: "/pad",
    value: [0.5],
    type: "array",
    phase: "end",
    id: 3,
  }]);
});

Deno.test("info says what the program is without a router, and with one how its uplink is", async () => {
  const alone = await runCommand(["info", "--json"], { permissions: [] });
  assertEquals([alone.code, alone.stderr], [0, ""]);
  const { build } = JSON.parse(alone.stdout);
  assertEquals(build, {
    version: config.version,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    target: Deno.build.target,
    compiled: false,
  });
  assertStringIncludes(
    (await runCommand(["info"])).stdout,
    `clasp-fed ${config.version}, run from`,
  );

  await using routers = await SiteRouters.start(["site-a"]);
  const server = ["--server", `ws://127.0.0.1:${routers.port("site-a")}`];
  const leaf = JSON.parse((await runCommand(["info", "--json", ...server])).stdout);
  assertEquals([leaf.uplink.state, leaf.uplink.router], ["Active", "hub"]);
  assertMatch((await runCommand(["info", ...server])).stdout, /uplink +Active, hub "hub" at ws:/);
  const hub = await runCommand([
    "info",
    "--json",
    "--server",
    `ws://127.0.0.1:${routers.port("hub")}`,
  ]);
  assertEquals(JSON.parse(hub.stdout).uplink, null);
});

Deno.test("the tools say what to type", async () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["bench", "--to", "hub"], "--to needs a URL like ws://"],
    [["bench", "--messages", "0"], "--messages must be a whole number from 1"],
    [["bench", "--rates", "5"], "did you mean --rate?"],
    [["bnech"], "did you mean bench?"],
    [["query"], "PATTERN is missing"],
    [["query", "/a/**b"], "Cannot parse pattern"],
    [["qurey", "/a"], "did you mean query?"],
    [["info", "--srever", "x"], "did you mean --server?"],
  ];
  for (const [args, wanted] of cases) {
    const { code, stdout, stderr } = await runCommand(args);
    assertEquals([code, stdout], [2, ""], args.join(" "));
    assertMatch(stderr, /^clasp-fed: [^\n]+\n$/);
    assertStringIncludes(stderr, wanted);
  }
  for (const command of ["bench", "query", "info"]) {
    const help = await runCommand([command, "--help"]);
    assertEquals([help.code, help.stderr], [0, ""]);
    assertStringIncludes(help.stdout, `Usage: clasp-fed ${command}`);
  }
});
