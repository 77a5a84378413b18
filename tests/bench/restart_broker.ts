import { freePorts } from "../support/free_ports.ts";
import { pollUntil } from "../support/poll_until.ts";
import type { Arrival, RestartEnd, RestartSubject } from "./restart_subject.ts";

const DEADLINE_MS = 60_000;
const TICK_MS = 10;
const UPDATES_PER_TICK = 5;
const ADDRESSES = 50;
/** Nothing is under way when nothing has come for so long. */
const QUIET_MS = 500;

/** A connection to a broker, in its protocol. */
export interface BrokerConnection {
  publish(topic: string, payload: string): Promise<void>;
  /** Everything that comes, until the connection ends. */
  messages(): AsyncIterable<{ readonly topic: string; readonly payload: string }>;
  close(): void;
}

/** What differs between products. */
export interface BrokerKind {
  readonly program: string;
  /** The configuration of the hub, or of a site that links to it. */
  config(port: number, hubPort?: number): string;
  /** What comes before the name of the file of the configuration. */
  readonly args: readonly string[];
  connect(port: number): Promise<BrokerConnection>;
}

/** Whether a program can be started. */
export async function isInstalled(program: string): Promise<boolean> {
  try {
    await new Deno.Command(program, { args: ["--help"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Starts a hub and two sites of some broker, and the traffic from A to B. */
export async function startBrokers(kind: BrokerKind): Promise<RestartSubject> {
  const brokers = new Brokers(kind);
  try {
    await brokers.start();
  } catch (error) {
    await brokers[Symbol.asyncDispose]();
    throw error;
  }
  return brokers;
}

class Brokers implements RestartSubject {
  readonly hubPort: number;
  readonly arrivals: Arrival[] = [];
  readonly #kind: BrokerKind;
  readonly #sites: readonly [number, number];
  readonly #directory = Deno.makeTempDirSync();
  readonly #processes = new Map<number, Deno.ChildProcess>();
  readonly #connections: BrokerConnection[] = [];
  readonly #lastWritten = new Map<string, number>();
  readonly #lastSeen = new Map<string, number>();
  readonly #seen = new Set<number>();
  readonly #running: Promise<void>[] = [];
  #duplicates = 0;
  #written = 0;
  #isOver = false;

  constructor(kind: BrokerKind) {
    this.#kind = kind;
    const [hub = 0, a = 0, b = 0] = freePorts(3);
    this.hubPort = hub;
    this.#sites = [a, b];
  }

  get written(): number {
    return this.#written;
  }

  async start(): Promise<void> {
    await this.startHub();
    for (const port of this.#sites) await this.#launch(port, this.#kind.config(port, this.hubPort));
    const [a, b] = await Promise.all(this.#sites.map((port) => this.#connect(port)));
    if (a === undefined || b === undefined) return;
    this.#running.push(this.#follow(b), this.#write(a));
    await pollUntil(() => this.arrivals.length > 0, "the first update at B", DEADLINE_MS);
  }

  writeOnce(addresses: number): void {
    const [a] = this.#connections;
    for (let i = 0; a !== undefined && i < addresses; i++) this.#publish(a, `site-a/once/${i}`);
  }

  async killHub(): Promise<void> {
    const process = this.#processes.get(this.hubPort);
    process?.kill("SIGKILL");
    await process?.status;
  }

  startHub(): Promise<void> {
    return this.#launch(this.hubPort, this.#kind.config(this.hubPort));
  }

  trace(): readonly string[] {
    return [];
  }

  async finish(): Promise<RestartEnd> {
    this.#isOver = true;
    const isQuiet = () => performance.now() - (this.arrivals.at(-1)?.atMs ?? 0) > QUIET_MS;
    await pollUntil(isQuiet, "the last update at B", DEADLINE_MS);
    const wrong = [...this.#lastWritten]
      .filter(([topic, number]) => this.#lastSeen.get(topic) !== number).length;
    return { wrong, duplicates: this.#duplicates };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    for (const connection of this.#connections) connection.close();
    for (const process of this.#processes.values()) {
      try {
        process.kill("SIGKILL");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      await process.status;
    }
    await Promise.all(this.#running);
    await Deno.remove(this.#directory, { recursive: true });
  }

  async #launch(port: number, config: string): Promise<void> {
    const file = `${this.#directory}/${port}.conf`;
    await Deno.writeTextFile(file, config);
    const args = [...this.#kind.args, file];
    const options = { args, stdin: "null", stdout: "null", stderr: "null" } as const;
    this.#processes.set(port, new Deno.Command(this.#kind.program, options).spawn());
  }

  async #connect(port: number): Promise<BrokerConnection> {
    const startMs = performance.now();
    for (;;) {
      try {
        const connection = await this.#kind.connect(port);
        this.#connections.push(connection);
        return connection;
      } catch (error) {
        const isLate = performance.now() - startMs > DEADLINE_MS;
        if (!(error instanceof Deno.errors.ConnectionRefused) || isLate) throw error;
      }
      await pause(TICK_MS);
    }
  }

  async #follow(b: BrokerConnection): Promise<void> {
    for await (const { topic, payload } of b.messages()) {
      const number = Number(payload);
      if (this.#seen.has(number)) this.#duplicates++;
      this.#seen.add(number);
      this.#lastSeen.set(topic, number);
      this.arrivals.push({ number, atMs: performance.now() });
    }
  }

  async #write(a: BrokerConnection): Promise<void> {
    while (!this.#isOver) {
      for (let i = 0; i < UPDATES_PER_TICK; i++) {
        this.#publish(a, `site-a/params/${this.#written % ADDRESSES}`);
      }
      await pause(TICK_MS);
    }
  }

  #publish(a: BrokerConnection, topic: string): void {
    const number = ++this.#written;
    this.#lastWritten.set(topic, number);
    this.#running.push(a.publish(topic, String(number)));
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
