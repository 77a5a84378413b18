import { VERSION } from "../edge/version.ts";

/** What this program is, for who asks for help or reports a bug. */
export interface BuildFacts {
  readonly version: string;
  readonly deno: string;
  readonly v8: string;
  /** As `x86_64-unknown-linux-gnu`. */
  readonly target: string;
  /** Whether it is one binary, made by `deno compile`. */
  readonly compiled: boolean;
}

/** Facts of this process; none of them needs a permission. */
export function buildFacts(): BuildFacts {
  const { build: { target, standalone }, version: { deno, v8 } } = Deno;
  return { version: VERSION, deno, v8, target, compiled: standalone };
}
