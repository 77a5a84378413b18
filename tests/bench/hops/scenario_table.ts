import { QUANTITIES, type Quantity } from "./scenario.ts";
import type { ScenarioResult, TargetResult } from "./scenario_result.ts";
import type { Spread } from "./spread.ts";

const RATIO_DIGITS = 2;

/** A scenario's result as Markdown: a table of medians and spreads, and the targets. */
export function scenarioTable(result: ScenarioResult): string {
  const { name, title } = result.scenario;
  const quantities = (Object.keys(QUANTITIES) as Quantity[]).filter((quantity) =>
    [...result.rounds.values()].some((rounds) => rounds[0]?.[quantity] !== undefined)
  );
  const rows = [...result.rounds].map(([subject, rounds]) =>
    rounds.length === 0 ? [subject, "not installed"] : [
      subject,
      ...quantities.map((quantity) =>
        text(result.spread(subject, quantity), QUANTITIES[quantity].digits)
      ),
    ]
  );
  const headings = ["", ...quantities.map((quantity) => QUANTITIES[quantity].heading)];
  const targets = result.targets.map(targetLine);
  return [`### ${name}: ${title}`, "", ...table([headings, ...rows]), "", ...targets, ""]
    .join("\n");
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
