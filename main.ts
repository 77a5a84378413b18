/**
 * The command line, `clasp-fed`: see `clasp-fed --help`.
 *
 * @module
 */
import { run } from "./src/cli/run.ts";

if (import.meta.main) Deno.exit(await run(Deno.args));
