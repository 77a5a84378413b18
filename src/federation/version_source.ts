import type { OutboxSource } from "../router/outbox.ts";
import { writePeerFrame } from "../router/param_change.ts";
import { isLive, type Version } from "../state/version.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { EnvelopeWriter } from "./envelope_writer.ts";

/** Addresses looked at in one go, still of use or not, so that it never holds up the event loop. */
const LOOKED_AT_PER_CALL = 5_000;
const NOTHING_YET = new Uint8Array(0);
/** A message is handed over at this size, so that live updates find gaps to go between. */
const MESSAGE_BYTES = 65_536;

/** How a {@linkcode VersionSource} is set up. */
export interface VersionSourceOptions {
  /** What the peer lacks; emptied as it is sent. */
  readonly addresses: Set<string>;
  readonly get: (address: string) => Version | undefined;
  /** How the peer is to take a version. */
  readonly kindOf: (address: string) => "update" | "offer" | undefined;
}

/**
 * The versions of some addresses, as updates and offers with their stamps, in messages made one at a
 * time. Each version is the newest at the moment its message is made.
 */
export class VersionSource implements OutboxSource {
  readonly #options: VersionSourceOptions;
  readonly #frame = new ByteWriter();
  readonly #messages: Uint8Array[] = [];
  readonly #writer = new EnvelopeWriter((bytes) => this.#messages.push(bytes.slice()));

  constructor(options: VersionSourceOptions) {
    this.#options = options;
  }

  next(): Uint8Array | undefined {
    const { addresses } = this.#options;
    if (this.#messages.length === 0 && addresses.size > 0) this.#collect();
    return this.#messages.shift() ?? (addresses.size > 0 ? NOTHING_YET : undefined);
  }

  #collect(): void {
    const { addresses, get, kindOf } = this.#options;
    let bytes = 0;
    let lookedAt = 0;
    for (const address of addresses) {
      if (bytes >= MESSAGE_BYTES || lookedAt++ >= LOOKED_AT_PER_CALL) break;
      addresses.delete(address);
      const version = get(address);
      const kind = kindOf(address);
      if (version === undefined || kind === undefined) continue;
      this.#frame.reset();
      writePeerFrame(this.#frame, address, version);
      const frame = this.#frame.range();
      if (isLive(version)) this.#writer.version(kind, version.origin, frame);
      else this.#writer.tombstone(kind, version.origin, frame);
      bytes += this.#frame.length;
    }
    this.#writer.flush();
  }
}
