import { encodeFrame } from "../../src/wire/frame.ts";
import { QOS } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import type { RawClient } from "./raw_client.ts";

/** Below this are the addresses of a load. */
export const LOAD_ROOT = "/load";
const TICK_MS = 10;

/** How much a {@linkcode UpdateLoad} writes. */
export interface LoadOptions {
  readonly addresses: number;
  readonly updatesPerSecond: number;
  /** Of each value, about. */
  readonly valueBytes: number;
}

/** Writes the same addresses round and round at an even pace; each value says when it was sent. */
export class UpdateLoad {
  /** By address, what was written last. */
  readonly newest: Map<string, number> = new Map();
  readonly #writer: RawClient;
  readonly #options: LoadOptions;
  readonly #padding: string;
  readonly #startedMs = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;
  #written = 0;

  constructor(writer: RawClient, options: LoadOptions) {
    this.#writer = writer;
    this.#options = options;
    this.#padding = "x".repeat(options.valueBytes);
    this.#timer = setInterval(() => this.#write(), TICK_MS);
  }

  get written(): number {
    return this.#written;
  }

  /** Ends it, when the router has read all. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writer.settle();
  }

  #write(): void {
    const { addresses, updatesPerSecond } = this.#options;
    const due = updatesPerSecond * (performance.now() - this.#startedMs) / 1_000;
    while (this.#written < due) {
      const address = `${LOAD_ROOT}/${this.#written % addresses}`;
      const sentMs = performance.now() + this.#written++ * 1e-9;
      this.newest.set(address, sentMs);
      const value = encodeValue([sentMs, this.#padding]);
      this.#writer.sendBytes(encodeFrame({ type: "SET", address, value }, { qos: QOS.fire }));
    }
  }
}
