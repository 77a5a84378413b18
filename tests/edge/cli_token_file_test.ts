import { hashToken } from "../../src/edge/auth/cpsk_token.ts";
import { TokenFileAuthority } from "../../src/edge/auth/token_file_authority.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { type CommandResult, runCommand, startServer } from "../support/process.ts";
import { TempDirectory } from "../support/temp_directory.ts";

/** Runs `clasp-fed token ...` with leave to use a directory. */
async function token(
  directory: TempDirectory,
  args: readonly string[],
  input?: string,
): Promise<CommandResult> {
  const { path } = directory;
  return await runCommand(["token", ...args, "--file", directory.file("tokens")], {
    permissions: [`--allow-read=${path}`, `--allow-write=${path}`],
    ...(input === undefined ? {} : { input }),
  });
}

/** The same for what has to succeed; gives back what it printed. */
async function print(directory: TempDirectory, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await token(directory, args);
  assertEquals(code, 0, `token ${args.join(" ")}: ${stderr}`);
  return stdout.trimEnd();
}

Deno.test("a token is created, listed, shown, accepted and revoked, and kept as a hash only", async () => {
  await using directory = await TempDirectory.make();
  const scopes = ["--scopes", "read:/**,write:/site-a/**"];
  const created = await token(directory, ["create", ...scopes, "--subject", "site-a", "-e", "30d"]);
  assertEquals(created.code, 0);
  assertMatch(created.stdout, /^cpsk_[0-9a-f]{32}\n$/);
  const text = created.stdout.trim();
  const id = hashToken(text).toHex().slice(0, 12);
  assertStringIncludes(created.stderr, `Token ${id} in `);
  assertStringIncludes(created.stderr, "not shown again");
  assertEquals(created.stderr.includes(text), false);
  const other = await print(directory, "create", "-s", "read:/b");
  const file = await Deno.readTextFile(directory.file("tokens"));
  assertEquals([file.includes(text), file.includes(text.slice(5))], [false, false]);
  if (Deno.build.os !== "windows") {
    assertEquals(((await Deno.stat(directory.file("tokens"))).mode ?? 0) & 0o777, 0o600);
  }

  const rows = (await print(directory, "list")).split("\n");
  assertEquals(rows.length, 2);
  assertMatch(
    rows[0] ?? "",
    new RegExp(`^${id}  20\\d\\d-.*Z  site-a  read:/\\*\\*, write:/site-a`),
  );
  assertMatch(rows[1] ?? "", /^[0-9a-f]{12} {2}never {2}- {2}read:\/b$/);
  const [first] = JSON.parse(await print(directory, "list", "--json"));
  assertEquals([first.id, first.subject, first.expired], [id, "site-a", false]);
  assertStringIncludes(await print(directory, "show", id.slice(0, 6)), "subject  site-a");
  const shown = await token(directory, ["show", "-", "--json"], `${text}\n`);
  assertEquals(JSON.parse(shown.stdout), first);

  const authority = await TokenFileAuthority.open(directory.file("tokens"));
  assertEquals((await authority.authenticate(text)).kind, "granted");
  assertEquals(await print(directory, "revoke", id), `Revoked ${id}`);
  await authority.check();
  assertEquals((await authority.authenticate(text)).kind, "refused");
  assertEquals((await authority.authenticate(other)).kind, "granted");
  await authority.close();
  const again = await token(directory, ["revoke", text]);
  assertEquals([again.code, again.stdout], [1, ""]);
  assertMatch(again.stderr, /^clasp-fed: There is no such token; see token list\n$/);
});

Deno.test("prune takes out expired tokens only, and an ambiguous id is no id", async () => {
  await using directory = await TempDirectory.make();
  const tokens = ["1", "2", "3"].map((digit, index) => ({
    sha256: `ab${digit.repeat(62)}`,
    scopes: ["read:/a"],
    createdAtSeconds: 1,
    ...(index === 2 ? {} : { expiresAtSeconds: index === 0 ? 1_700_000_000 : 4_000_000_000 }),
  }));
  const text = JSON.stringify({ version: 1, tokens });
  await Deno.writeTextFile(directory.file("tokens"), text, { mode: 0o600 });
  assertStringIncludes(await print(directory, "list"), "expired 2023-11-14T22:13:20Z");
  const ambiguous = await token(directory, ["revoke", "AB"]);
  assertStringIncludes(ambiguous.stderr, "3 tokens begin like this: ab1111111111, ab2222222222");
  assertEquals([await print(directory, "prune"), await print(directory, "prune")], [
    "Pruned 1",
    "Pruned 0",
  ]);
  assertEquals(JSON.parse(await print(directory, "list", "--json")).length, 2);
});

Deno.test("what is wrong with a token command is one line", async () => {
  await using directory = await TempDirectory.make();
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [["list"], 1, "there is no such file; clasp-fed token create makes it"],
    [["create"], 2, "--scopes is missing"],
    [["create", "-s", "all:/a"], 2, "the action must be read, write or admin"],
    [["create", "-s", "read:/a", "--subject", "#1"], 2, "--subject: a subject does not begin"],
    [["create", "-s", "read:/a", "--expires", "soon"], 2, "--expires must be a number with"],
    [["revoke"], 2, "ID is missing: clasp-fed token revoke ID"],
  ];
  for (const [args, code, wanted] of cases) {
    const result = await token(directory, args);
    assertEquals([result.code, result.stdout], [code, ""], args.join(" "));
    assertMatch(result.stderr, /^clasp-fed: [^\n]+\n$/);
    assertStringIncludes(result.stderr, wanted);
  }
  assertEquals(await directory.names(), []);
  const bare = await runCommand(
    ["token", "create", "-s", "read:/a", "--file", directory.file("tokens")],
    { permissions: [] },
  );
  assertEquals([bare.code, bare.stdout], [1, ""]);
  assertStringIncludes(bare.stderr, `--allow-read="${directory.path}" --allow-write=`);
});

Deno.test("a token on the command line draws a warning that names the file form", async () => {
  await using directory = await TempDirectory.make();
  const secret = "cpsk_0123456789abcdef0123456789abcdef";
  await Deno.writeTextFile(directory.file("token"), `${secret}\n`, { mode: 0o600 });
  const permissions = ["--allow-net", `--allow-read=${directory.path}`];
  await using hub = await startServer(["--features", "federation"]);
  const set = ["set", "/a", "1", "--server", hub.url, "--token"];
  const exposed = await runCommand([...set, secret]);
  assertEquals(exposed.code, 0);
  assertMatch(exposed.stderr, /^clasp-fed: Whoever may list .* --token FILE\n$/);
  const hidden = await runCommand([...set, directory.file("token")], { permissions });
  assertEquals([hidden.code, hidden.stderr], [0, ""]);
  for (const [value, warns] of [[secret, true], [directory.file("token"), false]] as const) {
    await using leaf = await startServer(
      ["--federation-hub", hub.url, "--federation-token", value],
      { permissions },
    );
    await leaf.log(({ state }) => state === "Active", "its link");
    const warnings = leaf.logs.filter(({ event }) => event === "token-exposed");
    assertEquals(warnings.length, warns ? 1 : 0);
    assertEquals(JSON.stringify([leaf.logs, hub.logs]).includes(secret.slice(5)), false);
    if (warns) assertStringIncludes(String(warnings[0]?.["message"]), "--federation-token FILE");
  }
});
