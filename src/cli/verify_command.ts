import { parsePattern } from "../address/pattern.ts";
import type { Client } from "../edge/client.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import {
  ContestedAddress,
  type Difference,
  differencesOf,
  type ShownParam,
  type ShownState,
} from "./compare_states.ts";
import { checked, checkedUrl, CONNECTION_FLAGS, withClients } from "./connection.ts";
import { oneLine, printLine } from "./output.ts";
import { countText, Progress } from "./progress.ts";
import { readState } from "./read_state.ts";
import { formatParamAsJson } from "./update_text.ts";
import { formatValue } from "./value_text.ts";

const WAIT_SECONDS = 5;
const WAIT_SECONDS_MAX = 3_600;
/** Between two looks at what differs. */
const LOOK_INTERVAL_MS = 250;
/** More than this are not asked for one by one: all is read again. A router grants 200 a second. */
const LOOKED_AT_MAX = 50;
const SHOWN_MAX = 20;
const SHOWN_AS_JSON_MAX = 1_000;
const VALUE_UNITS_MAX = 60;

/** `clasp-fed verify`: compares the states of two routers. */
export const VERIFY_COMMAND: Command = {
  name: "verify",
  summary: "Compare what two routers hold, and name the addresses that differ",
  positionals: [
    { name: "URL", help: "A router, as ws://site-a:7330" },
    { name: "URL", help: "The other one" },
  ],
  flags: [
    ...CONNECTION_FLAGS.filter(({ name }) => name !== "server"),
    { name: "pattern", value: "PATTERN", help: "Only addresses that it matches. Default /**" },
    {
      name: "wait",
      value: "SECONDS",
      help: "How long what differs is looked at again, since it may be on its way. Default " +
        `${WAIT_SECONDS}`,
    },
    { name: "json", help: "Print an object" },
  ],
  notes: [
    "Alike means: the same addresses, each with the same revision, stamp, writer and value. What is " +
    "below /clasp is left out, each router tells there of itself. With a token, what it may read is " +
    "compared.",
    "Exit code 0 when they are alike, 1 when they differ or could not be compared.",
  ],
  examples: [
    "clasp-fed verify ws://site-a:7330 ws://site-b:7330",
    'clasp-fed verify ws://hub:7330 ws://site-a:7330 --pattern "/site-a/**" --wait 0',
  ],
  run: runVerify,
};

interface Comparison {
  /** Params at each. */
  readonly counts: readonly [number, number];
  readonly differences: readonly Difference[];
}

async function runVerify(args: CommandArguments): Promise<number> {
  const urls = [0, 1].map((index) => checkedUrl("verify", args.positional(index) ?? ""));
  const pattern = checked(args.text("pattern") ?? "/**", parsePattern);
  const waitMs = (args.integer("wait", { min: 0, max: WAIT_SECONDS_MAX }) ?? WAIT_SECONDS) * 1_000;
  const comparison = await withClients(
    args,
    urls,
    ([left, right]) => {
      if (left === undefined || right === undefined) throw new TypeError("Two clients are needed");
      return new Verification([left, right], pattern).run(waitMs);
    },
  );
  if (args.has("json")) return printAsJson(urls, comparison);
  print(urls, comparison);
  return 0;
}

/** Reads two routers, and again what differs. */
class Verification {
  readonly #clients: readonly [Client, Client];
  readonly #pattern: string;
  readonly #progress = new Progress();
  #counts: [number, number] = [0, 0];

  constructor(clients: readonly [Client, Client], pattern: string) {
    this.#clients = clients;
    this.#pattern = pattern;
  }

  async run(waitMs: number): Promise<Comparison> {
    try {
      const endMs = performance.now() + waitMs;
      let contested = await this.#compare();
      while (contested.length > 0 && performance.now() < endMs) {
        this.#progress.show(() => `${countText(contested.length)} differ, looking again`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
        contested = contested.length > LOOKED_AT_MAX
          ? await this.#readAgain(contested)
          : await this.#lookAgain(contested);
      }
      return { counts: this.#counts, differences: contested.map(({ difference }) => difference) };
    } finally {
      this.#progress.clear();
    }
  }

  async #compare(): Promise<ContestedAddress[]> {
    const [left, right] = await this.#readBoth();
    return differencesOf(left, right).map((difference) => new ContestedAddress(difference));
  }

