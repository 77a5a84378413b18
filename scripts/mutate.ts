/**
 * Breaks the code on purpose, one mistake of `mutations.ts` at a time, and sees that its tests
 * notice: `deno task mutate [--only=SUBSTRING]`.
 *
 * Works on copies of the project; the project itself is never written to. Exits with 1 when a
 * mistake survives, when its text does not occur exactly once, or when the tests fail without one.
 *
 * @module
 */

import { type Mutation, MUTATIONS } from "./mutations.ts";

/** What became of one mutation. */
export interface Outcome {
  readonly mutation: Mutation;
  readonly verdict: Verdict;
  readonly seconds: number;
  /** What the tests said, where somebody has to look. */
  readonly output: string;
}

/**
 * - `caught`: a test failed.
 * - `hung`: the tests did not end, which is noticed as well.
 * - `SURVIVED`: every test passed.
 * - `DID NOT RUN`: the tests ended without a verdict, so nothing is known.
 */
export type Verdict = "caught" | "hung" | "SURVIVED" | "DID NOT RUN";

/** How a run of `deno test` ended. */
export interface TestRun {
  readonly code: number;
  readonly timedOut: boolean;
  readonly output: string;
}

/** Copies of the project that are worked on at a time. */
const WORKERS_MAX = 2;
/** A run of unmutated tests that takes longer is stuck. */
const CONTROL_TIMEOUT_MS = 600_000;
/** A mutated run may take this many times as long as the control run, which covers more tests. */
const TIMEOUT_FACTOR = 3;
const TIMEOUT_MS_MIN = 30_000;

/** Not part of a copy: what .gitignore names, and git itself. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  ".git",
  ".tmp",
  "coverage",
  "dist",
  "node_modules",
]);

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const only = args[0]?.match(/^--only=(.+)$/)?.[1];
  if (args.length > 1 || (args.length === 1 && only === undefined)) {
    console.error("Usage: deno task mutate [--only=SUBSTRING of a file or a reason]");
    return 2;
  }
  const mutations = selectMutations(MUTATIONS, only);
  if (mutations.length === 0) {
    console.error(`Cannot mutate: nothing in scripts/mutations.ts contains "${only}"`);
    return 2;
  }
  const root = new URL("..", import.meta.url);
  return await runMutations(root, mutations, (line) => console.log(line)) ? 0 : 1;
}

/**
 * Makes every mutation, two at a time, and prints a line for each.
 *
 * @param root The project, a directory URL with a slash at its end.
 * @returns Whether every mutation was noticed.
 */
export async function runMutations(
  root: URL,
  mutations: readonly Mutation[],
  print: (line: string) => void,
): Promise<boolean> {
  const problems = await findProblems(root, mutations);
  if (problems.length > 0) {
    for (const problem of problems) print(problem);
    return false;
  }
  const directories: string[] = [];
  try {
    for (let i = 0; i < Math.min(WORKERS_MAX, mutations.length); i++) {
      const directory = await Deno.makeTempDir({ prefix: "clasp-fed-mutate-" });
      directories.push(directory);
      await copyProject(root, directory);
    }
    return await runInCopies(directories, mutations, print);
  } finally {
    for (const directory of directories) await Deno.remove(directory, { recursive: true });
  }
}

async function runInCopies(
  directories: readonly string[],
  mutations: readonly Mutation[],
  print: (line: string) => void,
): Promise<boolean> {
  const tests = [...new Set(mutations.flatMap((mutation) => mutation.tests))];
  const startedAtMs = performance.now();
  const control = await runTests(directories[0] ?? "", tests, CONTROL_TIMEOUT_MS);
  const controlMs = performance.now() - startedAtMs;
  if (control.code !== 0) {
    print(control.output);
    print("Cannot mutate: the tests fail before anything is changed");
    return false;
  }
  print(`control: ${tests.length} test files pass, ${seconds(controlMs)} s`);
  const timeoutMs = Math.max(TIMEOUT_MS_MIN, TIMEOUT_FACTOR * controlMs);
  const waiting = [...mutations];
  const outcomes: Outcome[] = [];
  const work = async (directory: string) => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const outcome = await runMutation(directory, next, timeoutMs);
      outcomes.push(outcome);
      print(formatOutcome(outcome));
    }
  };
  await Promise.all(directories.map(work));
  const unnoticed = outcomes.filter((outcome) => !isNoticed(outcome.verdict)).length;
  print(`${outcomes.length - unnoticed} of ${outcomes.length} mutations caught`);
  return unnoticed === 0;
}

