/**
 * Kills a process while it saves params: `--kills=200 --seed=1`. Fails when the file was ever anything
 * but the old or the new one.
 *
 * @module
 */
import { parseArgs } from "../../src/cli/parse_args.ts";
import { killWhilePersisting } from "../support/persist_kills.ts";

if (import.meta.main) {
  const { kills = "200", seed = "1" } = parseArgs(Deno.args, { string: ["kills", "seed"] });
  const report = await killWhilePersisting({ kills: Number(kills), seed: Number(seed) });
  console.log(
    `${report.kills} kills, ${report.midway} of them midway in a saving, ${report.saved} savings ` +
      `complete, ${report.faults.length} faults`,
  );
  for (const fault of report.faults) console.log(fault);
  if (report.faults.length > 0) Deno.exit(1);
}
