import type { OutboxSource } from "../router/outbox.ts";
import type { DefinitionSource, SignalRegistry } from "../router/signal_registry.ts";
import { encodeFrame } from "../wire/frame.ts";
import type { SignalDefinition } from "../wire/message.ts";
import { definitionFrames } from "./definition_frames.ts";

/** Definitions in one message: below a frame's size for the most part, so that updates go between. */
const DEFINITIONS_PER_MESSAGE = 500;
/** Addresses looked at in one go, so that a scan never holds up the event loop. */
const SCANNED_PER_CALL = 5_000;
const NOTHING_YET = new Uint8Array(0);

/**
 * What is known here and not from the peer of some addresses, as it is when the message with it is
 * made: all of them for one that has registered, or those that changed while it was behind, of which
 * it is told as well what is gone.
 */
export class OfferedDefinitions implements OutboxSource {
  readonly #registry: SignalRegistry;
  readonly #peer: DefinitionSource;
  readonly #mayRead: (address: string) => boolean;
  readonly #frames: Uint8Array[] = [];
  readonly #tellsGone: boolean;
  #walk: Iterator<string> | undefined;

  constructor(
    registry: SignalRegistry,
    options: {
      readonly peer: DefinitionSource;
      /** Whether the peer may be told of an address. */
      readonly mayRead: (address: string) => boolean;
      /** Absent: all that there are. */
      readonly changed?: Iterator<string>;
    },
  ) {
    this.#registry = registry;
    this.#peer = options.peer;
    this.#mayRead = options.mayRead;
    this.#tellsGone = options.changed !== undefined;
    this.#walk = options.changed ?? registry.addresses();
  }

  next(): Uint8Array | undefined {
    if (this.#frames.length === 0 && this.#walk !== undefined) this.#collect(this.#walk);
    return this.#frames.shift() ?? (this.#walk === undefined ? undefined : NOTHING_YET);
  }

  #collect(walk: Iterator<string>): void {
    const offered: SignalDefinition[] = [];
    const withdrawn: string[] = [];
    for (let scanned = 0; scanned < SCANNED_PER_CALL; scanned++) {
      if (offered.length + withdrawn.length >= DEFINITIONS_PER_MESSAGE) break;
      const { value: address, done } = walk.next();
      if (done) {
        this.#walk = undefined;
        break;
      }
      if (!this.#mayRead(address)) continue;
      const known = this.#registry.best(address, this.#peer);
      if (known !== undefined) offered.push(known.definition);
      else if (this.#tellsGone) withdrawn.push(address);
    }
    for (const message of definitionFrames({ offered, withdrawn })) {
      this.#frames.push(encodeFrame(message));
    }
  }
}
