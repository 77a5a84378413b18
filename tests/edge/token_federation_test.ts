import type { TokenRecord } from "../../src/auth/token_record.ts";
import { Scopes } from "../../src/auth/scopes.ts";
import { changeTokenFile } from "../../src/edge/auth/change_token_file.ts";
import { hashToken, newCpskToken } from "../../src/edge/auth/cpsk_token.ts";
import { Client } from "../../src/edge/client.ts";
import { ClientError } from "../../src/edge/client_error.ts";
import { Router } from "../../src/edge/router.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { splitLines } from "../support/line_process.ts";
import { pollUntil } from "../support/poll_until.ts";
import {
  type CommandResult,
  runCommand,
  type ServerProcess,
  startCommand,
  startServer,
} from "../support/process.ts";
import { TempDirectory } from "../support/temp_directory.ts";
import { V0Client } from "../support/v0_client.ts";

const DEADLINE_MS = 30_000;
const PATTERN = "/site-a/**";

/** Who has a token in the house, and what it allows. */
const HOLDERS = {
  "site-a": ["write:/site-a/**", "read:/house/**"],
  panel: ["write:/site-a/**"],
  viewer: ["read:/site-a/fader"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Holder = keyof typeof HOLDERS;

/** A hub with a token file, and a file with the token of each holder. */
class House implements AsyncDisposable {
  readonly directory: TempDirectory;
  readonly hub: ServerProcess;
  readonly tokens: Readonly<Record<Holder, string>>;

  private constructor(
    directory: TempDirectory,
    hub: ServerProcess,
    tokens: Readonly<Record<Holder, string>>,
  ) {
    this.directory = directory;
    this.hub = hub;
    this.tokens = tokens;
  }

  static async open(): Promise<House> {
    const directory = await TempDirectory.make();
    const tokens = { "site-a": newCpskToken(), panel: newCpskToken(), viewer: newCpskToken() };
    for (const [holder, token] of Object.entries(tokens)) {
      await Deno.writeTextFile(directory.file(holder), `${token}\n`, { mode: 0o600 });
    }
    const path = directory.file("tokens");
    await changeTokenFile(path, () => recordsOf(tokens, ["site-a", "panel", "viewer"]));
    const hub = await startServer(
      ["--features", "federation", "--federation-id", "hub", "--tokens", path],
      { permissions: permissionsOf(directory) },
    );
    return new House(directory, hub, tokens);
  }

  async startLeaf(id: string, holder: Holder | undefined, owns: string): Promise<ServerProcess> {
    return await startServer([
      ...["--federation-hub", this.hub.url, "--federation-id", id, "--federation-namespaces", owns],
      ...(holder === undefined ? [] : ["--federation-token", this.directory.file(holder)]),
    ], { permissions: permissionsOf(this.directory) });
  }

  /** Runs a client command at the hub, with the token of a holder, or with none. */
  async run(holder: Holder | undefined, ...args: readonly string[]): Promise<CommandResult> {
    return await runCommand(this.#argsOf(holder, args), {
      permissions: permissionsOf(this.directory),
    });
  }

  /** The same for one that goes on. */
  start(holder: Holder, ...args: readonly string[]): Deno.ChildProcess {
    return startCommand(this.#argsOf(holder, args), {
      permissions: permissionsOf(this.directory),
    });
  }

  /** Leaves these in the token file, and nobody else. */
  async keep(...holders: readonly Holder[]): Promise<void> {
    await changeTokenFile(this.directory.file("tokens"), () => recordsOf(this.tokens, holders));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub[Symbol.asyncDispose]();
    await this.directory[Symbol.asyncDispose]();
  }

  #argsOf(holder: Holder | undefined, args: readonly string[]): readonly string[] {
    const token = holder === undefined ? [] : ["--token", this.directory.file(holder)];
    return [...args, "--server", this.hub.url, ...token];
  }
}

function permissionsOf({ path }: TempDirectory): readonly string[] {
  return ["--allow-net", `--allow-read=${path}`];
}

function recordsOf(
  tokens: Readonly<Record<Holder, string>>,
  holders: readonly Holder[],
): readonly TokenRecord[] {
  return holders.map((holder) => ({
    sha256: hashToken(tokens[holder]).toHex(),
    subject: holder,
    scopes: Scopes.parse(HOLDERS[holder]),
    createdAtSeconds: 1_800_000_000,
    expiresAtSeconds: undefined,
  }));
}

async function uplink(leaf: ServerProcess, state: string): Promise<string> {
  const line = await leaf.log(
    (line) => line["event"] === "uplink" && line["state"] === state,
    `the uplink ${state}`,
  );
  return JSON.stringify(line);
}

