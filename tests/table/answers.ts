/** A row of the table: a case, and all that it brings about. */
export interface Row {
  readonly phase: string;
  readonly form: string;
  readonly field: string;
  readonly variant: string;
  /** What the sender hears. */
  readonly answer: string;
  /** What a client of the router sees; empty when nothing. */
  readonly effects: string;
  /** "goes on", or how it was closed. */
  readonly session: string;
}

/** The case of a row, for people. */
export function caseOf({ phase, form, field, variant }: Row): string {
  return `${phase} | ${form} | ${field} | ${variant}`;
}

const HEAD = "| field | how | answer | a client sees | session |\n| --- | --- | --- | --- | --- |";
const COLUMNS = 5;
/** Between variants whose rows are alike; in no variant's name. */
const BETWEEN = "; ";

/** The table in Markdown: of a message's fields, variants whose outcomes are alike are one line. */
export function writeAnswers(title: string, rows: readonly Row[]): string {
  const lines = [title];
  for (const [phase, ofPhase] of Map.groupBy(rows, (row) => row.phase)) {
    lines.push(`\n## ${phase}`);
    for (const [form, ofForm] of Map.groupBy(ofPhase, (row) => row.form)) {
      lines.push(`\n### ${form}\n\n${HEAD}`);
      for (const ofField of Map.groupBy(ofForm, (row) => row.field).values()) {
        lines.push(...linesOf(ofField));
      }
    }
  }
  return `${lines.join("\n")}\n`;
}

function linesOf(rows: readonly Row[]): string[] {
  const alike = Map.groupBy(
    rows,
    ({ answer, effects, session }) => JSON.stringify([answer, effects, session]),
  );
  return [...alike.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const { field, answer, effects, session } = first;
    const variants = [first, ...others].map(({ variant }) => variant).join(BETWEEN);
    return `| ${[field, variants, answer, effects, session].join(" | ")} |`;
  });
}

/** Reads what {@linkcode writeAnswers} wrote. */
export function readAnswers(text: string): readonly Row[] {
  const rows: Row[] = [];
  let phase = "";
  let form = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("## ")) phase = line.slice(3);
    else if (line.startsWith("### ")) form = line.slice(4);
    else if (line.startsWith("| ") && !HEAD.includes(line)) rows.push(...rowsOf(line, phase, form));
  }
  return rows;
}

function rowsOf(line: string, phase: string, form: string): Row[] {
  const cells = line.slice(2, -2).split(" | ");
  if (cells.length !== COLUMNS) throw new Error(`Not a row of ${COLUMNS} cells: ${line}`);
  const [field = "", variants = "", answer = "", effects = "", session = ""] = cells;
  return variants.split(BETWEEN).map((variant) => ({
    phase,
    form,
    field,
    variant,
    answer,
    effects,
    session,
  }));
}