async function runMutation(
  directory: string,
  mutation: Mutation,
  timeoutMs: number,
): Promise<Outcome> {
  const path = `${directory}/${mutation.file}`;
  const source = await Deno.readTextFile(path);
  const startedAtMs = performance.now();
  // A function, because a replacement string may contain `$&`.
  await Deno.writeTextFile(path, source.replace(mutation.find, () => mutation.replace));
  try {
    const run = await runTests(directory, mutation.tests, timeoutMs);
    const elapsedMs = performance.now() - startedAtMs;
    return { mutation, verdict: judge(run), seconds: elapsedMs / 1_000, output: run.output };
  } finally {
    await Deno.writeTextFile(path, source);
  }
}

async function runTests(
  directory: string,
  tests: readonly string[],
  timeoutMs: number,
): Promise<TestRun> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  // Inherited, it would mix what broken code covers into what the tests cover.
  const { DENO_COVERAGE_DIR: _, ...env } = Deno.env.toObject();
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      // A mistake that the type checker notices is not yet one that a test notices.
      args: ["test", "-A", "--no-check", ...tests],
      cwd: directory,
      clearEnv: true,
      env: { ...env, NO_COLOR: "1" },
      stdin: "null",
      signal: timeout.signal,
    }).output();
    const text = new TextDecoder();
    const output = text.decode(stdout) + text.decode(stderr);
    return { code, timedOut: timeout.signal.aborted, output };
  } finally {
    clearTimeout(timer);
  }
}

/** What a run of the tests says about the mutation it was made with. */
export function judge(run: TestRun): Verdict {
  if (run.timedOut) return "hung";
  if (run.code === 0) return "SURVIVED";
  return /^FAILED \| .*\b[1-9]\d* failed/m.test(run.output) ? "caught" : "DID NOT RUN";
}

function isNoticed(verdict: Verdict): boolean {
  return verdict === "caught" || verdict === "hung";
}

/** The mutations whose file or reason contains a text; all of them without one. */
export function selectMutations(
  mutations: readonly Mutation[],
  only: string | undefined,
): readonly Mutation[] {
  if (only === undefined) return mutations;
  return mutations.filter(({ file, why }) => file.includes(only) || why.includes(only));
}

/** One line of the table, and what the tests said when nobody noticed. */
export function formatOutcome({ mutation, verdict, seconds, output }: Outcome): string {
  const line = `${verdict.padEnd(11)} ${seconds.toFixed(1).padStart(6)} s  ${mutation.file}: ` +
    mutation.why;
  if (isNoticed(verdict)) return line;
  return `${line}\n  - ${mutation.find}\n  + ${mutation.replace}\n${output}`;
}

/** Everything that makes the table itself wrong, one line for each. */
export async function findProblems(
  root: URL,
  mutations: readonly Mutation[],
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { file, find, replace, tests } of mutations) {
    const source = await readIfThere(new URL(file, root));
    const count = source === undefined ? 0 : source.split(find).length - 1;
    if (source === undefined) problems.push(`Cannot mutate ${file}: there is no such file`);
    else if (count !== 1) problems.push(`Cannot mutate ${file}: "${find}" occurs ${count} times`);
    if (find === replace) problems.push(`Cannot mutate ${file}: "${find}" would not change`);
    if (tests.length === 0) problems.push(`Cannot mutate ${file}: "${find}" names no tests`);
    for (const test of tests) {
      if (await readIfThere(new URL(test, root)) !== undefined) continue;
      problems.push(`Cannot run ${test}: there is no such file`);
    }
  }
  return problems;
}

async function readIfThere(url: URL): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(url);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Copies what belongs to the project; a walk, because a downloaded archive has no git to ask. */
export async function copyProject(from: URL, to: string): Promise<void> {
  for await (const entry of Deno.readDir(from)) {
    if (NOT_COPIED.has(entry.name) || entry.name.endsWith(".log")) continue;
    const name = encodeURIComponent(entry.name);
    if (entry.isDirectory) {
      await Deno.mkdir(`${to}/${entry.name}`);
      await copyProject(new URL(`${name}/`, from), `${to}/${entry.name}`);
    } else if (entry.isFile) {
      await Deno.copyFile(new URL(name, from), `${to}/${entry.name}`);
    }
  }
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
