import { pollUntil } from "./poll_until.ts";
import { createPrng } from "./prng.ts";
import { type LogLine, type ServerProcess, startServer } from "./process.ts";
import { RawClient } from "./raw_client.ts";
import { TcpProxy } from "./tcp_proxy.ts";
import { LoadView } from "./load_view.ts";
import { type LoadOptions, UpdateLoad } from "./update_load.ts";

const SAMPLE_MS = 250;
const TICK_MS = 20;
const CATCH_UP_MS = 40_000;
/** A link that hears nothing for 6 s is closed: a slow one breathes now and then. */
const BREATH_INTERVAL_MS = 2_000;
const BREATH_MS = 60;
/** Whatever a client says shows that it lives. */
const SIGN_OF_LIFE_MS = 5_000;
const FEDERATION = ["--features", "federation"];
const QUIET = ["--log-level", "info"];

/** Who reads slowly: nobody, a client that stops, a link that stops, or one with short breaths. */
export type SlowConsumer = "nobody" | "client" | "stopped link" | "slow link";

/** What a run is. */
export interface SlowConsumerOptions extends LoadOptions {
  readonly slow: SlowConsumer;
  readonly seconds: number;
  /** Seconds of load before: the heap of a busy process makes a step in its first minute. Default 0. */
  readonly warmUpSeconds?: number;
  /** Subscribers that keep up, of which the latency is measured. */
  readonly readers: number;
}

/** What a run showed. */
export interface SlowConsumerResult {
  /** Of the router: the middle one of what was measured in the second half. */
  readonly rssMegabytes: number;
  /** Of the subscribers that keep up, in the second half. */
  readonly p99Ms: number;
  /** For how long the measuring process itself had no turn: a latency of that size means nothing. */
  readonly pauseMs: number;
  readonly written: number;
  /** What the slow one saw, in the end; of nobody: undefined. */
  readonly slow?: {
    /** Addresses at which it has the newest value. */
    readonly current: number;
    readonly updates: number;
    readonly steppedBack: number;
    /** Until it had all of them, since it reads again. */
    readonly caughtUpMs: number;
    /** Connections that it needed. */
    readonly connections: number;
  };
}

/** A real router under updates, with a slow consumer or without. */
export async function runSlowConsumer(options: SlowConsumerOptions): Promise<SlowConsumerResult> {
  await using router = await startServer(["--federation-id", "hub", ...QUIET, ...FEDERATION]);
  await using stack = new AsyncDisposableStack();
  const readers: LoadView[] = [];
  for (let n = 0; n < options.readers; n++) {
    readers.push(stack.use(await LoadView.open(router.port, `reader ${n}`)));
  }
  const slow = await startSlow(options.slow, router.port, stack);
  const writer = stack.use(await RawClient.connect(router.port, "writer"));
  const load = new UpdateLoad(writer, options);
  await new Promise((resolve) => setTimeout(resolve, 1_000 * (options.warmUpSeconds ?? 0)));
  slow?.stop();
  const measured = await measure(router, readers, options.seconds);
  await load.stop();
  const { written, newest } = load;
  if (slow === undefined) return { ...measured, written };
  slow.resume();
  const resumedMs = performance.now();
  // A client of a router that hardly runs may have been given up by it.
  const view = slow.view.isOpen ? slow.view : await slow.reopen(stack);
  const isCurrent = () => view.current(newest) === newest.size;
  // How many it has in the end is the result.
  await pollUntil(isCurrent, "the newest values", CATCH_UP_MS).catch(() => {});
  const { updates, steppedBack } = view;
  const caughtUpMs = performance.now() - resumedMs;
  const current = view.current(newest);
  const { connections } = slow;
  return {
    ...measured,
    written,
    slow: { current, updates, steppedBack, caughtUpMs, connections },
  };
}

/** A consumer that can be stopped. */
interface Stoppable {
  /** What it sees, or what a client of it does. */
  readonly view: LoadView;
  /** Connections to the router so far. */
  readonly connections: number;
  stop(): void;
  resume(): void;
  /** Another view, in place of one that was closed meanwhile. */
  reopen(stack: AsyncDisposableStack): Promise<LoadView>;
}

