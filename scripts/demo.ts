/**
 * `deno task demo`: three real routers on this machine, a hub and two sites, and what each of them
 * sees. In the middle the hub is killed and started again. Exits 0 only if all that it prints was
 * true.
 *
 * @module
 */
import { Client, decodeValue, type ParamUpdate, type Update } from "../mod.ts";

const STEP_TIMEOUT_MS = 15_000;
const MAIN = new URL("../main.ts", import.meta.url).pathname;

interface RouterProcess {
  readonly name: string;
  readonly port: number;
  readonly process: Deno.ChildProcess;
  /** Resolves when a log line that holds all these words has come, or came before. */
  logged(...words: string[]): Promise<void>;
  kill(signal: Deno.Signal): Promise<void>;
}

/** Whether everything so far was as promised. */
let allTrue = true;

async function demo(started: RouterProcess[]): Promise<void> {
  console.log("Three routers, each a process of its own:");
  const hub = await start(started, "hub", ["--features", "federation"]);
  const hubUrl = `ws://127.0.0.1:${hub.port}`;
  const siteA = await start(started, "site-a", leafArguments("site-a", hubUrl));
  const siteB = await start(started, "site-b", leafArguments("site-b", hubUrl));
  await Promise.all([siteA.logged("Active"), siteB.logged("Active")]);
  console.log("  both sites are linked to the hub\n");

  const a = await Client.connect(`ws://127.0.0.1:${siteA.port}`, { name: "demo at A" });
  const b = await Client.connect(`ws://127.0.0.1:${siteB.port}`, { name: "demo at B" });
  const seenAtA = new Watch();
  const seenAtB = new Watch();
  await a.subscribe("/**", (update) => seenAtA.add(update));
  await b.subscribe("/**", (update) => seenAtB.add(update));

  await travels(a, b, { seenAtA, seenAtB });
  await hubDies({ started, hub, siteA, siteB, a, b, seenAtA, seenAtB });
  await Promise.all([a.close(), b.close()]);
}

interface Watches {
  readonly seenAtA: Watch;
  readonly seenAtB: Watch;
}

async function travels(a: Client, b: Client, { seenAtA, seenAtB }: Watches): Promise<void> {
  console.log("Values and events travel A -> hub -> B and back:");
  await step(
    "A sets /site-a/lights/1 = 0.75, B sees it",
    () => a.set("/site-a/lights/1", 0.75),
    () => seenAtB.value("/site-a/lights/1", 0.75),
  );
  await step(
    "A updates it to 0.5, B sees it",
    () => a.set("/site-a/lights/1", 0.5),
    () => seenAtB.value("/site-a/lights/1", 0.5),
  );
  await step(
    'B sets /site-b/scene = "dawn", A sees it',
    () => b.set("/site-b/scene", "dawn"),
    () => seenAtA.value("/site-b/scene", "dawn"),
  );
  await step(
    "B sets A's own /site-a/lights/1 = 1, A's router decides, A sees it",
    () => b.set("/site-a/lights/1", 1),
    () => seenAtA.value("/site-a/lights/1", 1),
  );
  await step(
    'A publishes the event /site-a/cue "go", B sees it once',
    () => a.publish("/site-a/cue", "go"),
    () => seenAtB.value("/site-a/cue", "go"),
  );
  check("  it was seen once", seenAtB.count("/site-a/cue") === 1);
}

interface Stage extends Watches {
  readonly started: RouterProcess[];
  readonly hub: RouterProcess;
  readonly siteA: RouterProcess;
  readonly siteB: RouterProcess;
  readonly a: Client;
  readonly b: Client;
}

async function hubDies(stage: Stage): Promise<void> {
  const { started, hub, siteA, siteB, a, b, seenAtA, seenAtB } = stage;
  console.log("\nThe hub is killed (SIGKILL); each site goes on:");
  await hub.kill("SIGKILL");
  await Promise.all([siteA.logged("Disconnected"), siteB.logged("Disconnected")]);
  await a.set("/site-a/lights/1", 0.1);
  await b.set("/site-b/scene", "storm");
  console.log('  A set its /site-a/lights/1 = 0.1, B set its /site-b/scene = "storm"');
  const { revision } = await a.set("/site-b/house", "half");
  console.log(
    `  A set /site-b/house = "half", which is B's: A takes care of it (revision ${revision})`,
  );

  console.log("\nThe hub is started again, empty, on the same port:");
  const openedMs = performance.now();
  const again = await start(started, "hub", ["--features", "federation"], hub.port);
  await Promise.all([
    seenAtB.value("/site-a/lights/1", 0.1),
    seenAtA.value("/site-b/scene", "storm"),
    seenAtB.value("/site-b/house", "half"),
  ]);
  const agreedMs = performance.now() - openedMs;
  console.log(
    `  both sites heard of what they had missed: ${agreedMs.toFixed(0)} ms after its start`,
  );

  const states = await agreement([siteA, siteB, again]);
  check(`  site-a, site-b and the hub agree: ${states}`, states !== undefined);
}

/** Reads all three states until they are the same; returns what they are. What each tells of its own link is not part. */
async function agreement(routers: readonly RouterProcess[]): Promise<string | undefined> {
  const deadline = performance.now() + STEP_TIMEOUT_MS;
  for (;;) {
    const states = await Promise.all(routers.map(({ port }) => stateOf(port)));
    if (states.every((state) => state === states[0])) return states[0];
    if (performance.now() > deadline) {
      for (const [index, state] of states.entries()) {
        console.log(`  ${routers[index]?.name}: ${state}`);
      }
      return undefined;
    }
  }
}