  /** What was alike once is not looked at again: somewhere something changes all the time. */
  async #readAgain(contested: readonly ContestedAddress[]): Promise<ContestedAddress[]> {
    const [left, right] = await this.#readBoth();
    return contested.filter((each) => {
      const { address } = each.difference;
      return !each.looked(left.get(address), right.get(address));
    });
  }

  async #readBoth(): Promise<readonly [ShownState, ShownState]> {
    const [left, right] = await Promise.all([this.#read(0), this.#read(1)]);
    this.#counts = [left.size, right.size];
    return [left, right];
  }

  async #read(side: 0 | 1): Promise<ShownState> {
    return await readState(this.#clients[side], this.#pattern, (count) => {
      this.#counts[side] = count;
      this.#progress.show(() =>
        `read ${countText(this.#counts[0])} and ${countText(this.#counts[1])} params`
      );
    });
  }

  async #lookAgain(contested: readonly ContestedAddress[]): Promise<ContestedAddress[]> {
    const looked = await Promise.all(contested.map(async (each) => {
      const { address } = each.difference;
      const [left, right] = await Promise.all(
        this.#clients.map(async (client) => (await readState(client, address)).get(address)),
      );
      return each.looked(left, right) ? undefined : each;
    }));
    return looked.filter((each) => each !== undefined);
  }
}

function print(urls: readonly string[], { counts, differences }: Comparison): void {
  const [left = "", right = ""] = urls;
  const both = `${left} and ${right}`;
  if (differences.length === 0) {
    return printLine(`Alike: ${countText(counts[0])} params at ${both}`);
  }
  for (const { address, left: one, right: other } of differences.slice(0, SHOWN_MAX)) {
    printLine(oneLine(address));
    printLine(`  ${left}: ${describe(one)}`);
    printLine(`  ${right}: ${describe(other)}`);
  }
  const more = differences.length - SHOWN_MAX;
  if (more > 0) printLine(`and ${countText(more)} more`);
  throw new CommandError(
    `${countText(differences.length)} addresses differ between ${both} (${
      countText(counts[0])
    } and ${countText(counts[1])} params); is the link up? See clasp-fed explain ADDRESS`,
  );
}

function printAsJson(urls: readonly string[], { counts, differences }: Comparison): number {
  const shown = differences.slice(0, SHOWN_AS_JSON_MAX);
  const list = shown.map(({ address, left, right }) =>
    `{"address":${JSON.stringify(address)},"versions":[${toJson(left)},${toJson(right)}]}`
  );
  printLine(
    `{"alike":${differences.length === 0},"servers":${JSON.stringify(urls)},` +
      `"params":[${counts.join(",")}],"differing":${differences.length},` +
      `"differences":[${list.join(",")}]}`,
  );
  return differences.length === 0 ? 0 : 1;
}

function describe(param: ShownParam | undefined): string {
  if (param === undefined) return "not there";
  const { encoded, revision, writer = "unknown", timestampMicros } = param;
  const value = formatValue(encoded);
  const short = value.length <= VALUE_UNITS_MAX ? value : `${value.slice(0, VALUE_UNITS_MAX)}…`;
  const at = timestampMicros === undefined
    ? ""
    : ` at ${new Date(timestampMicros / 1_000).toISOString()}`;
  return `${short} (revision ${revision}, stamped by ${oneLine(writer)}${at})`;
}

function toJson(param: ShownParam | undefined): string {
  if (param === undefined) return "null";
  const { writer = null, timestampMicros = null } = param;
  return `${formatParamAsJson(param).slice(0, -1)},"writer":${JSON.stringify(writer)},` +
    `"timestampMicros":${timestampMicros}}`;
}
