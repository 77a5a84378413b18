import type { Subject, SubjectName } from "./subjects.ts";

/** What one run of one subject came to, by name of the quantity. */
export type Measures = Readonly<Partial<Record<Quantity, number>>>;

/** Why a run of a subject has come to nothing. */
export interface Failure {
  readonly failed: string;
}

/** What one round of one subject came to. */
export type Round = Measures | Failure;

/** Something that is measured. The first group is cheap when it is small, the second must be 0. */
export type Quantity = keyof typeof QUANTITIES;

/** How quantities are headed, and their digits after the point. */
export const QUANTITIES = {
  cpuMicros: { heading: "CPU µs", digits: 2 },
  messagesPerSecond: { heading: "messages/s", digits: 0 },
  p50Ms: { heading: "p50 ms", digits: 2 },
  p99Ms: { heading: "p99 ms", digits: 2 },
  startMs: { heading: "from its start ms", digits: 0 },
  openMs: { heading: "from its open port ms", digits: 0 },
  downMs: { heading: "down ms", digits: 0 },
  lost: { heading: "lost", digits: 0 },
  duplicates: { heading: "duplicates", digits: 0 },
  wrong: { heading: "wrong", digits: 0 },
} as const;

/** Quantities that say that a run went wrong when they are not 0. */
export const FAULTS: readonly Quantity[] = ["lost", "duplicates", "wrong"];

/** What this project is to be against another subject, as a ratio of medians of one run. */
export interface Target {
  readonly quantity: Quantity;
  /** Without it, the quantity itself is compared, not a ratio. */
  readonly against?: SubjectName;
  /** Must be met. */
  readonly reach: number;
  /** Is what is wished for. */
  readonly aim: number;
}

/** One table. */
export interface Scenario {
  readonly name: string;
  /** What is done, in a line. */
  readonly title: string;
  readonly subjects: readonly SubjectName[];
  readonly targets: readonly Target[];
  run(subject: Subject, name: SubjectName): Promise<Measures>;
}
