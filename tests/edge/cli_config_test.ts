import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { CertificateDirectory } from "../support/certificate_directory.ts";
import {
  type CommandResult,
  type LogLine,
  runCommand,
  type ServerProcess,
  startServer,
} from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { TempDirectory } from "../support/temp_directory.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";

/** A configuration file in a directory of its own. */
class ConfigDirectory implements AsyncDisposable {
  readonly #directory: TempDirectory;
  readonly permissions: readonly string[];
  readonly path: string;

  private constructor(directory: TempDirectory) {
    this.#directory = directory;
    this.path = directory.file("clasp-fed.json");
    this.permissions = [
      "--allow-net",
      `--allow-read=${directory.path}`,
      `--allow-write=${directory.path}`,
    ];
  }

  static async make(config: unknown = {}): Promise<ConfigDirectory> {
    const directory = new ConfigDirectory(await TempDirectory.make());
    await directory.write(config);
    return directory;
  }

  file(name: string): string {
    return this.#directory.file(name);
  }

  async write(config: unknown): Promise<void> {
    const text = typeof config === "string" ? config : JSON.stringify(config);
    await Deno.writeTextFile(this.path, text);
  }

  async check(...flags: string[]): Promise<CommandResult> {
    const { permissions } = this;
    return await runCommand(["server", "--config", this.path, "--check", ...flags], {
      permissions,
    });
  }

  async start(...flags: string[]): Promise<ServerProcess> {
    const { permissions } = this;
    return await startServer(["--config", this.path, ...flags], { permissions });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directory[Symbol.asyncDispose]();
  }
}

/** Ten configurations that are wrong, the exit code, and what its line names: the key and the cure. */
const WRONG: readonly (readonly [unknown, number, readonly string[]])[] = [
  ['{"port": 7330,}', 2, ["it is no JSON", "trailing commas"]],
  [{ federation: { namespace: ["/a/**"] } }, 2, [
    '"federation.namespace"',
    "did you mean federation.namespaces?",
  ]],
  [{ limits: { sessions: "many" } }, 2, ['"limits.sessions"', "from 1 to 1000000", '"many"']],
  [{ federation: { mode: "hbu" } }, 2, ['"federation.mode"', "hub, leaf", "did you mean hub?"]],
  [{ federation: { mode: "leaf" } }, 2, [
    '"federation.mode"',
    '"federation.hub": "ws://HUB:7330"',
  ]],
  [{ federation: { hub: "hub:7330" } }, 2, ['"federation.hub"', "ws://hub.example:7330"]],
  [{ federation: { hub: "ws://hub:1", namespaces: ["site-a/**"] } }, 2, [
    '"federation.namespaces"',
    '"site-a/**"',
    'must start with "/"',
  ]],
  [{ persist: { intervalSeconds: 5 } }, 2, ['"persist.intervalSeconds"', '"persist.file": "FILE"']],
  [{ tls: { cert: "site.crt" } }, 2, ['"tls.cert"', 'add "tls.key": "FILE"']],
  [{ security: { tokens: "none.tokens" } }, 1, ['"security.tokens"', "clasp-fed token create"]],
];

Deno.test("ten wrong configurations give ten lines, each with its key and its cure", async () => {
  await using directory = await ConfigDirectory.make();
  const lines = new Set<string>();
  for (const [config, code, wanted] of WRONG) {
    await directory.write(config);
    const result = await runCommand(["server", "--config", directory.path, "--check"], {
      permissions: ["--allow-net", "--allow-read"],
    });
    assertEquals([result.code, result.stdout], [code, ""], result.stderr);
    assertMatch(result.stderr, /^clasp-fed: [^\n]+\n$/);
    for (const text of [directory.path, ...wanted]) assertStringIncludes(result.stderr, text);
    lines.add(result.stderr);
  }
  assertEquals(lines.size, 10);
});

Deno.test("--check says what a server would be and starts nothing", async () => {
  await using directory = await ConfigDirectory.make({
    port: 7339,
    federation: { hub: ["ws://hub:7330"], id: "site-a", namespaces: ["/site-a/**"] },
  });
  const state = directory.file("state");
  const { code, stdout, stderr } = await directory.check("--persist", state);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(
    stdout,
    `${directory.path} is fine: a leaf "site-a" of ws://hub:7330, on 0.0.0.0:7339, ` +
      `owner of /site-a/**, params kept in ${state}\n`,
  );
  assertEquals([...Deno.readDirSync(directory.file("."))].length, 1, "it left no file");
  const typed = await runCommand(["server", "--check", "--features", "federation"]);
  assertEquals(typed.stdout, "The command line is fine: a hub, on 0.0.0.0:7330\n");
});

