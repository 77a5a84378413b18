import { readCommandArguments } from "../../../src/cli/command_arguments.ts";
import { securityOptions } from "../../../src/cli/security_options.ts";
import { SERVER_COMMAND } from "../../../src/cli/server_command.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { ERROR_CODE } from "../../../src/router/error_code.ts";
import type { TokenAuthority } from "../../../src/edge/auth/token_authority.ts";
import type { SecurityConfig } from "../../../src/edge/security_config.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { GOLDEN_ANCHOR } from "../../support/capability_tokens.ts";

const TOKEN_FILE: TokenAuthority = {
  prefix: "cpsk_",
  authenticate: () => ({
    kind: "refused",
    refusal: { code: ERROR_CODE.unauthorized, message: "none" },
  }),
};

async function read(...args: string[]): Promise<SecurityConfig | undefined> {
  return await readWith(undefined, ...args);
}

async function readWith(
  tokenFile: TokenAuthority | undefined,
  ...args: string[]
): Promise<SecurityConfig | undefined> {
  const given = readCommandArguments(SERVER_COMMAND, args);
  assert(given !== undefined);
  const security = await securityOptions(given, tokenFile);
  if (security?.authorities?.length !== 0) return security;
  const { authorities: _, ...others } = security;
  return others;
}

Deno.test("a token file is enough to be in authenticated mode, and contradicts open mode", async () => {
  const authorities = [TOKEN_FILE];
  assertEquals(await readWith(TOKEN_FILE), { trustAnchors: [], authorities });
  assertEquals(
    await readWith(TOKEN_FILE, "--security", "authenticated", "--trust-anchor", GOLDEN_ANCHOR),
    { trustAnchors: [GOLDEN_ANCHOR], authorities },
  );
  await assertRejects(() => readWith(TOKEN_FILE, "--security", "open"), UsageError, "--tokens");
});

async function complaint(...args: string[]): Promise<string> {
  return (await assertRejects(() => read(...args), UsageError)).message;
}

Deno.test("a server is in open mode unless it is told whom to trust", async () => {
  assertEquals(await read(), undefined);
  assertEquals(await read("--security", "open"), undefined);
  const trustAnchors = [GOLDEN_ANCHOR];
  assertEquals(await read("--trust-anchor", GOLDEN_ANCHOR), { trustAnchors });
  assertEquals(
    await read("--security", "authenticated", "--trust-anchor", GOLDEN_ANCHOR),
    { trustAnchors },
  );
  const two = ["--trust-anchor", GOLDEN_ANCHOR, "--trust-anchor", GOLDEN_ANCHOR];
  assertEquals(await read(...two, "--cap-max-depth", "2"), {
    trustAnchors: [GOLDEN_ANCHOR, GOLDEN_ANCHOR],
    capDepthMax: 2,
  });
});

Deno.test("flags of security that contradict each other, or have no effect, are refused", async () => {
  const anchor = ["--trust-anchor", GOLDEN_ANCHOR];
  assertStringIncludes(await complaint("--security", "open", ...anchor), "--trust-anchor");
  assertStringIncludes(await complaint("--security", "authenticated"), "--trust-anchor FILE");
  assertStringIncludes(await complaint("--cap-max-depth", "2"), "--trust-anchor FILE");
  assertStringIncludes(await complaint("--security", "closed"), "--security");
  assertStringIncludes(await complaint(...anchor, "--cap-max-depth", "17"), "--cap-max-depth");
});
