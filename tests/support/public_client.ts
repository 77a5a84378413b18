/**
 * The public CLASP client for JavaScript, as its users get it from npm.
 *
 * @module
 */
import { Clasp } from "npm:@clasp-to/core@3.3.2";
import { withDeadline } from "./deadline.ts";

export { Clasp };

const DEADLINE_MS = 10_000;

/** What a subscription of the public client delivered. */
export interface Delivery {
  readonly address: string;
  readonly value: unknown;
}

/** A public client, with everything that its subscriptions deliver. */
export class PublicClient implements AsyncDisposable {
  readonly clasp: Clasp;
  readonly #ownedRoot: string;
  readonly #disconnected: Promise<unknown>;
  readonly #waiters = new Set<() => void>();

  private constructor(clasp: Clasp, ownedRoot: string) {
    this.clasp = clasp;
    this.#ownedRoot = ownedRoot;
    this.#disconnected = new Promise((resolve) => clasp.onDisconnect(resolve));
  }

  /** Connects to the router on a port, which owns what is below `ownedRoot`. */
  static async connect(port: number, ownedRoot: string): Promise<PublicClient> {
    const clasp = new Clasp(`ws://127.0.0.1:${port}`, { name: "test", reconnect: false });
    const client = new PublicClient(clasp, ownedRoot);
    await withDeadline(clasp.connect(), DEADLINE_MS, "the public client's connection");
    return client;
  }

  /**
   * Subscribes, and waits until the router has done so: the public client asks for no ACK, so it asks
   * the router for something else behind it.
   */
  async on(pattern: string): Promise<Subscribed> {
    const deliveries: Delivery[] = [];
    const unsubscribe = this.clasp.on(pattern, (value, address) => {
      deliveries.push({ address, value });
      for (const waiter of this.#waiters) waiter();
    });
    await this.settle();
    return { deliveries, unsubscribe };
  }

  /** Waits until the router has handled all that was sent before. */
  async settle(): Promise<void> {
    // A write elsewhere would still be on its way when the router answers.
    const address = `${this.#ownedRoot}/probe/${crypto.randomUUID()}`;
    this.clasp.set(address, true);
    await withDeadline(this.clasp.get(address), DEADLINE_MS, "the answer to GET");
  }

  /** Waits until a condition holds; looks after each delivery. */
  async until(isMet: () => boolean, what: string): Promise<void> {
    if (isMet()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = () => {
      if (isMet()) resolve();
    };
    this.#waiters.add(waiter);
    await withDeadline(promise, DEADLINE_MS, what).finally(() => this.#waiters.delete(waiter));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.clasp.close();
    await withDeadline(this.#disconnected, DEADLINE_MS, "the end of the public client");
  }
}

/** A subscription of the public client. */
export interface Subscribed {
  /** In order; grows. */
  readonly deliveries: readonly Delivery[];
  readonly unsubscribe: () => void;
}

/** What the public client writes to the console, kept away from it until disposed. */
export class SilencedConsole implements Disposable {
  /** What would have been written as errors. */
  readonly errors: string[] = [];
  readonly #error: typeof console.error = console.error;
  readonly #debug: typeof console.debug = console.debug;

  constructor() {
    console.error = (...args: unknown[]) => this.errors.push(args.join(" "));
    console.debug = () => {};
  }

  [Symbol.dispose](): void {
    console.error = this.#error;
    console.debug = this.#debug;
  }
}
