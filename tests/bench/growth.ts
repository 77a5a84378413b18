/**
 * How the cost of an update grows with what it does not concern: `deno task bench:growth [--json]`.
 *
 * Routers without sockets, one process for each line, so that none pays for the garbage of another.
 * Costs are the median of rounds, of three processes the least: what disturbs one makes it dearer,
 * never cheaper. The last tables are of memory that a session takes in a router with sockets. The
 * ratio is against the first line of its table.
 *
 * @module
 */
import process from "node:process";
import { encodeFrame } from "../../src/wire/frame.ts";
import { ALL_SIGNALS, QOS } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { InProcessFederation, type InProcessRouter } from "./in_process_federation.ts";
import { aliveBytes, bareBytes, freshBytes, restingBytes } from "./session_memory.ts";

const HOT_ADDRESSES = 1_000;
const UPDATES_PER_ROUND = 20_000;
const TURN = 100;
const ROUNDS = 7;
/** Updates before the first round, while code is compiled. */
const WARM_UP = 400_000;
/** Processes that measure each cost, one after the other. */
const RUNS = 3;
const UPDATE_COST = "us an update";
const SUBSCRIPTIONS_PER_CLIENT = 500;
const SETTLE_MS = 10_000;
/** The writer; subscribers have other numbers. */
const WRITER = 0;
const READER = 1;
const FIRST_OTHER = 2;

/** One table: what grows, and the sizes. */
interface Growth {
  readonly what: string;
  readonly sizes: readonly number[];
  /** Returns the cost of one update, in microseconds, or what else is measured. */
  measure(size: number): number | Promise<number>;
  readonly unit: string;
}

const GROWTHS: Readonly<Record<string, Growth>> = {
  subscriptions: {
    what: "subscriptions that do not match",
    sizes: [1, 10, 100, 1_000, 10_000],
    unit: UPDATE_COST,
    measure: (size) => {
      const { router, run } = createHub();
      for (let n = 0; n < size; n++) {
        const client = FIRST_OTHER + Math.floor(n / SUBSCRIPTIONS_PER_CLIENT);
        const pattern = `/other/${n}/**`;
        router.say({ type: "SUBSCRIBE", id: n, pattern, types: ALL_SIGNALS }, client);
      }
      return costOfUpdates(router, run);
    },
  },
  params: {
    what: "params, 1,000 of which change",
    sizes: [1_000, 10_000, 100_000, 1_000_000],
    unit: UPDATE_COST,
    measure: (size) => {
      const { router, run } = createHub();
      for (let n = HOT_ADDRESSES; n < size; n++) {
        router.sayFrame(setFrame(`/still/${n}`, n), WRITER);
      }
      run();
      return costOfUpdates(router, run);
    },
  },
  "all-params": {
    what: "params, each of which changes in turn",
    sizes: [1_000, 10_000, 100_000, 1_000_000],
    unit: UPDATE_COST,
    measure: (size) => {
      const { router, run } = createHub();
      return costOfUpdates(router, run, size);
    },
  },
  sessions: {
    what: "sessions that want nothing of it",
    sizes: [1, 10, 100, 900],
    unit: UPDATE_COST,
    measure: (size) => {
      const { router, run } = createHub();
      for (let n = 0; n < size; n++) router.say({ type: "PING" }, FIRST_OTHER + n);
      return costOfUpdates(router, run);
    },
  },
  sites: {
    what: "sites that want nothing of it",
    sizes: [2, 10, 100, 900],
    unit: UPDATE_COST,
    measure: (size) => {
      const { router, run, federation } = createHub();
      for (let n = 0; n < size; n++) {
        const namespace = `/s${n}/**`;
        federation.add(`s${n}`, { hub: "hub", namespace, imports: [namespace] });
      }
      federation.advance(SETTLE_MS);
      return costOfUpdates(router, run);
    },
  },
  memory: {
    what: "params with an address of 30 bytes and a number, digests included",
    sizes: [100_000, 1_000_000],
    unit: "bytes a param",
    measure: (size) => {
      const { router, run } = createHub();
      costOfUpdates(router, run);
      const digests = router.core.params.digests();
      const before = usedBytes();
      for (let n = 0; n < size; n++) {
        router.sayFrame(setFrame(`/stage/fixture/${String(n).padStart(9, "0")}/level`, n), WRITER);
        if (n % TURN === 0) run();
      }
      run();
      // They count when they are asked.
      digests.digest({ depth: 0, index: 0 });
      const bytes = usedBytes() - before;
      // Asked afterwards, so that none was collected before it was counted.
      if (router.core.params.size < size) throw new Error("Not all params were kept");
      return bytes / size;
    },
  },
  "idle-sessions": {
    what: "sessions with a subscription, all at rest for a minute",
    sizes: [900, 3_000],
    unit: "resident bytes a session",
    measure: restingBytes,
  },
  "fresh-sessions": {
    what: "the same, right after they came and beside a busy client: with garbage and half-spaces",
    sizes: [900, 3_000],
    unit: "resident bytes a session",
    measure: freshBytes,
  },
  "alive-sessions": {
    what: "the same, after garbage was collected",
    sizes: [900, 3_000],
    unit: "bytes in use a session, of V8's heap and of buffers",
    measure: aliveBytes,
  },
  "bare-connections": {
    what: "connections of a bare TCP server that reads, at rest for a minute",
    sizes: [900, 3_000],
    unit: "resident bytes a connection",
    measure: bareBytes,
  },
};

