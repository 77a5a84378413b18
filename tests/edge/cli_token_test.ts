import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { chainText, GOLDEN_ANCHOR, goldenToken, testKey } from "../support/capability_tokens.ts";
import { type CommandResult, runCommand } from "../support/process.ts";

/** A directory of a test's own, and the command line with leave to use it. */
class Desk implements AsyncDisposable {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<Desk> {
    return new Desk(await Deno.makeTempDir({ prefix: "clasp-fed-keys-" }));
  }

  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  async run(...args: string[]): Promise<CommandResult> {
    const { directory } = this;
    const permissions = [`--allow-read=${directory}`, `--allow-write=${directory}`];
    return await runCommand(args, { permissions });
  }

  /** Runs what has to succeed; gives back what it printed, without the end of the line. */
  async print(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    assertEquals(code, 0, `clasp-fed ${args.join(" ")}: ${stderr}`);
    return stdout.trimEnd();
  }

  /** Runs what has to fail; gives back its one line. */
  async complaint(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    assertEquals({ code, stdout }, { code: 1, stdout: "" }, args.join(" "));
    assertMatch(stderr, /^clasp-fed: [^\n]+\n$/);
    return stderr;
  }

  /** Makes a key, and a file with its public half; gives the latter back. */
  async key(name: string): Promise<string> {
    await this.print("key", "generate", "--out", this.path(`${name}.key`));
    const publicKey = await this.print("key", "show", this.path(`${name}.key`));
    await Deno.writeTextFile(this.path(`${name}.pub`), `${publicKey}\n`);
    return publicKey;
  }

  async names(): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(this.directory)) names.push(name);
    return names.sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}

Deno.test("a key is written for its owner only, and only its public half is printed", async () => {
  await using desk = await Desk.create();
  const path = desk.path("root.key");
  const { code, stdout, stderr } = await desk.run("key", "generate", "--out", path);
  assertEquals({ code, stdout }, { code: 0, stdout: "" });
  const seed = (await Deno.readTextFile(path)).trim();
  assertMatch(seed, /^[0-9a-f]{64}$/);
  assertEquals(((await Deno.stat(path)).mode ?? 0o600) & 0o777, 0o600);
  assertEquals(await desk.names(), ["root.key"]);
  const publicKey = await desk.print("key", "show", path);
  assertStringIncludes(stderr, `Public key: ${publicKey}`);
  assert(!stderr.includes(seed));
  assertNotEquals(publicKey, seed);
  assertMatch(await desk.print("key", "show", path, "--format", "did"), /^did:key:z6Mk\w+$/);
});

Deno.test("a private key is printed when asked for, and is another one each time", async () => {
  await using desk = await Desk.create();
  const first = await desk.print("key", "generate", "--out", "-");
  assertMatch(first, /^[0-9a-f]{64}$/);
  assertNotEquals(await desk.print("key", "generate", "-o", "-"), first);
  assertEquals(await desk.names(), []);
});

Deno.test("no file is overwritten by a key", async () => {
  await using desk = await Desk.create();
  await Deno.writeTextFile(desk.path("a"), "precious");
  const message = await desk.complaint("key", "generate", "--out", desk.path("a"));
  assertStringIncludes(message, "no key is ever overwritten");
  assertEquals(await Deno.readTextFile(desk.path("a")), "precious");
  await desk.complaint("key", "generate", "--out", desk.path("none/a"));
  assertEquals(await desk.names(), ["a"]);
});

Deno.test("the golden key shows the golden public key", async () => {
  await using desk = await Desk.create();
  const path = desk.path("golden.key");
  await Deno.writeTextFile(path, goldenToken("root-bearer").issuerSeedHex, { mode: 0o600 });
  assertEquals(await desk.print("key", "show", path), GOLDEN_ANCHOR);
});

Deno.test("a file that others can read, or that holds no key, is not used as a key", async () => {
  await using desk = await Desk.create();
  await desk.key("root");
  const root = desk.path("root.key");
  // A public key looks like a private one; whoever knows it could sign.
  await Deno.chmod(desk.path("root.pub"), 0o644);
  assertStringIncludes(await desk.complaint("key", "show", desk.path("root.pub")), "mode 644");
  await Deno.chmod(root, 0o640);
  const create = ["token", "cap", "create", "--scopes", "read:/**", "--key", root];
  assertStringIncludes(await desk.complaint(...create), "chmod 600 it");
  await Deno.chmod(root, 0o600);
  for (const content of ["", "x".repeat(64), "00".repeat(31), "00".repeat(2_000)]) {
    await Deno.writeTextFile(root, content);
    await desk.complaint(...create);
  }
  assertStringIncludes(await desk.complaint("key", "show", desk.path("none")), "no such file");
  await desk.complaint("key", "show", desk.directory);
});

