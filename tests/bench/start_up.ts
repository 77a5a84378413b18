/**
 * How long a router takes from the start of its process until it listens, and a leaf until its first
 * sync is done: `deno task bench:start [--runs=10] [--params=10000]`.
 *
 * With `deno run`, types unchecked, modules cached: what a binary saves of it is not measured here.
 *
 * @module
 */
import { encodeFrame } from "../../src/wire/frame.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { RawClient } from "../support/raw_client.ts";
import { type ServerProcess, startServer } from "../support/process.ts";

const PARAMS_PER_SEND = 1_000;

const options = readOptions(Deno.args);
await using hub = await startServer(["--features", "federation", "--federation-id", "hub"]);
await fill(hub, options.params);
const listening: number[] = [];
const synced: number[] = [];
for (let run = 0; run < options.runs; run++) {
  const startMs = performance.now();
  const leaf = ["--federation-hub", hub.url, "--federation-id", "leaf"];
  await using server = await startServer([...leaf, "--federation-namespaces", "/leaf/**"]);
  listening.push(performance.now() - startMs);
  await server.log((line) => line["state"] === "Active", "a link that is active");
  synced.push(performance.now() - startMs);
}
console.log(`from start to listening: ${describe(listening)}`);
console.log(`from start to the first sync done, ${options.params} params: ${describe(synced)}`);

async function fill({ port }: ServerProcess, params: number): Promise<void> {
  await using client = await RawClient.connect(port, "filler");
  for (let n = 0; n < params; n++) {
    const value = encodeValue(n);
    client.sendBytes(encodeFrame({ type: "SET", address: `/hub/param/${n}`, value }, { qos: 0 }));
    if (n % PARAMS_PER_SEND === 0) await client.settle();
  }
  await client.settle();
}

function describe(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const [least = NaN] = sorted;
  const median = sorted[sorted.length >> 1] ?? NaN;
  const most = sorted.at(-1) ?? NaN;
  return `median ${median.toFixed(0)} ms, ${least.toFixed(0)} to ${most.toFixed(0)} ms`;
}

function readOptions(args: readonly string[]): { readonly runs: number; readonly params: number } {
  const options = { runs: 10, params: 10_000 };
  for (const arg of args) {
    const [, name, number] = /^--(runs|params)=(\d{1,7})$/.exec(arg) ?? [];
    if (name !== "runs" && name !== "params") {
      throw new TypeError(`Unknown "${arg}": --runs=10, --params=10000`);
    }
    options[name] = Number(number);
  }
  return options;
}