async function stateOf(port: number): Promise<string> {
  const client = await Client.connect(`ws://127.0.0.1:${port}`);
  const params: ParamUpdate[] = [];
  await client.subscribe("/**", (update) => {
    if (update.kind === "param" && !update.address.startsWith("/clasp/")) params.push(update);
  });
  await client.close();
  const latest = new Map(params.map((param) => [param.address, param]));
  return [...latest.values()]
    .sort((x, y) => x.address < y.address ? -1 : 1)
    .map(({ address, encoded, revision }) =>
      `${address} = ${JSON.stringify(decodeValue(encoded))} (revision ${revision})`
    )
    .join(", ");
}

/** Does something and prints how long it took until it was seen at the other site. */
async function step(
  what: string,
  act: () => Promise<unknown>,
  seen: () => Promise<void>,
): Promise<void> {
  const startMs = performance.now();
  await act();
  await seen();
  console.log(`  ${what}: ${(performance.now() - startMs).toFixed(1)} ms`);
}

function check(what: string, isTrue: boolean): void {
  if (!isTrue) allTrue = false;
  console.log(isTrue ? what : `${what}   FAILED`);
}

/** What one client has seen. */
class Watch {
  readonly #updates: Update[] = [];
  readonly #waiters = new Set<() => void>();

  add(update: Update): void {
    this.#updates.push(update);
    for (const waiter of this.#waiters) waiter();
  }

  count(address: string): number {
    return this.#updates.filter((update) => update.address === address).length;
  }

  /** Resolves when the newest thing seen at an address is this value. */
  async value(address: string, value: unknown): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.#updates.findLast((update) => update.address === address)?.value === value) {
        resolve();
      }
    };
    const timer = setTimeout(
      () => reject(new Error(`${address} = ${JSON.stringify(value)} did not arrive`)),
      STEP_TIMEOUT_MS,
    );
    this.#waiters.add(look);
    look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(look);
    }
  }
}

function leafArguments(name: string, hubUrl: string): string[] {
  return [
    "--federation-mode",
    "leaf",
    "--federation-hub",
    hubUrl,
    "--federation-namespaces",
    `/${name}/**`,
  ];
}

async function start(
  started: RouterProcess[],
  name: string,
  federation: readonly string[],
  port = 0,
): Promise<RouterProcess> {
  const command = ["server", "--host", "127.0.0.1", "--port", `${port}`, "--name", name].concat(
    ["--federation-id", name, "--json-logs", "--log-level", "debug"],
    federation,
  );
  const startMs = performance.now();
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net", "--no-prompt", MAIN, ...command],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = new ProcessLog(name, process.stderr);
  const listening = await log.line((line) => typeof line["port"] === "number", "listening");
  const router: RouterProcess = {
    name,
    port: Number(listening["port"]),
    process,
    logged: async (...words) => {
      const isIt = (line: LogLine): boolean => {
        const text = JSON.stringify(line);
        return words.every((word) => text.includes(word));
      };
      await log.line(isIt, words.join(" "));
    },
    kill: async (signal) => {
      try {
        process.kill(signal);
      } catch (error) {
        // It has ended already.
        if (!(error instanceof TypeError)) throw error;
      }
      await process.status;
    },
  };
  started.push(router);
  const elapsedMs = (performance.now() - startMs).toFixed(0);
  console.log(`  ${name} listens on port ${router.port} (${elapsedMs} ms after its start)`);
  return router;
}

type LogLine = Readonly<Record<string, unknown>>;

/** The JSON lines that a process writes. */
class ProcessLog {
  readonly #name: string;
  readonly #lines: LogLine[] = [];
  #wake = Promise.withResolvers<void>();
  #isEnded = false;

  constructor(name: string, stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#name = name;
    this.#read(stream);
  }

  /** The first line that fits, now or later. */
  async line(isIt: (line: LogLine) => boolean, what: string): Promise<LogLine> {
    const deadline = performance.now() + STEP_TIMEOUT_MS;
    for (;;) {
      const found = this.#lines.find(isIt);
      if (found !== undefined) return found;
      const leftMs = deadline - performance.now();
      if (this.#isEnded || leftMs <= 0) {
        throw new Error(`${this.#name} did not log "${what}"; its last lines:\n${this.#tail()}`);
      }
      const timer = setTimeout(() => this.#wakeAll(), leftMs);
      await this.#wake.promise;
      clearTimeout(timer);
    }
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#lines.push(parseLine(line));
      this.#wakeAll();
    }
    this.#isEnded = true;
    this.#wakeAll();
  }

  #wakeAll(): void {
    const wake = this.#wake;
    this.#wake = Promise.withResolvers<void>();
    wake.resolve();
  }

  #tail(): string {
    return this.#lines.slice(-5).map((line) => JSON.stringify(line)).join("\n");
  }
}

function parseLine(line: string): LogLine {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value as LogLine : { text: line };
  } catch {
    return { text: line };
  }
}

// Last, so that the classes above exist.
if (import.meta.main) {
  const started: RouterProcess[] = [];
  try {
    await demo(started);
  } catch (error) {
    allTrue = false;
    console.log(`\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await Promise.all(started.map((router) => router.kill("SIGTERM")));
  }
  console.log(allTrue ? "\nAll of the above was true." : "\nNot all of it was true: see FAILED.");
  Deno.exit(allTrue ? 0 : 1);
}
