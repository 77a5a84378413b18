import type { ConnectionId } from "../router/port.ts";
import type { TurnMessages } from "../router/turn_messages.ts";
import type { Transport } from "./transport.ts";
import { writeFrameHead } from "./websocket_frame_queue.ts";

const FINAL_BINARY = 0x82;
const HEAD_BYTES_MAX = 10;
const BYTES_MIN = 16_384;
/** A buffer that had to grow beyond this is not kept. */
const BYTES_KEPT_MAX = 1_048_576;

/**
 * The messages of a turn in WebSocket frames, as a server sends them: they are framed once, and what a
 * connection gets of them is one copy.
 */
export class FramedTurnMessages implements TurnMessages {
  readonly #transportOf: (connection: ConnectionId) => Transport | undefined;
  #bytes = new Uint8Array(BYTES_MIN);
  #length = 0;
  #count = 0;
  /** Where each frame begins, and its payload. */
  readonly #frames: number[] = [];
  readonly #payloads: number[] = [];
  #headBytes = 0;
  /** Bytes of heads before each frame. */
  readonly #headBytesBefore: number[] = [];

  constructor(transportOf: (connection: ConnectionId) => Transport | undefined) {
    this.#transportOf = transportOf;
  }

  get count(): number {
    return this.#count;
  }

  get byteLength(): number {
    return this.#length;
  }

  add(message: Uint8Array): number {
    const { length } = message;
    this.#makeRoom(HEAD_BYTES_MAX + length);
    const index = this.#count++;
    this.#frames[index] = this.#length;
    const head = { length, maskBit: 0 };
    const at = writeFrameHead(this.#bytes, this.#length, FINAL_BINARY, head);
    this.#payloads[index] = at;
    this.#headBytesBefore[index] = this.#headBytes;
    this.#headBytes += at - this.#length;
    this.#bytes.set(message, at);
    this.#length = at + length;
    return index;
  }

  at(index: number): Uint8Array {
    return this.#bytes.subarray(this.#payloads[index], this.#startOf(index + 1));
  }

  send(connection: ConnectionId, from: number, to: number): number {
    const transport = this.#transportOf(connection);
    if (transport === undefined) return 0;
    const [start, end] = [this.#startOf(from), this.#startOf(to)];
    if (transport.sendFramed !== undefined) {
      transport.sendFramed(this.#bytes.subarray(start, end));
    } else {
      for (let index = from; index < to; index++) transport.send(this.at(index));
    }
    return end - start - (this.#headsBefore(to) - this.#headsBefore(from));
  }

  clear(): void {
    if (this.#bytes.length > BYTES_KEPT_MAX) this.#bytes = new Uint8Array(BYTES_MIN);
    this.#length = 0;
    this.#count = 0;
    this.#headBytes = 0;
  }

  #startOf(index: number): number {
    return index < this.#count ? this.#frames[index] ?? 0 : this.#length;
  }

  #headsBefore(index: number): number {
    return index < this.#count ? this.#headBytesBefore[index] ?? 0 : this.#headBytes;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
