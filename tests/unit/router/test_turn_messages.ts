import type { TurnMessages } from "../../../src/router/turn_messages.ts";
import type { FakePort } from "./fake_port.ts";

/** Sends them by the port, one by one, and writes down how many were handed over in one go. */
export class TestTurnMessages implements TurnMessages {
  readonly runs: number[] = [];
  /** Connections that throw what they are handed. */
  readonly broken: Map<number, Error> = new Map<number, Error>();
  readonly #port: FakePort;
  readonly #messages: Uint8Array[] = [];

  constructor(port: FakePort) {
    this.#port = port;
  }

  get count(): number {
    return this.#messages.length;
  }
  get byteLength(): number {
    return this.#messages.reduce((sum, { length }) => sum + length, 0);
  }
  add(message: Uint8Array): number {
    return this.#messages.push(message.slice()) - 1;
  }
  at(index: number): Uint8Array {
    return this.#messages[index] ?? new Uint8Array();
  }
  send(connection: number, from: number, to: number): number {
    const error = this.broken.get(connection);
    if (error !== undefined) throw error;
    this.runs.push(to - from);
    for (let index = from; index < to; index++) this.#port.send(connection, this.at(index));
    return to - from;
  }
  clear(): void {
    this.#messages.length = 0;
  }
}