Deno.test("--check looks at the files that a configuration names", async () => {
  await using directory = await ConfigDirectory.make();
  await using files = await CertificateDirectory.make();
  await Deno.writeTextFile(directory.file("not.pem"), "nothing");
  const tls = { cert: files.file("server.crt"), key: files.file("server.key") };
  const hub = "wss://hub:7330";
  const cases: readonly (readonly [unknown, number, string])[] = [
    [{ tls }, 0, ""],
    [{ tls: { ...tls, cert: directory.file("not.pem") } }, 1, "there is none in it"],
    [{ tls: { ...tls, key: directory.file("gone") } }, 1, 'Cannot read "tls.key" from file'],
    [{ tls: { ca: directory.file("not.pem") }, federation: { hub } }, 1, '"tls.ca": Cannot trust'],
    [{ federation: { hub, token: directory.file("gone") } }, 1, '"federation.token"'],
    [{ security: { trustAnchors: directory.file("gone") } }, 1, '"security.trustAnchors"'],
    [{ persist: { file: directory.file("gone/state") } }, 1, '"persist.file"'],
    [{ name: "x".repeat(129) }, 2, "1 to 128 are allowed"],
  ];
  for (const [config, wanted, text] of cases) {
    await directory.write(config);
    const { code, stderr } = await runCommand(["server", "--config", directory.path, "--check"], {
      permissions: ["--allow-net", "--allow-read", "--allow-write"],
    });
    assertEquals(code, wanted, stderr);
    assertStringIncludes(stderr, text);
  }
  const none = await runCommand(["server", "--config", directory.file("none.json"), "--check"], {
    permissions: ["--allow-read"],
  });
  assertEquals(none.code, 1);
  assertStringIncludes(none.stderr, "there is no such file");
});

Deno.test("a token in a configuration that everybody can read is warned of", async () => {
  const token = "cap_secret";
  await using directory = await ConfigDirectory.make({ federation: { hub: "ws://h:1", token } });
  await Deno.chmod(directory.path, 0o644);
  const open = await directory.check();
  assertEquals(open.code, 0);
  assertMatch(
    open.stderr,
    /Everybody on this machine can read the token in "[^"]+": chmod 600 it\n$/,
  );
  await Deno.chmod(directory.path, 0o600);
  assertEquals((await directory.check()).stderr, "");
});

Deno.test("--print-schema prints the schema that is published", async () => {
  const published = new URL("../../src/cli/clasp-fed.schema.json", import.meta.url);
  const { code, stdout } = await runCommand(["server", "--print-schema"]);
  assertEquals([code, stdout], [0, await Deno.readTextFile(published)]);
});

Deno.test("server starts with a configuration, and flags win over it", async () => {
  await using directory = await ConfigDirectory.make({
    name: "from the file",
    federation: { mode: "hub", id: "root" },
    port: 1,
  });
  await using server = await directory.start("--port", "0", "--name", "typed");
  const { mode, routerId, name } = server.logs[0] ?? {};
  assertEquals({ mode, routerId, name }, { mode: "hub", routerId: "root", name: "typed" });
});

function isOf(event: string, key?: string): (line: LogLine) => boolean {
  return (line) => line["event"] === event && (key === undefined || line["key"] === key);
}

Deno.test("SIGHUP takes a new configuration into use, and no session ends", async () => {
  const leaf = (config: Record<string, unknown>, hubs: readonly string[]) => ({
    ...config,
    federation: { hub: hubs, id: "site-a", ...Object(config["federation"]) },
  });
  await using hub = await startServer(["--features", "federation", "--federation-id", "root"]);
  await using spare = await startServer(["--federation-hub", hub.url, "--federation-id", "spare"]);
  const started = leaf({ federation: { namespaces: ["/site-a/**"] } }, [hub.url]);
  await using directory = await ConfigDirectory.make(started);
  await using server = await directory.start();
  const isUp = (routerId: string) => (line: LogLine) =>
    line["event"] === "uplink" && line["state"] === "Active" && line["routerId"] === routerId;
  await server.log(isUp("root"), "its link");
  await using client = await RawClient.connect(server.port);

  await directory.write({
    ...leaf({ federation: { namespaces: ["/site-a/**", "/stage/**"] } }, [spare.url, hub.url]),
    limits: { messagesPerSecond: 500, sessions: 3 },
    log: { level: "debug" },
    drainTimeoutSeconds: 1,
    name: "renamed",
  });
  server.kill("SIGHUP");
  for (
    const key of [
      "federation.namespaces",
      "federation.hub",
      "limits.messagesPerSecond",
      "limits.sessions",
    ]
  ) await server.log(isOf("config-applied", key), `${key} to be applied`);
  const restart = await server.log(isOf("config-needs-restart"), "what needs a restart");
  assertEquals([restart["key"], restart["level"]], ["name", "warn"]);
  assertEquals((await client.set("/stage/1", encodeValue(1))).type, "ACK");
  client.frames.length = 0;
  client.send({ type: "GET", address: "/stage/1" });
  await client.until(() => client.all("SNAPSHOT").length > 0, "the param", 10_000);
  assertEquals(client.all("SNAPSHOT")[0]?.params[0]?.writer, "site-a", "its own from now on");

  await directory.write(leaf({ federation: { namespaces: ["/site-a/**"] } }, [spare.url]));
  server.kill("SIGHUP");
  await server.log(isUp("spare"), "the other hub");
  assertEquals((await client.set("/a", encodeValue(1))).type, "ACK", "still the same session");
  assertEquals(
    server.logs.filter(isOf("uplink")).some((line) => line["state"] === "Failed"),
    false,
  );
});

