/** Content type of OpenMetrics text. */
export const OPEN_METRICS_TYPE: string =
  "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Kinds of metric families that a router has. */
export type MetricType = "counter" | "gauge" | "info";

/** One number of a family, with what tells it from the others. */
export interface MetricSample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric family. */
export interface MetricFamily {
  /** Without the suffix that its type adds; ends with the unit, if it has one. */
  readonly name: string;
  readonly type: MetricType;
  readonly unit?: "seconds" | "bytes";
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

const SUFFIX: Readonly<Record<MetricType, string>> = {
  counter: "_total",
  gauge: "",
  info: "_info",
};

/** Writes families as OpenMetrics 1.0 text. */
export function openMetricsText(families: readonly MetricFamily[]): string {
  return [...families.flatMap(familyLines), "# EOF", ""].join("\n");
}

function familyLines({ name, type, unit, help, samples }: MetricFamily): string[] {
  const full = name + SUFFIX[type];
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(help)}`,
    ...samples.map(({ labels = {}, value }) => `${full}${labelText(labels)} ${numberText(value)}`),
  ];
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
