import { decodeFrame, encodeFrame } from "../../src/wire/frame.ts";
import { ALL_SIGNALS, FEATURE, type Message } from "../../src/wire/message.ts";
import { decodeValue } from "../../src/wire/value_codec.ts";
import { LOAD_ROOT } from "./update_load.ts";

/** A client that subscribes to all of an `UpdateLoad`, and keeps nothing but what it says. */
export class LoadView implements AsyncDisposable {
  /** Milliseconds from the writer to here, of each update; may be emptied. */
  readonly latencies: number[] = [];
  /** Updates that came. */
  updates = 0;
  /** Updates that were older than one before at their address. */
  steppedBack = 0;
  readonly #socket: WebSocket;
  readonly #ended: Promise<void>;
  readonly #answered = Promise.withResolvers<void>();
  readonly #seen = new Map<string, number>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#ended = new Promise((resolve) => socket.onclose = () => resolve());
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.#take(decodeFrame(new Uint8Array(data)).message);
    socket.onerror = () => {};
  }

  static async open(port: number, name: string): Promise<LoadView> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, ["clasp"]);
    const view = new LoadView(socket);
    await new Promise((resolve) => socket.onopen = resolve);
    view.send({ type: "HELLO", version: 1, features: FEATURE.param, name });
    view.send({ type: "SUBSCRIBE", id: 1, pattern: `${LOAD_ROOT}/**`, types: ALL_SIGNALS });
    // Who stops the router now stops one that has read this.
    await view.#answered.promise;
    return view;
  }

  /** Whether the connection is as it was. */
  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(message: Message): void {
    this.#socket.send(encodeFrame(message));
  }

  /** Addresses at which the newest value was seen. */
  current(newest: ReadonlyMap<string, number>): number {
    return [...newest].filter(([address, sentMs]) => this.#seen.get(address) === sentMs).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#ended;
  }

  #take(message: Message): void {
    this.#answered.resolve();
    if (message.type === "SET") this.#saw(message.address, message.value);
    if (message.type !== "SNAPSHOT") return;
    for (const { address, value } of message.params) this.#saw(address, value);
  }

  #saw(address: string, value: Uint8Array): void {
    const decoded = decodeValue(value);
    const sentMs = Array.isArray(decoded) ? decoded[0] : undefined;
    if (typeof sentMs !== "number") return;
    this.updates++;
    if (sentMs < (this.#seen.get(address) ?? 0)) this.steppedBack++;
    this.#seen.set(address, sentMs);
    this.latencies.push(performance.now() - sentMs);
  }
}
