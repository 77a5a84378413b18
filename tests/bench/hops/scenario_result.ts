import {
  FAULTS,
  type Measures,
  type Quantity,
  type Round,
  type Scenario,
  type Target,
} from "./scenario.ts";
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

/** A round of a subject that failed. */
export interface FailedRound {
  readonly subject: SubjectName;
  /** From 0. */
  readonly round: number;
  readonly reason: string;
}

/** What all rounds of a scenario came to. */
export class ScenarioResult {
  readonly scenario: Scenario;
  /** By subject, what each round came to, in order: nothing when it is not installed. */
  readonly rounds: ReadonlyMap<SubjectName, readonly Round[]>;

  constructor(scenario: Scenario, rounds: ReadonlyMap<SubjectName, readonly Round[]>) {
    this.scenario = scenario;
    this.rounds = rounds;
  }

  /** Of one quantity of one subject. */
  spread(subject: SubjectName, quantity: Quantity): Spread {
    const rounds = this.rounds.get(subject) ?? [];
    return spreadOf(rounds.flatMap((round) => measuresOf(round)[quantity] ?? []));
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
      rounds.some((round) => FAULTS.some((fault) => (measuresOf(round)[fault] ?? 0) > 0))
    ).map(([name]) => name);
  }

  /** Whether some round of a subject came to something. */
  isMeasured(subject: SubjectName): boolean {
    return this.rounds.get(subject)?.some((round) => !("failed" in round)) ?? false;
  }

  /** Rounds that came to nothing, by subject. */
  get failed(): readonly FailedRound[] {
    return [...this.rounds].flatMap(([subject, rounds]) =>
      rounds.flatMap((each, round) =>
        "failed" in each ? [{ subject, round, reason: each.failed }] : []
      )
    );
  }

  /** For `JSON.stringify`. */
  toJSON(): unknown {
    const { name, title } = this.scenario;
    return { name, title, rounds: Object.fromEntries(this.rounds), targets: this.targets };
  }

  #found({ quantity, against }: Target): number[] {
    const own = this.rounds.get("clasp-fed") ?? [];
    const others = against === undefined ? undefined : this.rounds.get(against) ?? [];
    return own.flatMap((each, round) => {
      const value = measuresOf(each)[quantity];
      const other = others === undefined ? 1 : measuresOf(others[round] ?? {})[quantity];
      return value === undefined || other === undefined ? [] : [value / other];
    });
  }
}

/** Nothing when it failed. */
function measuresOf(round: Round): Measures {
  return "failed" in round ? {} : round;
}

function verdictOf({ reach, aim }: Target, found: number): Verdict {
  if (Number.isNaN(found)) return "-";
  return found <= aim ? "aim" : found <= reach ? "reach" : "MISSED";
}
