/**
 * What saving and reading params costs: `deno run -A tests/bench/persist.ts --params=1000000`.
 * Prints times, the longest turn of the event loop meanwhile, and the size of the file.
 *
 * @module
 */
import { ParamKeeper } from "../../src/edge/param_keeper.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const IDENTITY = { routerId: "bench", isNamed: true };
const ORIGINS = ["9b2f9d8e-4c0e-4a58-9a3c-0f5f4d7b1a11", "site-a", "site-b"] as const;

async function measure(params: number): Promise<void> {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  const keeper = new ParamKeeper({ path }, IDENTITY);
  for (let i = 0; i < params; i++) {
    keeper.store.put(`/site-a/stage/fixture/${i >> 3}/channel/${i & 7}/level`, {
      ...VERSION,
      value: encodeValue(i / params),
      revision: 1 + i % 1_000,
      origin: ORIGINS[i % ORIGINS.length] ?? "",
    });
  }
  // The first saving is slower, as long as the code is not compiled.
  const idle = await turnsOf(() => new Promise((resolve) => setTimeout(resolve, 1_000)));
  const first = await turnsOf(() => keeper.save());
  keeper.store.put("/again", { ...VERSION, value: encodeValue(true) });
  const second = await turnsOf(() => keeper.save());
  const { size } = await Deno.stat(path);
  await keeper.stop();
  let loaded: ParamKeeper | undefined;
  const loadMs = await timeOf(() => loaded = new ParamKeeper({ path }, IDENTITY));
  if (loaded?.store.size !== params + 1) throw new Error(`${loaded?.store.size} params were read`);
  await loaded.stop();
  console.log(`${params} params, ${(size / 1e6).toFixed(1)} MB, read in ${loadMs} ms`);
  console.log(`  first saving:  ${first}\n  second saving: ${second}\n  no saving:     ${idle}`);
}

async function timeOf(act: () => unknown): Promise<number> {
  const startMs = performance.now();
  await act();
  return Math.round(performance.now() - startMs);
}

/** How long it takes, and how long other work waits for its turn meanwhile. */
async function turnsOf(act: () => Promise<unknown>): Promise<string> {
  let lastMs = performance.now();
  let [longestMs, above5, above20, isOver] = [0, 0, 0, false];
  const look = () => {
    const nowMs = performance.now();
    const turnMs = nowMs - lastMs;
    lastMs = nowMs;
    longestMs = Math.max(longestMs, turnMs);
    if (turnMs > 5) above5++;
    if (turnMs > 20) above20++;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  const ms = await timeOf(act);
  isOver = true;
  return `${ms} ms, longest turn ${longestMs.toFixed(1)} ms, ${above5} above 5 ms, ` +
    `${above20} above 20 ms`;
}

const VERSION = { revision: 1, timestampMicros: 1_800_000_000_000_000, origin: "bench", ttl: 0 };
const [, given] = /^--params=(\d{1,8})$/.exec(Deno.args[0] ?? "") ?? [];
const sizes = given === undefined ? [100_000, 1_000_000] : [Number(given)];
for (const params of sizes) await measure(params);
