import { matches, type Pattern } from "../address/pattern.ts";
import { FRAME_PAYLOAD_BYTES_MAX } from "../limits.ts";
import { definitionBytes } from "../wire/definition_bytes.ts";
import { encodeFrame } from "../wire/frame.ts";
import type { SignalDefinition } from "../wire/message.ts";
import type { OutboxSource } from "./outbox.ts";
import type { SignalRegistry } from "./signal_registry.ts";

/** Addresses looked at in one go, matching or not, so that a scan never holds up the event loop. */
const SCANNED_PER_CALL = 5_000;
/** Code of the message and count. */
const HEAD_BYTES = 3;
const NOTHING_YET = new Uint8Array(0);

/**
 * The answer to a QUERY: one RESULT, empty when nothing matches, and further ones only for what does
 * not fit its frame, since there are clients that read the first only.
 */
export class ResultSource implements OutboxSource {
  readonly #registry: SignalRegistry;
  readonly #pattern: Pattern;
  readonly #sees: (address: string) => boolean;
  #walk: Iterator<string> | undefined;
  #signals: SignalDefinition[] = [];
  #bytes = HEAD_BYTES;
  #sent = 0;

  constructor(
    registry: SignalRegistry,
    options: { readonly pattern: Pattern; readonly sees: (address: string) => boolean },
  ) {
    this.#registry = registry;
    this.#pattern = options.pattern;
    this.#sees = options.sees;
    this.#walk = options.pattern.isLiteral ? [options.pattern.text].values() : registry.addresses();
  }

  next(): Uint8Array | undefined {
    for (let scanned = 0; this.#walk !== undefined; scanned++) {
      if (scanned >= SCANNED_PER_CALL) return NOTHING_YET;
      const { value: address, done } = this.#walk.next();
      if (done) {
        this.#walk = undefined;
        break;
      }
      const full = this.#add(address);
      if (full !== undefined) return full;
    }
    if (this.#sent > 0 && this.#signals.length === 0) return undefined;
    return this.#take();
  }

  #add(address: string): Uint8Array | undefined {
    if (!matches(this.#pattern, address) || !this.#sees(address)) return undefined;
    const definition = this.#registry.best(address)?.definition;
    if (definition === undefined) return undefined;
    const bytes = definitionBytes(definition);
    const full = this.#bytes + bytes > FRAME_PAYLOAD_BYTES_MAX ? this.#take() : undefined;
    this.#signals.push(definition);
    this.#bytes += bytes;
    return full;
  }

  #take(): Uint8Array {
    const frame = encodeFrame({ type: "RESULT", signals: this.#signals });
    this.#signals = [];
    this.#bytes = HEAD_BYTES;
    this.#sent++;
    return frame;
  }
}
