import { Scopes } from "../../src/auth/scopes.ts";
import type { TokenRecord } from "../../src/auth/token_record.ts";
import { changeTokenFile } from "../../src/edge/auth/change_token_file.ts";
import { hashToken, newCpskToken } from "../../src/edge/auth/cpsk_token.ts";
import { readTokenFile } from "../../src/edge/auth/read_token_file.ts";
import { TokenFileAuthority } from "../../src/edge/auth/token_file_authority.ts";
import { TokenFileError } from "../../src/edge/auth/token_file_error.ts";
import { TOKEN_FILE_BYTES_MAX, TOKEN_FILE_CHECK_MS, TOKEN_FILE_LOOK_MS } from "../../src/limits.ts";
import {
  assertEquals,
  assertGreaterOrEqual,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { pollUntil } from "../support/poll_until.ts";
import { runCommand } from "../support/process.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const DEADLINE_MS = 10_000;
const NOW_SECONDS = Math.floor(Date.now() / 1_000);

function recordOf(token: string, more: Partial<TokenRecord> = {}): TokenRecord {
  return {
    sha256: hashToken(token).toHex(),
    subject: undefined,
    scopes: Scopes.parse(["read:/a/**"]),
    createdAtSeconds: NOW_SECONDS,
    expiresAtSeconds: undefined,
    ...more,
  };
}

/** A token file with these tokens in a directory of its own, and who decides by it. */
class Desk implements AsyncDisposable {
  readonly directory: TempDirectory;
  readonly path: string;
  readonly authority: TokenFileAuthority;
  readonly revoked: string[] = [];
  #told = Promise.withResolvers<void>();

  private constructor(directory: TempDirectory, authority: TokenFileAuthority) {
    this.directory = directory;
    this.path = authority.path;
    this.authority = authority;
    authority.onRevoked((identity) => {
      this.revoked.push(identity);
      this.#told.resolve();
    });
  }

  static async open(records: readonly TokenRecord[]): Promise<Desk> {
    const directory = await TempDirectory.make();
    const path = directory.file("tokens");
    await changeTokenFile(path, () => records);
    return new Desk(directory, await TokenFileAuthority.open(path));
  }

  async change(records: readonly TokenRecord[]): Promise<void> {
    await changeTokenFile(this.path, () => records);
  }

  /** The next revocation, noticed without being asked. */
  async told(): Promise<void> {
    await withDeadline(this.#told.promise, DEADLINE_MS, "a revocation");
  }

  /** What a token allows, or the code with which it is refused. */
  async answer(token: string): Promise<string | number> {
    const answer = await this.authority.authenticate(token);
    if (answer.kind === "refused") return answer.refusal.code;
    return answer.grant.scopes.all.map(({ text }) => text).join();
  }

  async answers(...tokens: readonly string[]): Promise<readonly (string | number)[]> {
    return await Promise.all(tokens.map((token) => this.answer(token)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.authority.close();
    await this.directory[Symbol.asyncDispose]();
  }
}

Deno.test("a token file lets in who has a token of it, and nobody else", async () => {
  const [plain, named, old] = [newCpskToken(), newCpskToken(), newCpskToken()];
  await using desk = await Desk.open([
    recordOf(plain),
    recordOf(named, { subject: "site-a", expiresAtSeconds: NOW_SECONDS + 3_600 }),
    recordOf(old, { expiresAtSeconds: NOW_SECONDS }),
  ]);
  const { authority } = desk;
  assertEquals([authority.prefix, authority.tokenCount], ["cpsk_", 3]);
  const id = hashToken(plain).toHex().slice(0, 12);
  const scopes = Scopes.parse(["read:/a/**"]);
  assertEquals(await authority.authenticate(plain), {
    kind: "granted",
    grant: { identity: `cpsk_#${id}`, scopes, expiresAtSeconds: undefined },
  });
  assertEquals(await authority.authenticate(named), {
    kind: "granted",
    grant: { identity: "cpsk_site-a", scopes, expiresAtSeconds: NOW_SECONDS + 3_600 },
  });
  assertEquals(await desk.answer(old), 302);
  const hash = hashToken(plain).toHex();
  for (const wrong of [newCpskToken(), `${plain} `, plain.slice(0, -1), "cpsk_", hash, ""]) {
    const answer = await authority.authenticate(wrong);
    assertEquals(answer.kind === "refused" && answer.refusal.code, 300, wrong);
    assertEquals(wrong.length > 9 && JSON.stringify(answer).includes(wrong), false);
  }
});

Deno.test("a router id that is the subject of a token is kept for it while that is in the file", async () => {
  const [plain, named, old] = [newCpskToken(), newCpskToken(), newCpskToken()];
  await using desk = await Desk.open([
    recordOf(plain),
    recordOf(named, { subject: "site-a" }),
    // A renewed one takes its place: until it is pruned, nobody else has the id.
    recordOf(old, { subject: "site-b", expiresAtSeconds: NOW_SECONDS - 1 }),
  ]);
  const { authority } = desk;
  const keepers = () => ["site-a", "site-b", "site-c", ""].map((id) => authority.keeperOf(id));
  assertEquals(keepers(), ["cpsk_site-a", "cpsk_site-b", undefined, undefined]);
  const answer = await authority.authenticate(named);
  assertEquals(answer.kind === "granted" && answer.grant.identity, authority.keeperOf("site-a"));
  await desk.change([recordOf(plain), recordOf(old, { subject: "site-c" })]);
  await authority.check();
  assertEquals(keepers(), [undefined, undefined, "cpsk_site-c", undefined]);
});

Deno.test("a token that is taken out of the file or changed is told within moments", async () => {
  const [kept, gone, less] = [newCpskToken(), newCpskToken(), newCpskToken()];
  const before = [recordOf(kept), recordOf(gone, { subject: "gone" }), recordOf(less)];
  await using desk = await Desk.open(before);
  await desk.change([
    recordOf(kept, { createdAtSeconds: 7 }),
    recordOf(less, { scopes: Scopes.parse(["read:/a"]) }),
  ]);
  await desk.told();
  const id = hashToken(less).toHex().slice(0, 12);
  assertEquals(desk.revoked, ["cpsk_gone", `cpsk_#${id}`]);
  assertEquals(await desk.answers(kept, gone, less), [
    "read:/a/**",
    300,
    "read:/a",
  ]);
});

Deno.test("a change in place that leaves time and size alone is noticed", async () => {
  const [first, second] = [newCpskToken(), newCpskToken()];
  await using desk = await Desk.open([recordOf(first)]);
  const { mtime } = await Deno.stat(desk.path);
  const text = await Deno.readTextFile(desk.path);
  const changed = text.replace(hashToken(first).toHex(), hashToken(second).toHex());
  await Deno.writeTextFile(desk.path, changed);
  await Deno.utime(desk.path, mtime ?? 0, mtime ?? 0);
  await desk.authority.check();
  assertEquals(await desk.answers(first, second), [300, "read:/a/**"]);
});

Deno.test("a file that cannot be used while it is watched keeps the last good one in force", async () => {
  const [token, other] = [newCpskToken(), newCpskToken()];
  await using desk = await Desk.open([recordOf(token)]);
  const good = await Deno.readTextFile(desk.path);
  const { authority } = desk;
  const damages: readonly (readonly [() => Promise<void>, string])[] = [
    [() => Deno.writeTextFile(desk.path, good.slice(0, -9)), "it is no JSON"],
    [() => Deno.writeTextFile(desk.path, ""), "it is no JSON"],
    [() => Deno.writeTextFile(desk.path, "x".repeat(TOKEN_FILE_BYTES_MAX + 1)), "more than"],
    [() => Deno.remove(desk.path), "there is no such file"],
  ];
  for (const [damage, wanted] of damages) {
    await damage();
    await authority.check();
    assertStringIncludes(authority.problem ?? "", wanted);
    assertEquals([await desk.answer(token), desk.revoked], ["read:/a/**", []]);
  }
  await desk.change([recordOf(other)]);
  await authority.check();
  assertEquals(authority.problem, undefined);
  assertEquals(await desk.answers(token, other), [300, "read:/a/**"]);
  assertEquals(desk.revoked.length, 1);
});

Deno.test("a file that others can write is refused, one that they can read is not", async () => {
  if (Deno.build.os === "windows") return;
  const token = newCpskToken();
  await using desk = await Desk.open([recordOf(token)]);
  assertEquals(((await Deno.stat(desk.path)).mode ?? 0) & 0o777, 0o600);
  for (const mode of [0o620, 0o602]) {
    await Deno.chmod(desk.path, mode);
    await assertRejects(() => TokenFileAuthority.open(desk.path), TokenFileError, "chmod 600");
    await desk.authority.check();
    assertStringIncludes(desk.authority.problem ?? "", "others than its owner can write it");
    assertEquals(await desk.answer(token), "read:/a/**");
  }
  await Deno.chmod(desk.path, 0o644);
  assertEquals((await readTokenFile(desk.path)).isReadable, true);
  await desk.authority.check();
  assertEquals(desk.authority.problem, undefined);
});

Deno.test("changes of a token file are whole, and wait for nobody", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("tokens");
  const add = () => changeTokenFile(path, (records) => [...records, recordOf(newCpskToken())]);
  for (let count = 0; count < 3; count++) await add();
  assertEquals((await readTokenFile(path)).records.length, 3);
  const lock = await Deno.open(`${path}.lock`, { write: true });
  await lock.lock(true);
  await assertRejects(add, TokenFileError, "another command is changing it");
  lock.close();
  const failing = () => changeTokenFile(path, () => Array(1_001).fill(recordOf("x")));
  await assertRejects(failing, TokenFileError, "at most 1000");
  assertEquals((await readTokenFile(path)).records.length, 3);
  // A link stays a link, and what it leads to is changed.
  await Deno.symlink(path, directory.file("link"));
  await changeTokenFile(directory.file("link"), (records) => records.slice(1));
  assertEquals((await Deno.lstat(directory.file("link"))).isSymlink, true);
  assertEquals((await readTokenFile(path)).records.length, 2);
  assertEquals(await directory.names(), ["link", "link.lock", "tokens", "tokens.lock"]);
  await Deno.writeTextFile(path, "damaged");
  await assertRejects(add, TokenFileError, "it is no JSON");
  assertEquals(await Deno.readTextFile(path), "damaged");
});

Deno.test("a server refuses to start with a token file that it cannot use", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("tokens");
  const server = ["server", "--port", "0", "--host", "127.0.0.1", "--tokens", path];
  const permissions = ["--allow-net", `--allow-read=${directory.path}`];
  const cases: readonly (readonly [string | undefined, string])[] = [
    [undefined, "there is no such file; clasp-fed token create makes it"],
    ["cpsk_0123456789abcdef", "it is no JSON"],
  ];
  for (const [text, wanted] of cases) {
    if (text !== undefined) await Deno.writeTextFile(path, text, { mode: 0o600 });
    const { code, stderr } = await runCommand(server, { permissions });
    assertEquals([code, stderr.trim().split("\n").length], [1, 1], stderr);
    assertStringIncludes(stderr, `--tokens: Cannot use token file "${path}": ${wanted}`);
    assertEquals(stderr.includes("0123"), false);
  }
  const { stderr } = await runCommand(server, { permissions: ["--allow-net"] });
  assertStringIncludes(stderr, `permission --allow-read="${path}" was not given`);
});

Deno.test("a link that is turned to another file is noticed, however old that file is", async () => {
  if (Deno.build.os === "windows") return;
  const [token, other] = [newCpskToken(), newCpskToken()];
  await using desk = await Desk.open([recordOf(token)]);
  const [link, next] = [desk.directory.file("link"), desk.directory.file("next")];
  await changeTokenFile(next, () => [recordOf(other)]);
  await Deno.symlink(desk.path, link);
  const madeMs = Deno.statSync(next).mtime?.getTime() ?? 0;
  await pollUntil(() => Date.now() - madeMs > 2_100, "old files", DEADLINE_MS);
  const authority = await TokenFileAuthority.open(link);
  const revoked: string[] = [];
  authority.onRevoked((identity) => revoked.push(identity));
  await authority.check();
  assertEquals((await authority.authenticate(token)).kind, "granted");
  await Deno.symlink(next, `${link}.new`);
  await Deno.rename(`${link}.new`, link);
  await pollUntil(() => revoked.length > 0, "a revocation", DEADLINE_MS);
  assertEquals((await authority.authenticate(token)).kind, "refused");
  assertEquals((await authority.authenticate(other)).kind, "granted");
  await authority.close();
});

Deno.test("a token that was created or renewed a moment ago is accepted", async () => {
  const [first, second, old] = [newCpskToken(), newCpskToken(), newCpskToken()];
  const records = [recordOf(first), recordOf(old, { expiresAtSeconds: NOW_SECONDS - 1 })];
  await using desk = await Desk.open(records);
  assertEquals(await desk.answers(old, second), [302, 300]);
  await desk.change([recordOf(first), recordOf(old), recordOf(second)]);
  // Sooner than the file is looked at anyway.
  assertEquals(await desk.answers(second, old), ["read:/a/**", "read:/a/**"]);
});

Deno.test("tokens that are refused have the file looked at once for all, and not too often", async () => {
  await using desk = await Desk.open([recordOf(newCpskToken())]);
  const stat = Deno.stat;
  let looks = 0;
  Deno.stat = (path) => {
    looks++;
    return stat(path);
  };
  try {
    const startedMs = performance.now();
    for (let round = 0; round < 4; round++) {
      const tokens = Array.from({ length: 200 }, newCpskToken);
      assertEquals(new Set(await desk.answers(...tokens)), new Set([300]));
    }
    const tookMs = performance.now() - startedMs;
    // Others are those of the watch, one a second.
    const watched = 1 + Math.floor(tookMs / TOKEN_FILE_CHECK_MS);
    assertEquals(looks >= 4 && looks <= 4 + watched, true, `${looks} in ${tookMs} ms`);
    assertGreaterOrEqual(tookMs, 3 * TOKEN_FILE_LOOK_MS - 1);
  } finally {
    Deno.stat = stat;
  }
});

Deno.test("who waits for a look at a token file is answered when that is watched no more", async () => {
  const desk = await Desk.open([recordOf(newCpskToken())]);
  await desk.answer(newCpskToken());
  const waiting = desk.answer(newCpskToken());
  await desk[Symbol.asyncDispose]();
  assertEquals(await waiting, 300);
  assertEquals(await desk.answer(newCpskToken()), 300);
});
