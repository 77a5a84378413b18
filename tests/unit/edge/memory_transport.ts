import type { Transport, TransportHandler } from "../../../src/edge/transport.ts";

/**
 * One end of a connection in memory. What is sent arrives at the other end in order, in a later
 * microtask.
 */
export class MemoryTransport implements Transport {
  readonly bufferedBytes = 0;
  readonly remoteAddress: string = "memory:1";
  #other: MemoryTransport | undefined;
  #handler: TransportHandler | undefined;
  #early: (() => void)[] = [];
  #isClosed = false;

  /** Both ends of a new connection. */
  static pair(): readonly [MemoryTransport, MemoryTransport] {
    const [a, b] = [new MemoryTransport(), new MemoryTransport()];
    a.#other = b;
    b.#other = a;
    return [a, b];
  }

  /** Delivers to this handler from now on, first what came before. */
  deliverTo(handler: TransportHandler): void {
    this.#handler = handler;
    for (const arrive of this.#early.splice(0)) queueMicrotask(arrive);
  }

  send(bytes: Uint8Array): void {
    const copy = bytes.slice();
    if (this.#isClosed) return;
    this.#other?.arrive((handler) => {
      handler.onMessage(copy);
      // They are the transport's again: whoever kept them shall notice.
      copy.fill(0xee);
    });
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#other?.arrive((handler, other) => {
      other.#isClosed = true;
      handler.onClose(code, reason);
    });
    this.#isClosed = true;
    this.#handler?.onClose(code, reason);
  }

  /** Something comes from the other end. */
  private arrive(deliver: (handler: TransportHandler, self: MemoryTransport) => void): void {
    const arrive = (): void => {
      if (this.#handler === undefined) this.#early.push(arrive);
      else if (!this.#isClosed) deliver(this.#handler, this);
    };
    queueMicrotask(arrive);
  }
}