async function codeOf(act: Promise<unknown>): Promise<number> {
  return (await assertRejects(() => act, ClientError)).code;
}

/** Expects a command to be refused with one line that names the code. */
function assertRefused({ code, stdout, stderr }: CommandResult, error: number): void {
  assertEquals([code, stdout], [1, ""], stderr);
  assertStringIncludes(stderr, `ERROR ${error}: `);
  assertEquals(stderr.trimEnd().split("\n").length, 1);
}

Deno.test("a token file decides who federates and who is served", async (t) => {
  await using house = await House.open();
  const { hub, tokens } = house;
  await using leaf = await house.startLeaf("site-a", "site-a", PATTERN);
  await uplink(leaf, "Active");
  const atLeaf = await Client.connect(leaf.url);
  const logs = [hub.logs, leaf.logs];
  const said: string[] = [];

  await t.step("the commands show their tokens, and do what those allow", async () => {
    const set = await house.run("panel", "set", "/site-a/fader", "0.5");
    assertEquals([set.code, set.stderr], [0, ""]);
    assertEquals(await atLeaf.get("/site-a/fader"), 0.5);
    const got = await house.run("viewer", "get", "/site-a/fader");
    assertEquals([got.code, got.stdout, got.stderr], [0, "0.5\n", ""]);
    const pub = await house.run("panel", "pub", "/site-a/cue");
    assertEquals([pub.code, pub.stderr], [0, ""]);
    assertEquals((await house.run("viewer", "info")).code, 0);
  });

  await t.step("they are refused what their tokens do not allow", async () => {
    const results = await Promise.all([
      house.run("viewer", "set", "/site-a/fader", "1"),
      house.run("panel", "set", "/house/fader", "1"),
      house.run("panel", "get", "/house/fader"),
      house.run("viewer", "pub", "/site-a/cue"),
    ]);
    for (const result of results) assertRefused(result, 301);
    const sub = await house.run("viewer", "sub", "/site-a/*", "--count", "2");
    // What it may read it is shown behind WELCOME, sometimes before the refusal.
    const shown = sub.stdout.split("\n").filter((line) => !line.startsWith("/site-a/fader "));
    assertRefused({ ...sub, stdout: shown.join("") }, 301);
    said.push(...[...results, sub].map(({ stderr }) => stderr));
    assertEquals(await atLeaf.get("/site-a/fader"), 0.5);
  });

  await t.step("without a token nobody is served", async () => {
    for (const command of [["get", "/site-a/fader"], ["info"]]) {
      const refused = await house.run(undefined, ...command);
      assertRefused(refused, 300);
      assertStringIncludes(refused.stderr, "cpsk_");
    }
  });

  await t.step(
    "nobody federates without a token, with another's id, or beyond the scopes",
    async () => {
      const leaves = [
        ["stranger", undefined, "/site-a/x/**", "300"],
        ["site-a", "panel", PATTERN, "belongs to another credential"],
        // Though no router has it: it is the subject of another token.
        ["viewer", "panel", "/site-a/x/**", "belongs to another credential (cpsk_viewer)"],
        ["greedy", "viewer", "/site-a/fader", "/site-a/fader"],
      ] as const;
      for (const [id, holder, owns, why] of leaves) {
        await using refused = await house.startLeaf(id, holder, owns);
        assertStringIncludes(await uplink(refused, "Failed"), why);
        logs.push(refused.logs);
      }
      assertEquals(await atLeaf.get("/site-a/fader"), 0.5);
    },
  );

  await t.step("a client of the leaf goes no further than the leaf", async () => {
    assertEquals(await codeOf(atLeaf.set("/house/fader", 9)), 403);
  });

  await t.step("a client of v0 shows its token, and is shown what that allows", async () => {
    await using stranger = await V0Client.open(hub.port);
    stranger.hello();
    assertEquals((await withDeadline(stranger.ended, DEADLINE_MS, "a refusal")).code, 1008);
    assertEquals(stranger.all("ERROR")[0]?.["code"], 300);
    await using v0 = await V0Client.connect(hub.port, tokens.viewer);
    const shown = JSON.stringify(v0.all("SNAPSHOT"));
    assertStringIncludes(shown, "/site-a/fader");
    assertEquals((await v0.ask({ type: "SET", address: "/site-a/fader", value: 1n }))["code"], 301);
    const wide = { type: "SUBSCRIBE", id: 1n, pattern: "/**", options: null };
    assertEquals((await v0.ask(wide))["code"], 301);
    await v0.subscribe("/site-a/fader");
    await atLeaf.set("/site-a/other", 1);
    await atLeaf.set("/site-a/fader", 0.75);
    await v0.until(() => v0.of("/site-a/fader").length > 0, "the fader");
    assertEquals(v0.of("/site-a/other"), []);
  });

  await t.step("no token is in a log or an error", () => {
    const text = JSON.stringify([logs, said]);
    for (const token of Object.values(tokens)) {
      assertEquals(text.includes(token.slice(5)), false);
      assertEquals(text.includes(hashToken(token).toHex()), false);
    }
  });
  await atLeaf.close();
});

