import type { AcceptTransport } from "./transport.ts";

/** What a {@linkcode RouterHost} needs of the world: clocks, timers, randomness and dialling. */
export interface Environment {
  /** Never goes back; its zero means nothing. Microseconds. */
  nowMicros(): number;
  /** The wall clock, microseconds since 1970. Read at the start, and for the expiry of tokens. */
  wallMicros(): number;
  /** At least 0, below 1. */
  random(): number;
  /** An id nobody else has. */
  newId(): string;
  /** Runs an action later, unless the function it returns is called before. */
  after(delayMs: number, action: () => void): () => void;
  /** Runs an action when what has arrived by now is handled, without waiting for anything else. */
  atEndOfTurn(action: () => void): void;
  /** Tells the operator what was thrown in the router: a bug that one connection or action ended by. */
  onHandlerError(error: unknown): void;
  /** Connects to a router; reports exactly once, never before it has returned. */
  dial(
    url: string,
    handlers: {
      readonly onOpen: AcceptTransport;
      readonly onFailed: (reason: string) => void;
    },
  ): { abort(): void };
}
