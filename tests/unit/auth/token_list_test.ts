import { Scopes } from "../../../src/auth/scopes.ts";
import { formatTokenList, parseTokenList, subjectProblem } from "../../../src/auth/token_list.ts";
import { tokenIdOf, type TokenRecord } from "../../../src/auth/token_record.ts";
import { NAME_BYTES_MAX, SCOPES_PER_TOKEN_MAX, TOKENS_PER_FILE_MAX } from "../../../src/limits.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

function record(number: number, more: Partial<TokenRecord> = {}): TokenRecord {
  return {
    sha256: number.toString(16).padStart(64, "0"),
    subject: undefined,
    scopes: Scopes.parse(["read:/**", "write:/a/*"]),
    createdAtSeconds: 1_000,
    expiresAtSeconds: undefined,
    ...more,
  };
}

/** A file with one token, whose fields are these in place of good ones. */
function fileWith(fields: Record<string, unknown>): string {
  const good = { sha256: "ab".repeat(32), scopes: ["read:/a"], createdAtSeconds: 1 };
  return JSON.stringify({ version: 1, tokens: [{ ...good, ...fields }] });
}

Deno.test("parseTokenList() reads what formatTokenList() writes", () => {
  const records = [record(1), record(2, { subject: "Bühne", expiresAtSeconds: 2_000 })];
  assertEquals(parseTokenList(formatTokenList(records)), records);
  assertEquals(parseTokenList(formatTokenList([])), []);
  assertEquals(tokenIdOf(record(1, { sha256: "0123456789abcdef".repeat(4) })), "0123456789ab");
});

Deno.test("parseTokenList() says what is wrong, and where", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "it is no JSON"],
    ["[]", "it must be an object"],
    ['{"tokens": []}', "it is no token file"],
    ['{"version": 1}', "it is no token file"],
    ['{"version": 2, "tokens": 7}', "version 2, which a newer clasp-fed wrote"],
    ['{"version": 1, "tokens": [1]}', "token 1 must be an object"],
    [fileWith({ sha256: "AB".repeat(32) }), 'token 1: "sha256" must be 64 lower-case'],
    [fileWith({ sha256: undefined }), '"sha256" must be'],
    [fileWith({ scopes: [] }), '"scopes" must be a list'],
    [fileWith({ scopes: "read:/a" }), '"scopes" must be a list'],
    [fileWith({ scopes: ["all:/a"] }), "token 1: Cannot parse scope"],
    [fileWith({ subject: "" }), "a subject has 1 to 128 bytes, not 0"],
    [fileWith({ subject: 7 }), '"subject" must be a string'],
    [fileWith({ createdAtSeconds: "x" }), '"createdAtSeconds" must be whole seconds'],
    [fileWith({ expiresAtSeconds: null }), '"expiresAtSeconds" must be whole seconds'],
    [fileWith({ expiresAtSeconds: -1 }), '"expiresAtSeconds" must be whole seconds'],
    [formatTokenList([record(1), record(2), record(1)]), "token 3 is there twice"],
  ];
  for (const [text, wanted] of cases) {
    assertThrows(() => parseTokenList(text), TypeError, wanted, text);
  }
});

Deno.test("parseTokenList() repeats no token that was put into the file by mistake", () => {
  const secret = "cpsk_0123456789abcdef0123456789abcdef";
  for (const text of [secret, `"${secret}"`, fileWith({ sha256: secret })]) {
    const error = assertThrows(() => parseTokenList(text), TypeError);
    assertEquals(error.message.includes("0123"), false, error.message);
  }
});

Deno.test("tokens, scopes and names of a token file are bounded", () => {
  const full = Array.from({ length: TOKENS_PER_FILE_MAX }, (_, index) => record(index));
  const text = formatTokenList(full);
  assertEquals(parseTokenList(text).length, TOKENS_PER_FILE_MAX);
  assertThrows(() => formatTokenList([...full, record(9_999)]), TypeError, "at most 1000");
  const { tokens } = JSON.parse(text);
  const tooMany = JSON.stringify({ version: 1, tokens: [...tokens, tokens[0]] });
  assertThrows(() => parseTokenList(tooMany), TypeError, "it has 1001 tokens, at most 1000");
  const scopes = Array.from({ length: SCOPES_PER_TOKEN_MAX + 1 }, (_, index) => `read:/${index}`);
  parseTokenList(fileWith({ scopes: scopes.slice(1) }));
  assertThrows(() => parseTokenList(fileWith({ scopes })), TypeError, "at most 64");
  assertThrows(() => parseTokenList(fileWith({ scopes: [`read:/${"x".repeat(2_000)}`] })));
  assertEquals(subjectProblem("x".repeat(NAME_BYTES_MAX)), undefined);
  for (const bad of ["x".repeat(NAME_BYTES_MAX + 1), "ü".repeat(65), "a\nb", "\u009b", "#1"]) {
    assertEquals(typeof subjectProblem(bad), "string", bad);
  }
});
