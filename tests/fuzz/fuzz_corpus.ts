import type { FuzzTarget } from "./fuzz_target.ts";

const CORPUS_URL = new URL("./corpus/", import.meta.url);
const HEX_PER_LINE = 96;
const OUTCOMES_FILE = "outcomes.hex";
const OUTCOME_BYTES_MAX = 256;

/** An input of the corpus. */
export interface CorpusEntry {
  /** The file that it is in, for people. */
  readonly file: string;
  readonly input: Uint8Array<ArrayBuffer>;
}

/** The inputs that are kept for a target: each line of `outcomes.hex`, and each other file. */
export function loadCorpus({ name }: Pick<FuzzTarget, "name">): readonly CorpusEntry[] {
  const directory = new URL(`${name}/`, CORPUS_URL);
  return filesOf(directory).sort().flatMap((file) => {
    const text = Deno.readTextFileSync(new URL(file, directory));
    const inputs = file === OUTCOMES_FILE
      ? text.trim().split("\n").filter((line) => line !== "")
      : [text.replaceAll(/\s/g, "")];
    return inputs.map((hex) => ({ file: `${name}/${file}`, input: Uint8Array.fromHex(hex) }));
  });
}

/** Keeps the input of a crash or a hang in a file of its own, in lines of hex. Returns which. */
export async function keepInput(
  { name }: Pick<FuzzTarget, "name">,
  kind: "crash" | "hang",
  input: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", input)).toHex().slice(0, 12);
  const file = `${name}/${kind}-${digest}.hex`;
  const lines = input.toHex().match(new RegExp(`.{1,${HEX_PER_LINE}}`, "g")) ?? [];
  Deno.mkdirSync(new URL(`${name}/`, CORPUS_URL), { recursive: true });
  Deno.writeTextFileSync(new URL(file, CORPUS_URL), lines.map((line) => `${line}\n`).join(""));
  return `tests/fuzz/corpus/${file}`;
}

/** Adds inputs that have an outcome of their own, one a line; long ones are left out. */
export function keepOutcomes(
  { name }: Pick<FuzzTarget, "name">,
  inputs: readonly Uint8Array<ArrayBuffer>[],
): void {
  const lines = inputs.filter(({ length }) => length <= OUTCOME_BYTES_MAX)
    .map((input) => `${input.toHex()}\n`).join("");
  if (lines === "") return;
  const directory = new URL(`${name}/`, CORPUS_URL);
  Deno.mkdirSync(directory, { recursive: true });
  Deno.writeTextFileSync(new URL(OUTCOMES_FILE, directory), lines, { append: true });
}

/** Makes an input smaller as long as `isSame` says that it does the same, within a number of tries. */
export function minimise(
  input: Uint8Array<ArrayBuffer>,
  isSame: (smaller: Uint8Array<ArrayBuffer>) => boolean,
  triesMax: number = 2_000,
): Uint8Array<ArrayBuffer> {
  let best = input;
  let tries = 0;
  for (let piece = best.length >> 1; piece >= 1; piece >>= 1) {
    for (let at = 0; at < best.length;) {
      if (tries++ >= triesMax) return best;
      const smaller = new Uint8Array(best.length - Math.min(piece, best.length - at));
      smaller.set(best.subarray(0, at));
      smaller.set(best.subarray(at + piece), at);
      if (isSame(smaller)) best = smaller;
      else at += piece;
    }
  }
  return best;
}

function filesOf(directory: URL): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name)
      .filter((name) => name.endsWith(".hex"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
