import { inputLines } from "../../support/line_process.ts";
import type { LoadLine } from "./load_plan.ts";

/** Who started a load client. */
export interface LoadParent {
  say(line: LoadLine): void;
  /** Resolves with the first line that it says. */
  readonly go: Promise<void>;
}

/**
 * Runs the script of a load client, which is a process of its own. Whatever goes wrong is said, and
 * ends the process; so does the end of its input, at any time: whoever started it wants no more.
 */
export async function runLoadClient(script: (parent: LoadParent) => Promise<void>): Promise<void> {
  // A script that throws is such a rejection too.
  globalThis.addEventListener("unhandledrejection", ({ reason }) => fail(reason));
  globalThis.addEventListener("error", ({ error }) => fail(error));
  const { promise: go, resolve } = Promise.withResolvers<void>();
  const ended = followInput(resolve);
  await script({ say, go });
  await ended;
}

async function followInput(onLine: () => void): Promise<void> {
  for await (const _ of inputLines()) onLine();
  Deno.exit(0);
}

function fail(error: unknown): never {
  say({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
  Deno.exit(1);
}

function say(line: LoadLine): void {
  console.log(JSON.stringify(line));
}