async function startSlow(
  slow: SlowConsumer,
  port: number,
  stack: AsyncDisposableStack,
): Promise<Stoppable | undefined> {
  switch (slow) {
    case "nobody":
      return undefined;
    case "client":
      return await startClient(port, stack);
    case "stopped link":
    case "slow link":
      return await startLink(port, stack, { breathes: slow === "slow link" });
  }
}

/** Behind a proxy that reads nothing of what the router sends. */
async function startClient(port: number, stack: AsyncDisposableStack): Promise<Stoppable> {
  const proxy = stack.use(await TcpProxy.start(port, createPrng(1)));
  const view = stack.use(await LoadView.open(proxy.port, "slow"));
  let timer: ReturnType<typeof setInterval> | undefined;
  const resume = (): void => {
    clearInterval(timer);
    proxy.setPace("down", "flowing");
  };
  stack.defer(resume);
  return {
    view,
    get connections() {
      return proxy.accepted;
    },
    stop: () => {
      proxy.setPace("down", "stalled");
      timer = setInterval(() => view.send({ type: "PING" }), SIGN_OF_LIFE_MS);
    },
    resume,
    // Nobody may close a client for what it does not read.
    reopen: () => Promise.resolve(view),
  };
}

/** A leaf whose process is stopped, for good or with a moment to breathe now and then. */
async function startLink(
  port: number,
  stack: AsyncDisposableStack,
  { breathes }: { readonly breathes: boolean },
): Promise<Stoppable> {
  const leaf = stack.use(
    await startServer([
      ...["--federation-hub", `ws://127.0.0.1:${port}`, "--federation-id", "leaf"],
      ...["--federation-namespaces", "/leaf/**", ...QUIET],
    ]),
  );
  await leaf.log(isActive, "an active link");
  const view = stack.use(await LoadView.open(leaf.port, "slow"));
  const timers: ReturnType<typeof setInterval>[] = [];
  const breathe = (): void => {
    leaf.kill("SIGCONT");
    timers.push(setTimeout(() => leaf.kill("SIGSTOP"), BREATH_MS));
  };
  const resume = (): void => {
    for (const timer of timers.splice(0)) clearTimeout(timer);
    leaf.kill("SIGCONT");
  };
  stack.defer(resume);
  return {
    view,
    get connections() {
      return leaf.logs.filter(isActive).length;
    },
    stop: () => {
      leaf.kill("SIGSTOP");
      if (breathes) timers.push(setInterval(breathe, BREATH_INTERVAL_MS));
    },
    resume,
    reopen: async (stack) => stack.use(await LoadView.open(leaf.port, "slow again")),
  };
}

function isActive(line: LogLine): boolean {
  return line["state"] === "Active";
}

async function measure(
  router: ServerProcess,
  readers: readonly LoadView[],
  seconds: number,
): Promise<Pick<SlowConsumerResult, "rssMegabytes" | "p99Ms" | "pauseMs">> {
  const samples: number[] = [];
  let pauseMs = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (nowMs > halfMs) pauseMs = Math.max(pauseMs, nowMs - lastMs - TICK_MS);
    lastMs = nowMs;
  }, TICK_MS);
  const startMs = performance.now();
  const halfMs = startMs + 500 * seconds;
  while (performance.now() < startMs + 1_000 * seconds) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    if (performance.now() > halfMs) samples.push(await rssMegabytesOf(router.child.pid));
    else for (const { latencies } of readers) latencies.length = 0;
  }
  clearInterval(timer);
  return {
    pauseMs,
    rssMegabytes: quantile(samples, 0.5),
    p99Ms: quantile(readers.flatMap(({ latencies }) => latencies), 0.99),
  };
}

async function rssMegabytesOf(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-o", "rss=", "-p", String(pid)],
  }).output();
  return Number(new TextDecoder().decode(stdout)) / 1_024;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
