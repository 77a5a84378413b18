import { encodeValue } from "../../src/wire/value_codec.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { runCommand, type ServerProcess, startServer } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { SiteRouters } from "../support/site_routers.ts";
import { Traffic } from "../support/traffic.ts";

function url(port: number): string {
  return `ws://127.0.0.1:${port}`;
}

async function set(server: ServerProcess, address: string, value: number): Promise<void> {
  await using client = await RawClient.connect(server.port);
  await client.set(address, encodeValue(value));
}

Deno.test("verify finds the routers of a federation alike, while values change all the time", async () => {
  await using routers = await SiteRouters.start(["site-a", "site-b"]);
  await using traffic = await Traffic.start(routers.port("site-a"), "/site-a/busy", 50);
  await traffic.acknowledges(50);
  const [a, b] = [url(routers.port("site-a")), url(routers.port("site-b"))];
  const people = await runCommand(["verify", a, b, "--wait", "20"]);
  assertEquals([people.code, people.stderr], [0, ""]);
  assertMatch(people.stdout, /^Alike: [\d,]+ params at ws:\S+ and ws:\S+\n$/);
  const machine = await runCommand(["verify", a, b, "--json", "--pattern", "/site-b/**"]);
  const { alike, params, differing, differences, servers } = JSON.parse(machine.stdout);
  assertEquals({ alike, params, differing, differences, servers }, {
    alike: true,
    params: [3, 3],
    differing: 0,
    differences: [],
    servers: [a, b],
  });
  await traffic.stop();
});

Deno.test("verify names what differs, and ends with 1", async () => {
  await using left = await startServer();
  await using right = await startServer();
  await set(left, "/a/only", 1);
  for (const server of [left, right]) await set(server, "/a/both", 2);
  for (let i = 0; i < 30; i++) await set(right, `/b/${i}`, i);

  const people = await runCommand(["verify", left.url, right.url, "--wait", "0"]);
  assertEquals(people.code, 1);
  const lines = people.stdout.split("\n");
  // Two routers that never met give the same write two stamps.
  assertEquals([lines[0], lines[3]], ["/a/both", "/a/only"]);
  assertStringIncludes(lines[4] ?? "", `${left.url}: 1.0 (revision 1, stamped by `);
  assertEquals(lines[5], `  ${right.url}: not there`);
  assertEquals(lines.at(-2), "and 12 more");
  assertMatch(people.stderr, /^clasp-fed: 32 addresses differ between [^\n]+\(2 and 31 params\)/);

  const machine = await runCommand(
    ["verify", left.url, right.url, "--wait", "1", "--json", "--pattern", "/a/*"],
  );
  assertEquals([machine.code, machine.stderr], [1, ""]);
  const { alike, params, differing, differences } = JSON.parse(machine.stdout);
  assertEquals([alike, params, differing], [false, [2, 1], 2]);
  const [both, only] = differences;
  assertEquals(both.versions.map(({ revision }: { revision: number }) => revision), [1, 1]);
  assertEquals([only.address, only.versions[0].value, only.versions[1]], ["/a/only", 1, null]);
});

Deno.test("verify looks again at what differs: what is on its way is no difference", async () => {
  await using left = await startServer();
  await using right = await startServer();
  await set(left, "/late", 1);
  const verified = runCommand(["verify", left.url, right.url, "--wait", "20", "--json"]);
  // It expires there: then both have nothing.
  await using client = await RawClient.connect(left.port);
  await client.set("/late", encodeValue(2), { ttl: 1 });
  const { code, stdout } = await verified;
  assertEquals([code, JSON.parse(stdout).alike], [0, true]);
});

Deno.test("verify says what to type, and which router it cannot reach", async () => {
  await using server = await startServer();
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [["verify"], 2, "URL is missing: clasp-fed verify URL URL"],
    [["verify", server.url], 2, "URL is missing"],
    [["verify", server.url, "site-b:7330"], 2, "verify needs a URL like ws://"],
    [["verify", server.url, server.url, "--pattern", "a"], 2, "Cannot parse pattern"],
    [["verify", server.url, server.url, "--wiat", "1"], 2, "did you mean --wait?"],
    [["verfiy", server.url], 2, "did you mean verify?"],
    [["verify", server.url, "ws://127.0.0.1:1"], 1, "ws://127.0.0.1:1"],
  ];
  for (const [args, code, wanted] of cases) {
    const result = await runCommand(args);
    assertEquals([result.code, result.stdout], [code, ""], args.join(" "));
    assertMatch(result.stderr, /^clasp-fed: [^\n]+\n$/);
    assertStringIncludes(result.stderr, wanted);
  }
  const help = await runCommand(["verify", "--help"]);
  assertStringIncludes(help.stdout, "--pattern PATTERN");
});
