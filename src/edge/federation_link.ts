import { HandshakeFailedError } from "../federation/federation_error.ts";
import type { PeerState } from "../federation/link_event.ts";
import type { AttachedLink } from "./router_host.ts";
import type { Transport, TransportHandler } from "./transport.ts";

/**
 * One link to a peer router, on a transport that the application opened; made by
 * `FederationManager.createLink`.
 */
export class FederationLink {
  /** What the transport is to call with all that arrives on it. */
  readonly handler: TransportHandler;
  readonly #transport: Transport;
  readonly #attached: AttachedLink;
  readonly #done = Promise.withResolvers<void>();
  #wasActive = false;
  #isEnded = false;

  /** @internal */
  constructor(transport: Transport, attach: (transport: Transport) => AttachedLink) {
    this.#transport = transport;
    // Nobody has to wait for the end; who does, sees the rejection.
    this.#done.promise.catch(() => {});
    this.#attached = attach(transport);
    const { handler } = this.#attached;
    this.handler = {
      onMessage: (bytes) => {
        handler.onMessage(bytes);
        this.#wasActive ||= this.isActive;
      },
      onText: () => handler.onText(),
      onClose: (code, reason) => {
        handler.onClose(code, reason);
        this.#ended(reason);
      },
    };
  }

  /** State of the link, as this side knows it. */
  get state(): PeerState {
    return this.#attached.link()?.state ?? (this.#isEnded ? "Disconnected" : "Handshaking");
  }

  /** Whether state flows both ways, proven by a round trip. */
  get isActive(): boolean {
    return this.state === "Active";
  }

  /** The peer's router id; empty until it said so. */
  get peerId(): string {
    return this.#attached.link()?.routerId ?? "";
  }

  /**
   * Resolves when the link is closed from this side or lost after it was Active; rejects with a
   * {@linkcode HandshakeFailedError} when it never became Active.
   */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** Closes the link. Idempotent. */
  close(): void {
    this.#transport.close(1000, "The link was closed");
  }

  #ended(reason: string): void {
    this.#isEnded = true;
    if (this.#wasActive) this.#done.resolve();
    else this.#done.reject(new HandshakeFailedError(reason || "The link was closed"));
  }
}
