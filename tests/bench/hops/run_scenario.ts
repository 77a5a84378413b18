import { isInstalled } from "../restart_broker.ts";
import type { Round, Scenario } from "./scenario.ts";
import { ScenarioResult } from "./scenario_result.ts";
import { type SubjectName, SUBJECTS } from "./subjects.ts";

const REASON_LENGTH_MAX = 120;

/** Which subjects of a scenario are measured, how often, and who is told how it goes. */
export interface ScenarioOptions {
  readonly rounds: number;
  readonly subjects: readonly SubjectName[];
  readonly onNote: (note: string) => void;
}

/**
 * Measures a scenario: in each round each subject once, every other round from the last to the first,
 * so that what changes on the machine meanwhile falls on all. A subject that fails is left out of that
 * round, and who is told how it goes hears all about it.
 */
export async function runScenario(
  scenario: Scenario,
  { rounds, subjects, onNote }: ScenarioOptions,
): Promise<ScenarioResult> {
  const results = new Map<SubjectName, Round[]>();
  for (const name of scenario.subjects) {
    if (!subjects.includes(name)) continue;
    results.set(name, []);
  }
  const there = await installed([...results.keys()]);
  for (let round = 0; round < rounds; round++) {
    const order = [...results].filter(([name]) => there.includes(name));
    if (round % 2 === 1) order.reverse();
    for (const [name, done] of order) {
      const what = `${scenario.name}, round ${round + 1} of ${rounds}: ${name}`;
      onNote(what);
      done.push(
        await scenario.run(SUBJECTS[name], name).catch((error) => {
          onNote(`${what} failed: ${Deno.inspect(error)}`);
          return { failed: reasonOf(error) };
        }),
      );
    }
  }
  return new ScenarioResult(scenario, results);
}

/** In a line: messages may go on with what a router has logged. */
function reasonOf(error: unknown): string {
  // What went wrong first counts, not that ending the rest went wrong too.
  if (error instanceof SuppressedError) return reasonOf(error.suppressed);
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return line.slice(0, REASON_LENGTH_MAX);
}

async function installed(names: readonly SubjectName[]): Promise<readonly SubjectName[]> {
  const there: SubjectName[] = [];
  for (const name of names) {
    const { program } = SUBJECTS[name];
    if (program === undefined || await isInstalled(program)) there.push(name);
  }
  return there;
}
