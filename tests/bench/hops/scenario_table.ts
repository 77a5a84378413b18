import { QUANTITIES, type Quantity } from "./scenario.ts";
import type { ScenarioResult, TargetResult } from "./scenario_result.ts";
import type { Spread } from "./spread.ts";
import type { SubjectName } from "./subjects.ts";

const RATIO_DIGITS = 2;

/**
 * A scenario's result as Markdown: a table of medians and spreads, the targets, and the rounds that
 * failed of subjects that have others.
 */
export function scenarioTable(result: ScenarioResult): string {
  const { name, title } = result.scenario;
  const subjects = [...result.rounds.keys()];
  const quantities = (Object.keys(QUANTITIES) as Quantity[]).filter((quantity) =>
    subjects.some((subject) => !Number.isNaN(result.spread(subject, quantity).median))
  );
  const rows = subjects.map((subject) => [subject, ...cellsOf(subject, result, quantities)]);
  const headings = quantities.map((quantity) => QUANTITIES[quantity].heading);
  // A reason needs a column, even when there is nothing else.
  const head = ["", ...(headings.length > 0 ? headings : [""])];
  const lines = [...result.targets.map(targetLine), ...failureLines(result)];
  return [`### ${name}: ${title}`, "", ...table([head, ...rows]), "", ...lines, ""].join("\n");
}

/** Of a subject's row: one that is not there has a reason instead of numbers. */
function cellsOf(
  subject: SubjectName,
  result: ScenarioResult,
  quantities: readonly Quantity[],
): readonly string[] {
  if (result.rounds.get(subject)?.length === 0) return ["not installed"];
  const [first] = result.failed.filter((failed) => failed.subject === subject);
  if (first !== undefined && !result.isMeasured(subject)) return [`failed: ${cell(first.reason)}`];
  return quantities.map((quantity) =>
    text(result.spread(subject, quantity), QUANTITIES[quantity].digits)
  );
}

function failureLines(result: ScenarioResult): readonly string[] {
  return result.failed.filter(({ subject }) => result.isMeasured(subject))
    .map(({ subject, round, reason }) => `- ${subject}, round ${round + 1} failed: ${reason}`);
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function targetLine({ quantity, against, reach, aim, found, verdict }: TargetResult): string {
  const what = QUANTITIES[quantity].heading;
  const digits = against === undefined ? QUANTITIES[quantity].digits : RATIO_DIGITS;
  return `- ${what}${against === undefined ? "" : ` against ${against}`}: ` +
    `**${verdict}**, ${text(found, digits)} (reach ${reach}, aim ${aim})`;
}

/** "3.10 (2.90 to 3.30)"; only the number when there is no spread. */
function text({ median, min, max }: Spread, digits: number): string {
  if (Number.isNaN(median)) return "-";
  const middle = median.toFixed(digits);
  const [low, high] = [min.toFixed(digits), max.toFixed(digits)];
  return low === high ? middle : `${middle} (${low} to ${high})`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const [headings = []] = rows;
  const widths = headings.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0), 3)
  );
  const lines = rows.map((row) =>
    `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width)).join(" | ")} |`
  );
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [lines[0] ?? "", rule, ...lines.slice(1)];
}
