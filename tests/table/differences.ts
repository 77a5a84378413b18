import { caseOf, type Row } from "./answers.ts";

/** Each row that is not as it is written, in words. */
export function differences(written: readonly Row[], rows: readonly Row[]): readonly string[] {
  const expected = new Map(written.map((row) => [caseOf(row), outcome(row)]));
  const actual = new Map(rows.map((row) => [caseOf(row), outcome(row)]));
  const changed = [...actual].filter(([key, is]) => expected.get(key) !== is)
    .map(([key, is]) =>
      `${key}\n  written: ${expected.get(key) ?? "no such row"}\n  answered: ${is}`
    );
  const gone = [...expected.keys()].filter((key) => !actual.has(key))
    .map((key) => `${key}\n  is written, but is not asked any more`);
  return [...changed, ...gone];
}

function outcome({ answer, effects, session }: Row): string {
  return `${answer} | ${effects === "" ? "nobody sees it" : effects} | ${session}`;
}