Deno.test("a configuration that is wrong at SIGHUP changes nothing", async () => {
  await using directory = await ConfigDirectory.make({ limits: { sessions: 5 } });
  await using server = await directory.start();
  await directory.write({ limits: { sessions: 0 } });
  server.kill("SIGHUP");
  const refused = await server.log(isOf("config-refused"), "the refusal");
  assertEquals(refused["level"], "error");
  assertStringIncludes(String(refused["reason"]), '"limits.sessions" must be a whole number');

  await directory.write({ limits: { sessions: 1 } });
  server.kill("SIGHUP");
  await server.log(isOf("config-applied", "limits.sessions"), "the limit");
  await using _one = await RawClient.connect(server.port);
  await using two = await RawClient.open(server.port);
  assertEquals((await two.ended).code, 1013);

  await directory.write({});
  server.kill("SIGHUP");
  const isDefault = (line: LogLine) =>
    isOf("config-applied", "limits.sessions")(line) && String(line["value"]).includes("without");
  await server.log(isDefault, "the limit that is gone");
  await using three = await RawClient.connect(server.port);
  assertEquals((await three.set("/a", encodeValue(1))).type, "ACK");
  server.kill("SIGHUP");
  await server.log(isOf("config-unchanged"), "that nothing changed");
});

Deno.test("a namespace that another router owns is refused at SIGHUP, and told", async () => {
  await using hub = await startServer([
    ...["--features", "federation", "--federation-id", "root"],
    ...["--federation-namespaces", "/root/**"],
  ]);
  const config = (namespaces: readonly string[]) => ({
    federation: { hub: hub.url, id: "site-a", namespaces },
  });
  await using directory = await ConfigDirectory.make(config(["/site-a/**"]));
  await using server = await directory.start();
  await server.log((line) => line["event"] === "uplink" && line["state"] === "Active", "its link");
  await server.log(isOf("namespaces"), "the hub's namespaces");
  await directory.write(config(["/site-a/**", "/root/**"]));
  server.kill("SIGHUP");
  const refused = await server.log(isOf("config-key-refused", "federation.namespaces"), "refusal");
  assertMatch(String(refused["reason"]), /"\/root\/\*\*" of router "site-a" overlaps .*"root"/);
});

Deno.test("another token for the hub is shown at once after SIGHUP, and is not logged", async () => {
  await using directory = await ConfigDirectory.make();
  const { permissions } = directory;
  const tokens = directory.file("hub.tokens");
  const created = await runCommand(
    ["token", "create", "--file", tokens, "--scopes", "admin:/**"],
    { permissions },
  );
  const token = created.stdout.trim();
  await using hub = await startServer(
    ["--features", "federation", "--federation-id", "root", "--tokens", tokens],
    { permissions },
  );
  await Deno.writeTextFile(directory.file("token"), "cpsk_wrong");
  await directory.write({ federation: { hub: hub.url, id: "a", token: directory.file("token") } });
  await using server = await directory.start();
  const failed = await server.log(
    (line) => line["event"] === "uplink" && line["state"] === "Failed",
    "the refusal",
  );
  assertStringIncludes(String(failed["message"]), "clasp-fed token create makes one");
  await Deno.writeTextFile(directory.file("token"), token);
  server.kill("SIGHUP");
  await server.log(isOf("config-applied", "federation.token"), "the other token");
  await server.log((line) => line["event"] === "uplink" && line["state"] === "Active", "its link");
  assertEquals(server.logs.some((line) => JSON.stringify(line).includes(token)), false);
});

Deno.test("a certificate that has not changed ends no connection at SIGHUP", async () => {
  await using files = await CertificateDirectory.make();
  await using directory = await ConfigDirectory.make({
    tls: { cert: files.file("server.crt"), key: files.file("server.key") },
    limits: { sessions: 5 },
  });
  await using server = await startServer(["--config", directory.path], {
    permissions: ["--allow-net", "--allow-read"],
  });
  server.kill("SIGHUP");
  await server.log(isOf("certificate-unchanged"), "the look at the certificate");
  assert(!server.logs.some(isOf("certificate-renewed")));
  assertEquals((await server.stop()).code, 0);
});
