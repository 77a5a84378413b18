import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { chainText, testKey } from "../support/capability_tokens.ts";
import { CertificateDirectory } from "../support/certificate_directory.ts";
import { withDeadline } from "../support/deadline.ts";
import { freePorts } from "../support/free_ports.ts";
import { splitLines } from "../support/line_process.ts";
import { pollUntil } from "../support/poll_until.ts";
import { runCommand, startCommand, startServer } from "../support/process.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const DEADLINE_MS = 30_000;

async function isReady(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`);
  await response.body?.cancel();
  return response.ok;
}

Deno.test("status draws a hub, its leaves and why one is away; --json prints what /status has", async () => {
  await using hub = await startServer(["--features", "federation", "--federation-id", "hub"]);
  const leaf = (id: string) =>
    startServer([
      ...["--federation-hub", hub.url, "--federation-id", id],
      ...["--federation-namespaces", `/${id}/**`],
    ]);
  await using siteA = await leaf("site-a");
  await using siteB = await leaf("site-b");
  for (const { port } of [siteA, siteB]) {
    const endMs = performance.now() + DEADLINE_MS;
    while (!await isReady(port) && performance.now() < endMs);
  }
  await siteB.stop();
  const drawn = await runCommand(["status", "--server", siteA.url]);
  assertEquals([drawn.code, drawn.stderr], [0, ""]);
  assertMatch(drawn.stdout, /^site-a {2}leaf {2}.*\nready {2}time known {2}open\n/);
  assertStringIncludes(drawn.stdout, "way to the root: site-a > hub");
  assertMatch(drawn.stdout, /\nActive +hub +hub +\d+ s +\d+\.\d\d ms +/);
  assertMatch(drawn.stdout, /\n\/site-b\/\*\* +site-b +unreachable +hub hub\n/);
  assertMatch(drawn.stdout, /\nDisconnected +site-b +hub +\d+ s +The router is stopping\n/);
  assertEquals(drawn.stdout.includes("\x1b"), false);
  const json = await runCommand(["status", "--json", "--server", hub.url]);
  assertEquals([json.code, json.stderr], [0, ""]);
  const facts = JSON.parse(json.stdout);
  assertEquals(
    facts.links.map(({ peer, state }: Record<string, string>) => `${peer} ${state}`).sort(),
    ["site-a Active", "site-b Disconnected"],
  );
});

Deno.test("status says what to do when there is no router, no page, or no leave", async () => {
  const [port] = freePorts(1);
  const nobody = await runCommand(["status", "--server", `ws://127.0.0.1:${port}`]);
  assertEquals([nobody.code, nobody.stdout], [1, ""]);
  assertMatch(nobody.stderr, /^clasp-fed: Cannot reach [^\n]*refused[^\n]*See --server\n$/i);

  await using silent = await startServer(["--no-http"]);
  const hidden = await runCommand(["status", "--server", silent.url]);
  assertEquals(hidden.code, 1);
  assertStringIncludes(hidden.stderr, "--no-http");

  let asked = new Headers();
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      asked = request.headers;
      return new Response("<html>");
    },
  );
  const stranger = await runCommand(["status", "--server", `ws://127.0.0.1:${other.addr.port}`]);
  assertEquals(stranger.code, 1);
  assertStringIncludes(stranger.stderr, "no router");
  // No page can set it: by it, a router under a public name tells a program from a page.
  assertEquals(asked.get("sec-clasp-program"), "clasp-fed");

  const usage = await runCommand(["status", "--wach"]);
  assertEquals(usage.code, 2);
  assertStringIncludes(usage.stderr, "did you mean --watch?");
  const forbidden = await runCommand(["status"], { permissions: [] });
  assertEquals(forbidden.code, 1);
  assertStringIncludes(forbidden.stderr, "--allow-net");
  const help = await runCommand(["status", "--help"]);
  assertEquals(help.code, 0);
  assertStringIncludes(help.stdout, "--watch");
});

Deno.test("status shows a router in authenticated mode to who has admin:/**", async () => {
  await using directory = await TempDirectory.make();
  const key = await testKey(88);
  const token = async (scope: string): Promise<string> => {
    const path = directory.file(scope.replaceAll(/\W/g, "-"));
    const claims = { scopes: [scope], expiresAtSeconds: Math.floor(Date.now() / 1_000) + 3_600 };
    await Deno.writeTextFile(path, await chainText({ key, ...claims }));
    return path;
  };
  await using server = await startServer(["--trust-anchor", key.publicKey]);
  const permissions = ["--allow-net", `--allow-read=${directory.path}`];
  const ask = (...args: string[]) =>
    runCommand(["status", "--server", server.url, ...args], { permissions });
  const without = await ask();
  assertEquals(without.code, 1);
  assertMatch(without.stderr, /^clasp-fed: [^\n]*admin:\/\*\*[^\n]*--token FILE\)\n$/);
  const reader = await ask("--token", await token("read:/**"));
  assertEquals(reader.code, 1);
  assertStringIncludes(reader.stderr, "needs the scope admin:/**");
  const admin = await ask("--token", await token("admin:/**"));
  assertEquals([admin.code, admin.stderr], [0, ""]);
  assertStringIncludes(admin.stdout, "authenticated");
});

Deno.test("status trusts the authority that --ca names", async () => {
  await using certificates = await CertificateDirectory.make();
  const { permissions } = certificates;
  await using server = await startServer([...certificates.serverFlags], { permissions });
  const url = server.url.replace("ws:", "wss:");
  const strange = await runCommand(["status", "--server", url], { permissions });
  assertEquals(strange.code, 1);
  assertStringIncludes(strange.stderr, "--ca");
  const trusted = await runCommand(["status", "--server", url, ...certificates.clientFlags], {
    permissions,
  });
  assertEquals([trusted.code, trusted.stderr], [0, ""]);
});

Deno.test("status --watch goes on until Ctrl-C, also while the router is away", async () => {
  const server = await startServer([]);
  const child = startCommand(["status", "--watch", "--json", "--server", server.url]);
  const lines: string[] = [];
  const complaints: string[] = [];
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, into: string[]) => {
    const texts = stream.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines());
    for await (const line of texts) into.push(line);
  };
  const reading = Promise.all([read(child.stdout, lines), read(child.stderr, complaints)]);
  await pollUntil(() => lines.length >= 2, "two looks", DEADLINE_MS);
  await server.stop();
  await pollUntil(() => complaints.length >= 1, "a complaint", DEADLINE_MS);
  child.kill("SIGINT");
  const { code } = await withDeadline(child.status, DEADLINE_MS, "the end of status");
  await reading;
  assertEquals(code, 0);
  for (const line of lines) assertEquals(JSON.parse(line).mode, "router");
  assertStringIncludes(complaints[0] ?? "", "Cannot reach");
});
