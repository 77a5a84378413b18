import type { TransportHandler } from "./transport.ts";

/** RFC 6455: this end met a condition it did not expect. */
const CODE_INTERNAL_ERROR = 1011;

type Phase =
  /** `accept` has not returned yet. */
  | { readonly name: "accepting" }
  | { readonly name: "open"; readonly handler: TransportHandler }
  /** `code` and `reason` are what `accept`'s handler is still to be told, if it is not back yet. */
  | { readonly name: "closed"; readonly code: number; readonly reason: string };

/** What a {@linkcode HandlerGate} does with a handler that throws. */
export interface HandlerGateOptions {
  /** Closes the connection; it is to call `end`. */
  close(code: number, reason: string): void;
  /** Told what was thrown, after that. */
  onHandlerError(error: unknown): void;
}

/**
 * Stands between a connection and its handler: nothing gets through before the handler is there,
 * the end gets through once, and nothing after it. What a handler throws closes its connection
 * with 1011 and goes no further.
 */
export class HandlerGate {
  readonly #options: HandlerGateOptions;
  #phase: Phase = { name: "accepting" };

  constructor(options: HandlerGateOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#phase.name === "closed";
  }

  /** Lets `accept` make the handler, and tells it of an end that came meanwhile. */
  attach(accept: () => TransportHandler): void {
    try {
      const handler = accept();
      const phase = this.#phase;
      if (phase.name === "closed") handler.onClose(phase.code, phase.reason);
      else this.#phase = { name: "open", handler };
    } catch (error) {
      this.#failed(error);
    }
  }

  message(bytes: Uint8Array): void {
    const phase = this.#phase;
    if (phase.name !== "open") return;
    // No function that all of these go through: a closure for each message would cost more than it.
    try {
      phase.handler.onMessage(bytes);
    } catch (error) {
      this.#failed(error);
    }
  }

  text(): void {
    const phase = this.#phase;
    if (phase.name !== "open") return;
    try {
      phase.handler.onText();
    } catch (error) {
      this.#failed(error);
    }
  }

  tooLarge(bytes: number): void {
    const phase = this.#phase;
    if (phase.name !== "open") return;
    try {
      phase.handler.onTooLarge?.(bytes);
    } catch (error) {
      this.#failed(error);
    }
  }

  end(code: number, reason: string): void {
    const phase = this.#phase;
    if (phase.name === "closed") return;
    this.#phase = { name: "closed", code, reason };
    if (phase.name !== "open") return;
    try {
      phase.handler.onClose(code, reason);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#options.close(CODE_INTERNAL_ERROR, "internal error");
    this.#options.onHandlerError(error);
  }
}
