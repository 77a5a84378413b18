import { encodeValue } from "../../src/wire/value_codec.ts";
import { RawClient } from "./raw_client.ts";
import { withDeadline } from "./deadline.ts";

const DEADLINE_MS = 20_000;

/** What a router acknowledged last. */
export interface Acknowledged {
  readonly value: string;
  readonly revision: number;
}

/** One client that writes one growing number after the other, round and round over some addresses. */
export class Traffic implements AsyncDisposable {
  /** The last acknowledged write of each address. */
  readonly acknowledged: Map<string, Acknowledged> = new Map();
  /** How often each ERROR code was the answer. */
  readonly refusals: Map<number, number> = new Map();
  readonly #client: RawClient;
  readonly #running: Promise<void>;
  #writes = 0;
  #isOver = false;
  #wake: () => void = () => {};

  private constructor(client: RawClient, addresses: readonly string[]) {
    this.#client = client;
    this.#running = this.#run(addresses);
  }

  /** Starts to write `below`/0 to `below`/`count` - 1 at the router on a port. */
  static async start(port: number, below: string, count: number): Promise<Traffic> {
    const client = await RawClient.connect(port, "traffic");
    return new Traffic(client, Array.from({ length: count }, (_, index) => `${below}/${index}`));
  }

  /** Waits until so many further writes were acknowledged. */
  async acknowledges(count: number): Promise<void> {
    const goal = this.#writes + count;
    const wait = async () => {
      while (this.#writes < goal) await new Promise<void>((resolve) => this.#wake = resolve);
    };
    await withDeadline(wait(), DEADLINE_MS, `${count} acknowledged writes`);
  }

  /** Stops after the write that is under way. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    await this.#client.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(addresses: readonly string[]): Promise<void> {
    for (let number = 0; !this.#isOver; number++) {
      const address = addresses[number % addresses.length] ?? "";
      const value = encodeValue(number);
      this.#client.frames.length = 0;
      const answer = await this.#client.set(address, value);
      if (answer.type === "ACK") {
        const { revision = 0 } = answer;
        this.acknowledged.set(address, { value: value.toHex(), revision });
        this.#writes++;
        this.#wake();
      } else {
        this.refusals.set(answer.code, (this.refusals.get(answer.code) ?? 0) + 1);
      }
    }
  }
}
