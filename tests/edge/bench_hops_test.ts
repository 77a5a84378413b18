import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import type { Measures } from "../bench/hops/scenario.ts";
import { ReaderRecord } from "../bench/hops/reader_record.ts";
import { runScenario } from "../bench/hops/run_scenario.ts";
import { ScenarioResult } from "../bench/hops/scenario_result.ts";
import { scenarioTable } from "../bench/hops/scenario_table.ts";
import { smokeScenario } from "../bench/hops/smoke_scenario.ts";

const HOPS = new URL("../bench/hops/hops.ts", import.meta.url).pathname;
const MESSAGES = 3_000;

Deno.test("bench:hops --smoke brings all updates over three routers and over both relays", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", HOPS, "--smoke", `--messages=${MESSAGES}`, "--rounds=1", "--json"],
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const { scenarios: [smoke] } = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(Object.keys(smoke.rounds), ["clasp-fed", "relay", "relay-joined"]);
  for (const [name, rounds] of Object.entries<Measures[]>(smoke.rounds)) {
    const [{ cpuMicros = NaN, p50Ms = NaN, lost, duplicates, wrong } = {}] = rounds;
    assertEquals({ lost, duplicates, wrong }, { lost: 0, duplicates: 0, wrong: 0 }, name);
    assert(cpuMicros >= 0 && p50Ms > 0, `${name}: ${JSON.stringify(rounds)}`);
  }
});

Deno.test("bench:hops refuses what it does not know, and says what it does", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", HOPS, "--only=throughput"],
  }).output();
  assertEquals(code, 1);
  assertStringIncludes(
    new TextDecoder().decode(stderr),
    "--only knows fire, confirm, fan-out, paced, light, sync-10000, sync-100000, reconnect",
  );
});

Deno.test("a reader's record tells lost, repeated and stale updates", () => {
  const record = new ReaderRecord(2);
  assertEquals([record.take(0, -1), record.isReached, record.progress], [false, true, 0]);
  assertEquals([0, 1, 3, 1].map((number) => record.take(number % 2, number)), [
    true,
    true,
    true,
    false,
  ]);
  assertEquals([record.progress, record.distinct, record.duplicates], [4, 3, 1]);
  const wrong = new Set<number>();
  record.collectWrong(Float64Array.of(2, 3), wrong);
  // Address 0 never got update 2, address 1 was set back to update 1.
  assertEquals([...wrong], [0, 1]);
});

Deno.test("a reader's record takes as many updates as come", () => {
  const record = new ReaderRecord(1);
  for (const number of [0, 1_000_000, 3_000_000]) assert(record.take(0, number));
  for (const number of [0, 1_000_000, 3_000_000]) assert(!record.take(0, number));
  assertEquals([record.progress, record.distinct, record.duplicates], [3_000_001, 3, 3]);
});

Deno.test("a subject that fails is left out of its round, and the rest goes on", async () => {
  const notes: string[] = [];
  const runs = new Map<string, number>();
  const scenario = {
    ...smokeScenario(),
    run: (_: unknown, name: string): Promise<Measures> => {
      const round = runs.get(name) ?? 0;
      runs.set(name, round + 1);
      const isBroken = name === "relay-joined" || name === "relay" && round === 1;
      return isBroken
        ? Promise.reject(new Error(`no | way\nlogged by ${name}`))
        : Promise.resolve({ cpuMicros: (name === "relay" ? 10 : 1) * (round + 1) });
    },
  };
  const onNote = (note: string): void => void notes.push(note);
  const subjects = ["clasp-fed", "relay", "relay-joined"] as const;
  const result = await runScenario(scenario, { rounds: 3, subjects, onNote });
  const failed = { failed: "no | way" };
  assertEquals(Object.fromEntries(result.rounds), {
    "clasp-fed": [{ cpuMicros: 1 }, { cpuMicros: 2 }, { cpuMicros: 3 }],
    "relay": [{ cpuMicros: 10 }, failed, { cpuMicros: 30 }],
    "relay-joined": [failed, failed, failed],
  });
  assertEquals(result.failed.length, 4);
  // Those of the rounds in which both were measured.
  assertEquals(result.targets.map(({ found }) => [found.min, found.max]), [[0.1, 0.1], [NaN, NaN]]);
  assertEquals(notes.filter((note) => note.includes("logged by")).length, 4);
  const table = scenarioTable(result);
  assertStringIncludes(table, "| relay        | 20.00 (10.00 to 30.00)");
  assertStringIncludes(table, "| relay-joined | failed: no \\| way ");
  assertStringIncludes(table, "\n- relay, round 2 failed: no | way\n");
});

Deno.test("a table of nothing but failures says why", async () => {
  const run = (): Promise<Measures> => Promise.reject(new Error("no way"));
  const options = { rounds: 1, subjects: ["relay"], onNote: () => {} } as const;
  const table = scenarioTable(await runScenario({ ...smokeScenario(), run }, options));
  assertStringIncludes(table, "| relay | failed: no way |");
});

Deno.test("bench:hops --help says what may be asked for", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", HOPS, "--help"],
  }).output();
  assertEquals(code, 0);
  assertMatch(
    new TextDecoder().decode(stdout),
    /--smoke.*\nscenarios: fire, .*\nsubjects: clasp-fed, /,
  );
});

Deno.test("a scenario's ratios are made within rounds, and what is above its bound is missed", () => {
  const result = (own: readonly number[]): ScenarioResult =>
    new ScenarioResult(
      smokeScenario(),
      new Map([
        ["clasp-fed", own.map((cpuMicros) => ({ cpuMicros, lost: 0 }))],
        ["relay", [10, 20, 10].map((cpuMicros) => ({ cpuMicros, lost: 1 }))],
        ["relay-joined", []],
      ]),
    );
  const [target] = result([4, 8, 2]).targets;
  assertEquals(target?.found, { median: 0.4, min: 0.2, max: 0.4 });
  assertEquals(result([4, 8, 2]).targets.map(({ verdict }) => verdict), ["aim", "-"]);
  assertEquals(result([6, 80, 2]).targets.map(({ verdict }) => verdict), ["MISSED", "-"]);
  assertEquals(result([1]).faulty, ["relay"]);
  assertStringIncludes(scenarioTable(result([20])), "| relay-joined | not installed");
});