Deno.test("a missing permission is named", async () => {
  await using desk = await Desk.create();
  const path = desk.path("root.key");
  const bare = { permissions: [] };
  const generate = await runCommand(["key", "generate", "--out", path], bare);
  assertEquals(generate.code, 1);
  const { directory } = desk;
  assertStringIncludes(
    generate.stderr,
    `--allow-read="${directory}" --allow-write="${directory}" was not given to deno run`,
  );
  const show = await runCommand(["key", "show", path], bare);
  assertStringIncludes(show.stderr, `permission --allow-read="${path}" was not given`);
  const verify = await runCommand(
    ["token", "cap", "verify", "cap_x", "--trust-anchor", path],
    bare,
  );
  assertStringIncludes(verify.stderr, `permission --allow-read="${path}" was not given`);
  const only = { permissions: [`--allow-read=${path}`, `--allow-write=${path}`] };
  assertStringIncludes(
    (await runCommand(["key", "generate", "--out", path], only)).stderr,
    "--allow-write",
  );
  assertEquals(await desk.names(), []);
});

Deno.test("a token is created, delegated twice, and accepted with what is left of it", async () => {
  await using desk = await Desk.create();
  const [root, site, stage] = [
    await desk.key("root"),
    await desk.key("site"),
    await desk.key("stage"),
  ];
  const cap = ["token", "cap"];
  const parent = await desk.print(
    ...[...cap, "create", "--key", desk.path("root.key"), "--expires", "1h"],
    ...["--scopes", "read:/**,write:/site-a/**", "--audience", desk.path("site.pub")],
  );
  await Deno.writeTextFile(desk.path("site.cap"), `${parent}\n`);
  const middle = await desk.print(
    ...[...cap, "delegate", desk.path("site.cap"), "-k", desk.path("site.key")],
    ...["-s", "write:/site-a/stage/**", "--audience", stage],
  );
  const delegate = [...cap, "delegate", middle, "-k", desk.path("stage.key"), "-s"];
  const child = await desk.run(...delegate, "write:/site-a/stage/*");
  assertStringIncludes(child.stderr, "Whoever has this token can use it");
  assertStringIncludes(child.stderr, "It expires as early as its parent");
  const verify = [...cap, "verify", child.stdout.trim(), "--trust-anchor"];
  const accepted = JSON.parse(await desk.print(...verify, desk.path("root.pub"), "--json"));
  assertEquals([accepted.valid, accepted.depth, accepted.issuer], [true, 2, stage]);
  assertEquals(accepted.scopes, ["write:/site-a/stage/*"]);
  assertStringIncludes(await desk.print(...verify, `${site},${root}`), "write:/site-a/stage/*");
  assertStringIncludes(await desk.complaint(...verify, root, "--max-depth", "1"), "at most 1 may");
  const untrusted = await desk.complaint(...verify, desk.path("root.key"));
  assertStringIncludes(untrusted, "holds a public key, as clasp-fed key show prints it");
  assertStringIncludes(
    await desk.complaint(...cap, "verify", middle, "--trust-anchor", root),
    "made for the holder of a key",
  );
  assertStringIncludes(await desk.complaint(...delegate, "admin:/site-a/stage/x"), "not covered");
  const stranger = [...cap, "delegate", parent, "-k", desk.path("stage.key"), "-s", "read:/a"];
  assertStringIncludes(await desk.complaint(...stranger), `only the holder of ${site} may`);
  const bearer = [...cap, "delegate", child.stdout.trim(), "-k", desk.path("stage.key"), "-s"];
  assertStringIncludes(await desk.complaint(...bearer, "read:/site-a/stage/x"), "has no audience");
});

Deno.test("nothing is delegated from an expired token, or from one that is not what was signed", async () => {
  await using desk = await Desk.create();
  const site = desk.path("site.key");
  await Deno.writeTextFile(site, goldenToken("proven-one-level").issuerSeedHex, { mode: 0o600 });
  const delegate = ["token", "cap", "delegate", "-k", site, "-s", "read:/site-a/x"];
  const { token } = goldenToken("root-with-audience");
  await desk.print(...delegate, token);
  const at = token.length - 20;
  const changed = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
  assertStringIncludes(await desk.complaint(...delegate, changed), "does not verify");
  const [anchor, { publicKey: audience }] = [await testKey(1), await testKey(2)];
  const expired = await chainText({ key: anchor, audience, expiresAtSeconds: 1_700_000_000 });
  assertStringIncludes(
    await desk.complaint(...delegate, expired),
    "expired at 2023-11-14T22:13:20Z",
  );
});

