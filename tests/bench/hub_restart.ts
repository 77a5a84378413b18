/**
 * How long the way from site A to site B stays broken when the hub between them is killed and started
 * again on the same port, from the moment that its port is open:
 * `deno run -A tests/bench/hub_restart.ts [--runs=10] [--trace] [clasp-fed] [mosquitto] [nats-server]`.
 *
 * The time ends with the first update at B that A wrote after the port was open. Each run is of fresh
 * processes. Without names, of what is installed each is measured.
 *
 * @module
 */
import { pollUntil } from "../support/poll_until.ts";
import { startClaspFed } from "./restart_clasp_fed.ts";
import { isInstalled } from "./restart_broker.ts";
import { startMosquitto } from "./restart_mosquitto.ts";
import { startNats } from "./restart_nats.ts";
import type { RestartEnd, RestartSubject } from "./restart_subject.ts";

const PROBE_INTERVAL_MS = 3;
const DEADLINE_MS = 60_000;
const ONCE_ADDRESSES = 50;

const SUBJECTS: Readonly<Record<string, () => Promise<RestartSubject>>> = {
  "clasp-fed": startClaspFed,
  "mosquitto": startMosquitto,
  "nats-server": startNats,
};

interface RunResult extends RestartEnd {
  readonly downMs: number;
  readonly trace: readonly string[];
}

const options = parseArguments(Deno.args);
for (const name of options.names) {
  const start = SUBJECTS[name];
  if (start === undefined || !(name === "clasp-fed" || await isInstalled(name))) {
    console.log(`${name}: not installed`);
    continue;
  }
  const results: RunResult[] = [];
  for (let i = 1; i <= options.runs; i++) {
    const result = await run(start);
    results.push(result);
    const { downMs, wrong, duplicates, trace } = result;
    console.log(
      `${name} ${i}: ${downMs.toFixed(0)} ms, ${wrong} wrong, ${duplicates} duplicates`,
    );
    for (const line of options.hasTrace ? trace : []) console.log(`  ${line}`);
  }
  console.log(`${name}: ${summary(results)}\n`);
}

async function run(start: () => Promise<RestartSubject>): Promise<RunResult> {
  await using subject = await start();
  await subject.killHub();
  subject.writeOnce(ONCE_ADDRESSES);
  const opening = untilOpen(subject);
  await subject.startHub();
  const opened = await opening;
  const news = (): number | undefined =>
    subject.arrivals.find(({ number }) => number > opened.written)?.atMs;
  await pollUntil(() => news() !== undefined, "an update of A at B", DEADLINE_MS);
  const end = await subject.finish();
  const downMs = (news() ?? NaN) - opened.atMs;
  return { ...end, downMs, trace: subject.trace(opened.atMs) };
}

/** Connects again and again until it works. */
async function untilOpen(
  subject: RestartSubject,
): Promise<{ readonly atMs: number; readonly written: number }> {
  const startMs = performance.now();
  while (performance.now() - startMs < DEADLINE_MS) {
    try {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: subject.hubPort });
      const opened = { atMs: performance.now(), written: subject.written };
      connection.close();
      return opened;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PROBE_INTERVAL_MS));
  }
  throw new Error(`Waited ${DEADLINE_MS} ms in vain for the hub's port`);
}

function summary(results: readonly RunResult[]): string {
  const sorted = results.map(({ downMs }) => downMs).sort((a, b) => a - b);
  const medianMs =
    ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2;
  const wrong = results.reduce((sum, result) => sum + result.wrong, 0);
  const duplicates = results.reduce((sum, result) => sum + result.duplicates, 0);
  return `${results.length} runs, median ${medianMs.toFixed(0)} ms, ` +
    `from ${sorted[0]?.toFixed(0)} to ${sorted.at(-1)?.toFixed(0)} ms, ` +
    `${wrong} wrong, ${duplicates} duplicates`;
}

function parseArguments(args: readonly string[]): {
  readonly runs: number;
  readonly hasTrace: boolean;
  readonly names: readonly string[];
} {
  let runs = 10;
  const names: string[] = [];
  for (const arg of args) {
    const [, number] = /^--runs=(\d{1,4})$/.exec(arg) ?? [];
    if (number !== undefined) runs = Number(number);
    else if (arg in SUBJECTS) names.push(arg);
    else if (arg !== "--trace") {
      throw new TypeError(
        `Unknown "${arg}": --runs=10, --trace, ${Object.keys(SUBJECTS).join(", ")}`,
      );
    }
  }
  const hasTrace = args.includes("--trace");
  return { runs, hasTrace, names: names.length > 0 ? names : Object.keys(SUBJECTS) };
}
