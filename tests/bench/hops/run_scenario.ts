import { isInstalled } from "../restart_broker.ts";
import type { Measures, Scenario } from "./scenario.ts";
import { ScenarioResult } from "./scenario_result.ts";
import { type SubjectName, SUBJECTS } from "./subjects.ts";

/** Which subjects of a scenario are measured, how often, and who is told how it goes. */
export interface ScenarioOptions {
  readonly rounds: number;
  readonly subjects: readonly SubjectName[];
  readonly onNote: (note: string) => void;
}

/**
 * Measures a scenario: in each round each subject once, every other round from the last to the first,
 * so that what changes on the machine meanwhile falls on all.
 */
export async function runScenario(
  scenario: Scenario,
  { rounds, subjects, onNote }: ScenarioOptions,
): Promise<ScenarioResult> {
  const results = new Map<SubjectName, Measures[]>();
  for (const name of scenario.subjects) {
    if (!subjects.includes(name)) continue;
    results.set(name, []);
  }
  const there = await installed([...results.keys()]);
  for (let round = 0; round < rounds; round++) {
    const order = [...results].filter(([name]) => there.includes(name));
    if (round % 2 === 1) order.reverse();
    for (const [name, measures] of order) {
      onNote(`${scenario.name}, round ${round + 1} of ${rounds}: ${name}`);
      measures.push(await scenario.run(SUBJECTS[name], name));
    }
  }
  return new ScenarioResult(scenario, results);
}

async function installed(names: readonly SubjectName[]): Promise<readonly SubjectName[]> {
  const there: SubjectName[] = [];
  for (const name of names) {
    const { program } = SUBJECTS[name];
    if (program === undefined || await isInstalled(program)) there.push(name);
  }
  return there;
}