const [child] = Deno.args;
if (child?.startsWith("--child=")) {
  const [, name = "", size = ""] = /^--child=([a-z-]+):(\d+)$/.exec(child) ?? [];
  console.log(await GROWTHS[name]?.measure(Number(size)));
} else {
  await printAll(Deno.args);
}

async function printAll(args: readonly string[]): Promise<void> {
  const unknown = args.find((arg) => !(arg in GROWTHS));
  if (unknown !== undefined) {
    throw new TypeError(`Unknown "${unknown}": ${Object.keys(GROWTHS).join(", ")}`);
  }
  for (const name of args.length > 0 ? args : Object.keys(GROWTHS)) {
    const { what, sizes, unit } = GROWTHS[name] ?? { what: "", sizes: [], unit: "" };
    console.log(`\n| ${what} | ${unit} | against the first |\n| ---: | ---: | ---: |`);
    let first: number | undefined;
    for (const size of sizes) {
      const figure = await measureApart(name, size);
      first ??= figure;
      const digits = figure >= 100 ? 0 : 2;
      const ratio = (figure / first).toFixed(2);
      console.log(`| ${size.toLocaleString("en")} | ${figure.toFixed(digits)} | ${ratio} |`);
    }
  }
}

async function measureApart(name: string, size: number): Promise<number> {
  const figures: number[] = [];
  const runs = GROWTHS[name]?.unit === UPDATE_COST ? RUNS : 1;
  for (let run = 0; run < runs; run++) figures.push(await measureOnce(name, size));
  return Math.min(...figures);
}

async function measureOnce(name: string, size: number): Promise<number> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--v8-flags=--expose-gc,--max-old-space-size=4096"],
      ...[new URL(import.meta.url).pathname, `--child=${name}:${size}`],
    ],
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return Number(new TextDecoder().decode(stdout));
}

/** A router that writes are decided at, with one client that wants all that changes here. */
function createHub(): {
  readonly federation: InProcessFederation;
  readonly router: InProcessRouter;
  readonly run: () => void;
} {
  const federation = new InProcessFederation();
  const router = federation.add("hub");
  router.say({ type: "PING" }, WRITER);
  router.say({ type: "SUBSCRIBE", id: 1, pattern: "/hot/**", types: ALL_SIGNALS }, READER);
  return { federation, router, run: () => federation.run() };
}

/** Of the fastest half of the rounds the slowest: what disturbs a round makes it slower, never faster. */
function costOfUpdates(
  router: InProcessRouter,
  run: () => void,
  addresses: number = HOT_ADDRESSES,
): number {
  const frames = Array.from({ length: addresses }, (_, n) => setFrame(`/hot/${n}/level`, n));
  const rounds: number[] = [];
  let next = 0;
  const updates = Math.max(UPDATES_PER_ROUND, addresses);
  for (let round = -Math.ceil(WARM_UP / updates); round < ROUNDS; round++) {
    const start = process.cpuUsage();
    for (let update = 0; update < updates; update++) {
      router.sayFrame(frames[next++ % addresses] ?? new Uint8Array(), WRITER);
      if (update % TURN === 0) run();
    }
    run();
    const { user, system } = process.cpuUsage(start);
    if (round >= 0) rounds.push((user + system) / updates);
  }
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1] ?? NaN;
}

function setFrame(address: string, value: number): Uint8Array {
  return encodeFrame({ type: "SET", address, value: encodeValue(value / 7) }, { qos: QOS.fire });
}

function usedBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
