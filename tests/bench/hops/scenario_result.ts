import { FAULTS, type Measures, type Quantity, type Scenario, type Target } from "./scenario.ts";
import { type Spread, spreadOf } from "./spread.ts";
import type { SubjectName } from "./subjects.ts";

/** How a target was met. */
export type Verdict = "aim" | "reach" | "MISSED" | "-";

/** What became of a target. */
export interface TargetResult extends Target {
  /** Ratios of the rounds, or what was measured when there is nothing to compare with. */
  readonly found: Spread;
  readonly verdict: Verdict;
}

/** What all rounds of a scenario came to. */
export class ScenarioResult {
  readonly scenario: Scenario;
  /** By subject, what each round came to, in order: nothing when it is not installed. */
  readonly rounds: ReadonlyMap<SubjectName, readonly Measures[]>;

  constructor(scenario: Scenario, rounds: ReadonlyMap<SubjectName, readonly Measures[]>) {
    this.scenario = scenario;
    this.rounds = rounds;
  }

  /** Of one quantity of one subject. */
  spread(subject: SubjectName, quantity: Quantity): Spread {
    const rounds = this.rounds.get(subject) ?? [];
    return spreadOf(rounds.flatMap((measures) => measures[quantity] ?? []));
  }

  /** Each target of the scenario: the ratio is made round by round. */
  get targets(): readonly TargetResult[] {
    return this.scenario.targets.map((target) => {
      const found = spreadOf(this.#found(target));
      return { ...target, found, verdict: verdictOf(target, found.median) };
    });
  }

  /** Subjects of which a run lost something, or saw it twice or wrong. */
  get faulty(): readonly SubjectName[] {
    return [...this.rounds].filter(([_, rounds]) =>
      rounds.some((measures) => FAULTS.some((fault) => (measures[fault] ?? 0) > 0))
    ).map(([name]) => name);
  }

  /** For `JSON.stringify`. */
  toJSON(): unknown {
    const { name, title } = this.scenario;
    return { name, title, rounds: Object.fromEntries(this.rounds), targets: this.targets };
  }

  #found({ quantity, against }: Target): number[] {
    const own = this.rounds.get("clasp-fed") ?? [];
    return own.flatMap((measures, round) => {
      const value = measures[quantity] ?? NaN;
      const other = against === undefined ? 1 : this.rounds.get(against)?.[round]?.[quantity];
      return other === undefined ? [] : [value / other];
    });
  }
}

function verdictOf({ reach, aim }: Target, found: number): Verdict {
  if (Number.isNaN(found)) return "-";
  return found <= aim ? "aim" : found <= reach ? "reach" : "MISSED";
}
