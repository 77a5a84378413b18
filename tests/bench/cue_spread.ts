/**
 * How far apart in time three sites do one cue: a bundle for later with a param of each of three
 * routers, each in a process of its own, sent by a client of one of them. Beside it, how far apart
 * three processes are that only wait for a moment of the wall clock with `setTimeout`:
 * `deno run -A tests/bench/cue_spread.ts [--cues=100] [--ahead-ms=300]`.
 *
 * All three are seen from here: a client of each router that has subscribed its param, or a WebSocket
 * to each process that waits. What this process takes to hear of three things is part of both.
 *
 * @module
 */
import { encodeValue } from "../../src/wire/value_codec.ts";
import { pollUntil } from "../support/poll_until.ts";
import { RawClient } from "../support/raw_client.ts";
import { type RouterName, ThreeRouters } from "../support/three_routers.ts";

const NAMES: readonly RouterName[] = ["hub", "site-a", "site-b"];
const INTERVAL_MS = 25;
const DEADLINE_MS = 30_000;
const ALL_SIGNALS = 0xff;

/** When each of three was heard of, by the number of the cue. */
type Arrivals = Map<number, number[]>;

interface Watcher {
  readonly client: RawClient;
  readonly hasHeardAll: Promise<void>;
}

const { cues, aheadMs } = parseArguments(Deno.args);
print("cue", await measureCues());
print("bare timers", await measureTimers());

async function measureCues(): Promise<Arrivals> {
  const arrivals: Arrivals = new Map();
  await using routers = await ThreeRouters.start();
  await using sender = await RawClient.connect(routers.port("site-a"));
  const watchers: Watcher[] = [];
  try {
    for (const name of NAMES) watchers.push(await watch(routers.port(name), name, arrivals));
    // So that each leaf has measured the time a few times.
    await delay(5_000);
    for (let cue = 1; cue <= cues; cue++) {
      sender.send({
        type: "BUNDLE",
        timestampMicros: (Date.now() + aheadMs) * 1_000,
        messages: NAMES.map((name) => ({
          type: "SET",
          address: `/${name}/cue/${cue}`,
          value: encodeValue(cue),
        })),
      });
      await delay(INTERVAL_MS);
    }
    await Promise.all(watchers.map(({ hasHeardAll }) => hasHeardAll));
    const refused = sender.all("ERROR");
    if (refused.length > 0) console.log(`${refused.length} ERRORs, first: ${refused[0]?.message}`);
  } finally {
    for (const { client } of watchers) await client.close();
  }
  return arrivals;
}

/** A client that hears of its router's cues, and that it has heard of all. */
async function watch(port: number, name: string, arrivals: Arrivals): Promise<Watcher> {
  const client = await RawClient.connect(port);
  client.send({ type: "SUBSCRIBE", id: 1, pattern: `/${name}/cue/*`, types: ALL_SIGNALS });
  await client.settle();
  let read = client.frames.length;
  let heard = 0;
  const hasHeardAll = client.until(
    () => {
      const atMs = performance.now();
      for (const { message } of client.frames.slice(read)) {
        if (message.type !== "SET") continue;
        arrived(arrivals, Number(message.address.split("/").at(-1)), atMs);
        heard++;
      }
      read = client.frames.length;
      return heard === cues;
    },
    `all cues at ${name}`,
    DEADLINE_MS,
  );
  return { client, hasHeardAll };
}

async function measureTimers(): Promise<Arrivals> {
  const arrivals: Arrivals = new Map();
  const processes: Deno.ChildProcess[] = [];
  const sockets: WebSocket[] = [];
  const cueOf = new Map<string, number>();
  try {
    for (let index = 0; index < NAMES.length; index++) {
      const process = startTimer();
      processes.push(process);
      const socket = await connectTo(await portOf(process));
      socket.onmessage = ({ data }) => {
        arrived(arrivals, cueOf.get(String(data)) ?? 0, performance.now());
      };
      sockets.push(socket);
    }
    for (let cue = 1; cue <= cues; cue++) {
      // A moment of its own for each, by which it is told.
      const moment = String(Date.now() + aheadMs + cue / (10 * cues));
      cueOf.set(moment, cue);
      for (const socket of sockets) socket.send(moment);
      await delay(INTERVAL_MS);
    }
    await pollUntil(() => isComplete(arrivals), "all timers", DEADLINE_MS);
  } finally {
    for (const socket of sockets) socket.close();
    for (const process of processes) {
      process.kill("SIGKILL");
      await process.status;
    }
  }
  return arrivals;
}

function startTimer(): Deno.ChildProcess {
  const path = new URL("./bare_timer.ts", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net", path],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

async function portOf(process: Deno.ChildProcess): Promise<number> {
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  return Number(value.trim());
}

async function connectTo(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  return socket;
}

function arrived(arrivals: Arrivals, cue: number, atMs: number): void {
  const times = arrivals.get(cue);
  if (times === undefined) arrivals.set(cue, [atMs]);
  else times.push(atMs);
}

function isComplete(arrivals: Arrivals): boolean {
  return arrivals.size === cues &&
    [...arrivals.values()].every((times) => times.length === NAMES.length);
}

function print(what: string, arrivals: Arrivals): void {
  const spreads = [...arrivals.values()]
    .map((times) => Math.max(...times) - Math.min(...times))
    .sort((a, b) => a - b);
  const at = (part: number): string =>
    (spreads[Math.ceil(part * spreads.length) - 1] ?? NaN).toFixed(2);
  console.log(
    `${what}: spread over three processes, ${spreads.length} times: ` +
      `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`,
  );
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function parseArguments(
  args: readonly string[],
): { readonly cues: number; readonly aheadMs: number } {
  const numbers = { cues: 100, "ahead-ms": 300 };
  for (const arg of args) {
    const [, name, number] = /^--(cues|ahead-ms)=(\d{1,5})$/.exec(arg) ?? [];
    if (name !== "cues" && name !== "ahead-ms") {
      throw new TypeError(`Unknown "${arg}": --cues=100, --ahead-ms=300`);
    }
    numbers[name] = Number(number);
  }
  return { cues: numbers.cues, aheadMs: numbers["ahead-ms"] };
}
