/**
 * Plants one mistake of `planted_bug_list.ts` at a time and runs the simulator until a checker
 * reports: `deno run -A scripts/planted_bugs.ts [--only=SUBSTRING] [--seeds=N]`.
 *
 * Works on copies of the project. Prints which checker caught each mistake, and after how many
 * seeds. Exits with 1 when one is not caught, when its text does not occur exactly once, or when the
 * simulator fails without one.
 *
 * @module
 */
import { copyProject } from "./mutate.ts";
import { PLANTED_BUGS, type PlantedBug } from "./planted_bug_list.ts";

/** What the simulator said about a planted bug. */
export type Catch =
  | { readonly kind: "caught"; readonly checkers: readonly string[]; readonly seeds: number }
  /** No checker reported within the bound. */
  | { readonly kind: "NOT CAUGHT" }
  /** The simulator did not end: noticed, but by nobody who says what is wrong. */
  | { readonly kind: "HUNG" }
  /** The simulator ended without a verdict, so nothing is known. */
  | { readonly kind: "DID NOT RUN"; readonly output: string };

const WORKERS = 2;
const SEEDS_DEFAULT = 3_000;
/** Seeds that must pass before anything is planted. */
const CONTROL_SEEDS = 20;
const TIMEOUT_MS = 600_000;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  let only: string | undefined;
  let seeds = SEEDS_DEFAULT;
  for (const arg of args) {
    const [, name, value] = /^--(only|seeds)=(.+)$/.exec(arg) ?? [];
    if (name === "only") only = value;
    else if (name === "seeds" && /^[1-9]\d{0,5}$/.test(value ?? "")) seeds = Number(value);
    else {
      console.error("Usage: planted_bugs.ts [--only=SUBSTRING of a name or file] [--seeds=N]");
      return 2;
    }
  }
  const bugs = PLANTED_BUGS.filter(({ name, file }) =>
    only === undefined || name.includes(only) || file.includes(only)
  );
  const root = new URL("..", import.meta.url);
  return await plantBugs(root, { bugs, seeds, print: (line) => console.log(line) }) ? 0 : 1;
}

/**
 * Plants every bug, two at a time, and prints a line for each.
 *
 * @param root The project, a directory URL with a slash at its end.
 * @returns Whether every one was caught.
 */
export async function plantBugs(root: URL, options: {
  readonly bugs: readonly PlantedBug[];
  readonly seeds: number;
  readonly print: (line: string) => void;
}): Promise<boolean> {
  const { bugs, seeds, print } = options;
  const problems = await findProblems(root, bugs);
  for (const problem of problems) print(problem);
  if (problems.length > 0 || bugs.length === 0) return false;
  const directories: string[] = [];
  try {
    for (let index = 0; index < Math.min(WORKERS, bugs.length); index++) {
      const directory = await Deno.makeTempDir({ prefix: "clasp-fed-planted-" });
      directories.push(directory);
      await copyProject(root, directory);
    }
    const control = await simulate(directories[0] ?? "", CONTROL_SEEDS);
    if (control.kind !== "NOT CAUGHT") {
      print(`Cannot plant bugs: the simulator fails without one: ${JSON.stringify(control)}`);
      return false;
    }
    return await plantInCopies(directories, options, seeds);
  } finally {
    for (const directory of directories) await Deno.remove(directory, { recursive: true });
  }
}

async function plantInCopies(
  directories: readonly string[],
  { bugs, print }: {
    readonly bugs: readonly PlantedBug[];
    readonly print: (line: string) => void;
  },
  seeds: number,
): Promise<boolean> {
  const waiting = [...bugs];
  let caught = 0;
  const work = async (directory: string) => {
    for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
      const result = await plant(directory, bug, seeds);
      if (result.kind === "caught") caught++;
      print(formatCatch(bug, result));
    }
  };
  await Promise.all(directories.map(work));
  print(`${caught} of ${bugs.length} planted bugs caught`);
  return caught === bugs.length;
}

async function plant(directory: string, bug: PlantedBug, seeds: number): Promise<Catch> {
  const path = `${directory}/${bug.file}`;
  const source = await Deno.readTextFile(path);
  // A function, because a replacement string may contain `$&`.
  await Deno.writeTextFile(path, source.replace(bug.find, () => bug.replace));
  try {
    return await simulate(directory, seeds, bug.topology);
  } finally {
    await Deno.writeTextFile(path, source);
  }
}

async function simulate(directory: string, seeds: number, topology?: string): Promise<Catch> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), TIMEOUT_MS);
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        "tests/sim/main.ts",
        `--seeds=${seeds}`,
        "--until-failure",
        "--jobs=1",
        ...(topology === undefined ? [] : [`--topology=${topology}`]),
      ],
      cwd: directory,
      env: { NO_COLOR: "1" },
      stdin: "null",
      signal: timeout.signal,
    }).output();
    if (timeout.signal.aborted) return { kind: "HUNG" };
    const text = new TextDecoder();
    return judge(code, text.decode(stdout) + text.decode(stderr));
  } finally {
    clearTimeout(timer);
  }
}

/** What the output of a run of the simulator until its first failure says. */
export function judge(code: number, output: string): Catch {
  if (code === 0) return { kind: "NOT CAUGHT" };
  const seed = /^seed (\d+) .*FAILED/m.exec(output)?.[1];
  const checkers = [...output.matchAll(/^ {2}([a-z ]+): /gm)].map(([, name]) => name ?? "");
  if (seed === undefined || checkers.length === 0) return { kind: "DID NOT RUN", output };
  return { kind: "caught", checkers: [...new Set(checkers)], seeds: Number(seed) };
}

/** One line of the table; what was planted, too, where somebody has to look. */
export function formatCatch(bug: PlantedBug, result: Catch): string {
  const { name, file, find, replace } = bug;
  if (result.kind === "caught") {
    const { checkers, seeds } = result;
    return `caught after ${String(seeds).padStart(4)} seeds  ${name}: ${checkers.join(", ")}`;
  }
  const lines = [
    `${result.kind.padEnd(22)}  ${name}`,
    `  ${file}`,
    `  - ${find}`,
    `  + ${replace}`,
  ];
  return [...lines, ...(result.kind === "DID NOT RUN" ? [result.output] : [])].join("\n");
}

/** Everything that makes the list itself wrong, one line for each. */
export async function findProblems(
  root: URL,
  bugs: readonly PlantedBug[],
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { name, file, find, replace } of bugs) {
    const source = await Deno.readTextFile(new URL(file, root)).catch(() => undefined);
    const count = source === undefined ? 0 : source.split(find).length - 1;
    if (count !== 1) {
      problems.push(`Cannot plant "${name}": "${find}" occurs ${count} times in ${file}`);
    }
    if (find === replace) problems.push(`Cannot plant "${name}": it would change nothing`);
  }
  return problems;
}
