import { readCommandArguments } from "../../../src/cli/command_arguments.ts";
import { securityOptions } from "../../../src/cli/security_options.ts";
import { SERVER_COMMAND } from "../../../src/cli/server_command.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import type { SecurityConfig } from "../../../src/edge/security_config.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { GOLDEN_ANCHOR } from "../../support/capability_tokens.ts";

async function read(...args: string[]): Promise<SecurityConfig | undefined> {
  const given = readCommandArguments(SERVER_COMMAND, args);
  assert(given !== undefined);
  return await securityOptions(given);
}

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