Deno.test("who is taken out of the token file is sent away within moments, others stay", async () => {
  await using house = await House.open();
  await using leaf = await house.startLeaf("site-a", "site-a", PATTERN);
  await uplink(leaf, "Active");
  const { hub, tokens } = house;
  const panel = await Client.connect(hub.url, { token: tokens.panel });
  const viewer = await Client.connect(hub.url, { token: tokens.viewer });
  await panel.set("/site-a/fader", 1);
  const sub = house.start("panel", "sub", PATTERN);
  const lines = sub.stderr.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines())
    .getReader();
  const line = async () => (await withDeadline(lines.read(), DEADLINE_MS, "a line of sub")).value;
  assertStringIncludes(await line() ?? "", "Subscribed");

  await house.keep("site-a", "viewer");
  assertStringIncludes(await withDeadline(panel.closed, DEADLINE_MS, "the end"), "revoked");
  assertStringIncludes(await line() ?? "", "revoked");
  assertEquals((await withDeadline(sub.status, DEADLINE_MS, "the end of sub")).code, 1);
  await Promise.all([lines.cancel(), sub.stdout.cancel()]);
  assertEquals(await codeOf(Client.connect(hub.url, { token: tokens.panel })), 300);
  assertEquals(await viewer.get("/site-a/fader"), 1);

  await house.keep("viewer");
  assertStringIncludes(await uplink(leaf, "Failed"), "300");
  // What the site brought stays, and the site goes on alone.
  const atLeaf = await Client.connect(leaf.url);
  await atLeaf.set("/site-a/fader", 2);
  assertEquals(await viewer.get("/site-a/fader"), 1);

  // Its token counts again: a restart brings the site back, with what it has.
  await house.keep("viewer", "site-a", "panel");
  await using again = await house.startLeaf("site-a", "site-a", PATTERN);
  await uplink(again, "Active");
  const atAgain = await Client.connect(again.url);
  const { promise: came, resolve } = Promise.withResolvers<void>();
  await viewer.subscribe("/site-a/fader", (update) => {
    if (update.kind === "param" && update.value === 3) resolve();
  });
  await atAgain.set("/site-a/fader", 3);
  await withDeadline(came, DEADLINE_MS, "the value of the site that came back");
  await Promise.all([panel, viewer, atLeaf, atAgain].map((client) => client.close()));
});

Deno.test("a token that was created a moment ago lets a client and a site in at once", async () => {
  await using house = await House.open();
  const { hub, directory } = house;
  const create = async (scope: string): Promise<string> => {
    const token = newCpskToken();
    const record: TokenRecord = {
      sha256: hashToken(token).toHex(),
      subject: undefined,
      scopes: Scopes.parse([scope]),
      createdAtSeconds: 1_800_000_000,
      expiresAtSeconds: undefined,
    };
    await changeTokenFile(directory.file("tokens"), (records) => [...records, record]);
    return token;
  };
  const panel = await Client.connect(hub.url, { token: await create("read:/site-c/**") });
  const site = new Router({
    federation: {
      mode: { type: "leaf", hubEndpoint: hub.url },
      routerId: "site-c",
      ownedNamespaces: ["/site-c/**"],
      authToken: await create("write:/site-c/**"),
    },
  });
  const { port } = site.listen({ port: 0, hostname: "127.0.0.1" });
  const { federation } = site;
  // At its first attempt: a refused token makes it Failed.
  await pollUntil(
    () => federation?.uplinkState === "Active" || federation?.uplinkState === "Failed",
    "the way to the hub",
    DEADLINE_MS,
  );
  assertEquals([federation?.uplinkState, federation?.uplinkReason], ["Active", undefined]);
  const atSite = await Client.connect(`ws://127.0.0.1:${port}`);
  const { promise: came, resolve } = Promise.withResolvers<void>();
  await panel.subscribe("/site-c/fader", () => resolve());
  await atSite.set("/site-c/fader", 1);
  await withDeadline(came, DEADLINE_MS, "the fader of the new site");
  await Promise.all([panel.close(), atSite.close()]);
  await site.stop();
});
