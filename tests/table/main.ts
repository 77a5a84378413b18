/**
 * Asks a router all that the table holds, and says what differs from the table that is checked in:
 * `deno run -A tests/table/main.ts [--write]`. With `--write` the table is written anew.
 *
 * @module
 */
import { ANSWERS_FILE, TITLE } from "./answers_file.ts";
import { readAnswers, writeAnswers } from "./answers.ts";
import { askAll } from "./ask_all.ts";
import { brokenRules, lateRows } from "./rules.ts";
import { differences } from "./differences.ts";

const { rows, problems } = await askAll((text) => console.error(text));
for (const problem of [...problems, ...brokenRules(rows), ...lateRows(rows)]) console.log(problem);
if (Deno.args.includes("--write")) {
  await Deno.writeTextFile(ANSWERS_FILE, writeAnswers(TITLE, rows));
  console.log(`${rows.length} rows written`);
} else {
  const written = readAnswers(await Deno.readTextFile(ANSWERS_FILE));
  for (const difference of differences(written, rows)) console.log(difference);
}
