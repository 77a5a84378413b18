/**
 * A well-behaved client in a process of its own: sets a param at the router on the port it is given,
 * again and again, each time waiting for the ACK and for the update. For each line of input, a number, it
 * prints what it measured since the line before, once that is at least so many round trips.
 *
 * @module
 */
import { encodeValue } from "../../src/wire/value_codec.ts";
import { inputLines } from "./line_process.ts";
import { RawClient } from "./raw_client.ts";

/** What the script answers. */
export interface RoundTrips {
  readonly count: number;
  readonly medianMs: number;
  readonly maxMs: number;
  /** Frames other than the ACKs and updates of its own SETs. */
  readonly unexpectedFrames: number;
}

const ADDRESS = "/control/value";

if (import.meta.main) await main();

async function main(): Promise<void> {
  const client = await RawClient.connect(Number(Deno.args[0]), "control client");
  await client.ask({ type: "SUBSCRIBE", id: 1, pattern: ADDRESS, types: 0 });
  console.log(JSON.stringify("ready"));
  let durations: number[] = [];
  let unexpectedFrames = 0;
  let value = 0;
  const measureOnce = async () => {
    client.frames.length = 0;
    const start = performance.now();
    const answer = await client.set(ADDRESS, encodeValue(++value));
    if (answer.type === "ERROR") throw new Error(answer.message);
    await client.until(() => client.all("SET").length === 1, "the update");
    durations.push(performance.now() - start);
    unexpectedFrames += client.frames.length - 2;
  };
  const questions: number[] = [];
  let isOver = false;
  const reading = (async () => {
    for await (const line of inputLines()) questions.push(Number(line));
    isOver = true;
  })();
  while (!isOver) {
    await measureOnce();
    const [countMin] = questions;
    if (countMin === undefined || durations.length < countMin) continue;
    questions.shift();
    const sorted = durations.sort((a, b) => a - b);
    const result: RoundTrips = {
      count: sorted.length,
      medianMs: sorted[sorted.length >> 1] ?? NaN,
      maxMs: sorted.at(-1) ?? NaN,
      unexpectedFrames,
    };
    durations = [];
    unexpectedFrames = 0;
    console.log(JSON.stringify(result));
  }
  await reading;
  await client.close();
}
