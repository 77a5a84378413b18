import { assertEquals } from "../support/assert.ts";

const ROOT = new URL("../../", import.meta.url);

/** What somebody writes who knows nothing of us but a URL. */
const program = (origin: string): string => `
import { Client, Router, type Update } from "${origin}/mod.ts";

const local = { port: 0, hostname: "127.0.0.1" };
const hub: Router = new Router({ features: ["param", "event", "federation"] });
const { port } = hub.listen(local);
const leaf = new Router({
  federation: {
    mode: { type: "leaf", hubEndpoint: \`ws://127.0.0.1:\${port}\` },
    routerId: "site-a",
    ownedNamespaces: ["/site-a/**"],
  },
});
const atLeaf = await Client.connect(\`ws://127.0.0.1:\${leaf.listen(local).port}\`);
const atHub = await Client.connect(\`ws://127.0.0.1:\${port}\`);
const { promise, resolve } = Promise.withResolvers<Update>();
await atHub.subscribe("/site-a/**", resolve);
await atLeaf.set("/site-a/value", { level: 0.75 });
const { address, value }: Update = await promise;
console.log(JSON.stringify([address, value]));
await Promise.all([atLeaf.close(), atHub.close()]);
await leaf.stop();
await hub.stop();
`;

Deno.test("mod.ts imported by URL type-checks and federates with --allow-net --allow-import", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    serveSource,
  );
  const directory = await Deno.makeTempDir({ prefix: "clasp-fed-import-" });
  try {
    await prepareCache(directory);
    const origin = `http://127.0.0.1:${server.addr.port}`;
    await Deno.writeTextFile(`${directory}/app.ts`, program(origin));
    const host = `127.0.0.1:${server.addr.port}`;
    const checked = await runApp(directory, ["check", `--allow-import=${host}`]);
    assertEquals(checked.code, 0, checked.stderr);
    const ran = await runApp(directory, [
      "run",
      "--no-prompt",
      "--allow-net",
      `--allow-import=${host}`,
    ]);
    assertEquals([ran.code, ran.stdout], [0, '["/site-a/value",{"level":0.75}]\n'], ran.stderr);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** Answers with sources as a plain web server would. */
async function serveSource(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const file = new URL(`.${pathname}`, ROOT);
  if (!file.href.startsWith(ROOT.href)) return new Response("no", { status: 404 });
  try {
    const text = await Deno.readTextFile(file);
    const type = pathname.endsWith(".json") ? "application/json" : "application/typescript";
    return new Response(text, { headers: { "content-type": type } });
  } catch {
    return new Response("no", { status: 404 });
  }
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs app.ts of a directory without any configuration. */
async function runApp(directory: string, args: readonly string[]): Promise<Outcome> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: [...args, "--quiet", "--no-config", "--no-lock", "app.ts"],
    cwd: directory,
    env: { DENO_DIR: `${directory}/cache` },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
}

/**
 * Gives a directory a cache of its own, for no later run will want these URLs, with the npm packages
 * of the cache that this process uses; what that lacks comes from the registry.
 */
async function prepareCache(directory: string): Promise<void> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  await Deno.mkdir(`${directory}/cache`);
  await Deno.symlink(npmCache, `${directory}/cache/npm`);
}
