import type { OutboxSource } from "../router/outbox.ts";
import { writePeerFrame } from "../router/param_change.ts";
import { isReserved } from "../router/reserved.ts";
import type { Param, ParamStore } from "../state/param_store.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { encodeFrame } from "../wire/frame.ts";
import type { Message } from "../wire/message.ts";
import { EnvelopeWriter } from "./envelope_writer.ts";

const SCANNED_PER_CALL = 2_000;
/** A message is handed over at this size, so that live updates find gaps to go between. */
const SYNC_MESSAGE_BYTES = 65_536;
const NOTHING_YET = new Uint8Array(0);

/** How a {@linkcode SyncSource} is set up. */
export interface SyncOptions {
  readonly store: ParamStore;
  /** How the peer is to take a param: undefined when it is not to have it. */
  readonly kindOf: (address: string) => "update" | "offer" | undefined;
  /** Sent last. */
  readonly then: Message;
}

/**
 * All that a peer is to have of this router's state, in messages made one at a time. It is sent with
 * stamps, as updates are, and merged alike on the other side: sync is a union, absence means
 * nothing.
 */
export class SyncSource implements OutboxSource {
  readonly #options: SyncOptions;
  readonly #frame = new ByteWriter();
  readonly #walk: Iterator<Param, undefined>;
  readonly #messages: Uint8Array[] = [];
  readonly #writer = new EnvelopeWriter((bytes) => this.#messages.push(bytes.slice()));
  #phase: "walking" | "ending" | "done" = "walking";

  constructor(options: SyncOptions) {
    this.#options = options;
    this.#walk = options.store.walk();
  }

  next(): Uint8Array | undefined {
    if (this.#phase === "walking" && this.#messages.length === 0) this.#collect();
    const ready = this.#messages.shift();
    if (ready !== undefined) return ready;
    switch (this.#phase) {
      case "walking":
        return NOTHING_YET;
      case "ending":
        this.#phase = "done";
        return encodeFrame(this.#options.then);
      case "done":
        return undefined;
    }
  }

  #collect(): void {
    let bytes = 0;
    for (let scanned = 0; scanned < SCANNED_PER_CALL && bytes < SYNC_MESSAGE_BYTES; scanned++) {
      const param = this.#walk.next().value;
      if (param === undefined) {
        this.#phase = "ending";
        break;
      }
      const { address, version } = param;
      const kind = isReserved(address) ? undefined : this.#options.kindOf(address);
      if (kind === undefined) continue;
      this.#frame.reset();
      writePeerFrame(this.#frame, address, version);
      this.#writer.version(kind, version.origin, this.#frame.bytes());
      bytes += this.#frame.length;
    }
    this.#writer.flush();
  }
}
