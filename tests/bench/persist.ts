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
      value: encodeValue(i / params),
      revision: 1 + i % 1_000,
      timestampMicros: 1_800_000_000_000_000 + i,
      origin: ORIGINS[i % ORIGINS.length] ?? "",
      ttl: 0,
    });
  }
  const turns = new TurnWatch();
  const saveMs = await timeOf(() => keeper.save());
  const { longestMs, meanMs } = turns.stop();
  const { size } = await Deno.stat(path);
  await keeper.stop();
  let loaded: ParamKeeper | undefined;
  const loadMs = await timeOf(() => loaded = new ParamKeeper({ path }, IDENTITY));
  if (loaded?.store.size !== params) throw new Error(`${loaded?.store.size} params were read`);
  await loaded.stop();
  console.log(
    `${params} params: saved in ${saveMs} ms, longest turn ${longestMs} ms, mean ${meanMs} ms; ` +
      `${(size / 1e6).toFixed(1)} MB; read in ${loadMs} ms`,
  );
}

async function timeOf(act: () => unknown): Promise<number> {
  const startMs = performance.now();
  await act();
  return Math.round(performance.now() - startMs);
}

/** How long other work waits for its turn. */
class TurnWatch {
  readonly #gaps: number[] = [];
  #lastMs = performance.now();
  #isOver = false;

  constructor() {
    this.#look();
  }

  stop(): { readonly longestMs: string; readonly meanMs: string } {
    this.#isOver = true;
    const sum = this.#gaps.reduce((all, gap) => all + gap, 0);
    return {
      longestMs: Math.max(...this.#gaps).toFixed(1),
      meanMs: (sum / this.#gaps.length).toFixed(2),
    };
  }

  #look(): void {
    setImmediate(() => {
      const nowMs = performance.now();
      this.#gaps.push(nowMs - this.#lastMs);
      this.#lastMs = nowMs;
      if (!this.#isOver) this.#look();
    });
  }
}

const [, given] = /^--params=(\d{1,8})$/.exec(Deno.args[0] ?? "") ?? [];
const sizes = given === undefined ? [100_000, 1_000_000] : [Number(given)];
for (const params of sizes) await measure(params);