Deno.test("a token may come from a file or from standard input", async () => {
  await using desk = await Desk.create();
  const { token } = goldenToken("root-bearer");
  await Deno.writeTextFile(desk.path("a.cap"), `${token}\n`);
  const verify = ["token", "cap", "verify", "--trust-anchor", GOLDEN_ANCHOR];
  const given = await desk.print(...verify, token);
  assertEquals(await desk.print(...verify, desk.path("a.cap")), given);
  const piped = await runCommand([...verify, "-"], { permissions: [], input: `${token}\n` });
  assertEquals(piped, { code: 0, stdout: `${given}\n`, stderr: "" });
  const missing = await desk.complaint(...verify, desk.path("none"));
  assertStringIncludes(missing, "Cannot read TOKEN from file");
});

Deno.test("golden tokens are verified as a router would", async () => {
  await using desk = await Desk.create();
  for (const name of ["root-bearer", "proven-two-levels", "v1-delegated-forged", "root-expired"]) {
    const golden = goldenToken(name);
    const { code, stdout, stderr } = await desk.run(
      ...["token", "cap", "verify", golden.token, "--trust-anchor", GOLDEN_ANCHOR, "--json"],
    );
    const { valid, problem } = JSON.parse(stdout);
    assertEquals([code, valid], golden.expect === "valid" ? [0, true] : [1, false], name);
    if (golden.expect === "expired") assertEquals(problem, "expired");
    assertEquals(stderr === "", golden.expect === "valid", stderr);
  }
});

Deno.test("inspect prints what any readable token says, and whether its signatures hold", async () => {
  await using desk = await Desk.create();
  const wanted: readonly (readonly [string, string])[] = [
    ["proven-two-levels", "valid"],
    ["bad-signature", "the signature of its root does not verify"],
    ["v1-delegated-honest", "cannot be verified"],
  ];
  for (const [name, signatures] of wanted) {
    const { token, scopes } = goldenToken(name);
    const text = await desk.print("token", "cap", "inspect", token);
    assertStringIncludes(text, `signatures    ${signatures}`);
    const facts = JSON.parse(await desk.print("token", "cap", "inspect", token, "--json"));
    assertEquals([facts.scopes, facts.signatures], [scopes, signatures]);
  }
  const text = await desk.print("token", "cap", "inspect", goldenToken("proven-one-level").token);
  assertStringIncludes(text, "delegated from 1 (the root)");
  assertStringIncludes(text, "expires       2099-12-31T23:51:40Z");
  assertStringIncludes(await desk.complaint("token", "cap", "inspect", "cap_x"), "Cannot read");
  assertStringIncludes(
    await desk.complaint("token", "cap", "inspect", "cpsk_x"),
    "start with cap_",
  );
});

Deno.test("wrong usage of the key and token commands says what to type", async () => {
  const key = ["token", "cap", "create", "--key", "k"];
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["key"], "clasp-fed key generate|show"],
    [["key", "genrate"], "did you mean generate?"],
    [["token"], "clasp-fed token create|list|show|revoke|prune|cap (see clasp-fed token --help)"],
    [["token", "cap"], "clasp-fed token cap create|delegate|inspect|verify"],
    [["token", "cap", "creat"], "did you mean create?"],
    [["key", "show"], "FILE is missing: clasp-fed key show FILE"],
    [["key", "show", "f", "--format", "pem"], "--format must be one of hex, did"],
    [["token", "cap", "create", "--scopes", "read:/a"], "--key is missing"],
    [key, "--scopes is missing"],
    [[...key, "--scopes", "all:/a"], "the action must be read, write or admin"],
    [[...key, "--scopes", "read:/a", "--expires", "soon"], "--expires must be a number with"],
    [["token", "cap", "verify", "cap_x"], "--trust-anchor is missing"],
    [
      ["token", "cap", "verify", "cap_x", "--trust-anchor", GOLDEN_ANCHOR, "--max-depth", "17"],
      "from 0 to 16",
    ],
    [["help", "token", "cap", "creat"], "did you mean create?"],
    [["help", "key", "show", "more"], "Help is for one command"],
  ];
  for (const [args, wanted] of cases) {
    const { code, stdout, stderr } = await runCommand(args, { permissions: [] });
    assertEquals({ code, stdout }, { code: 2, stdout: "" }, `${args.join(" ")}: ${stderr}`);
    assertMatch(stderr, /^clasp-fed: [^\n]+\n$/);
    assertStringIncludes(stderr, wanted);
  }
});

Deno.test("groups of commands have a help of their own", async () => {
  const help = await runCommand(["token", "cap", "--help"]);
  assertEquals(help.code, 0);
  assertStringIncludes(help.stdout, "token cap delegate");
  assertEquals(await runCommand(["help", "token", "cap"]), help);
  const create = await runCommand(["token", "cap", "create", "--help"]);
  assertStringIncludes(create.stdout, "--audience KEY");
  assertEquals(await runCommand(["help", "token", "cap", "create"]), create);
});
