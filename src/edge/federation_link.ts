import { HandshakeFailedError } from "../federation/federation_error.ts";
import type { LinkEvent, PeerState } from "../federation/link_event.ts";
import type { LinkEventQueue } from "./link_event_queue.ts";
import type { Transport, TransportHandler } from "./transport.ts";

/**
 * One link to a peer router, on a transport that the application opened; made by
 * `FederationManager.createLink`.
 */
export class FederationLink {
  /** What the transport is to call with all that arrives on it. */
  readonly handler: TransportHandler;
  readonly #transport: Transport;
  readonly #stopListening: () => void;
  #state: PeerState = "Handshaking";
  #peerId = "";
  #isEnded = false;
  readonly #done = Promise.withResolvers<void>();

  /** @internal */
  constructor(
    transport: Transport,
    attach: (transport: Transport) => TransportHandler,
    events: LinkEventQueue,
  ) {
    this.#transport = transport;
    // Nobody has to wait for the end; who does, sees the rejection.
    this.#done.promise.catch(() => {});
    this.#stopListening = events.listen((event) => this.#heard(event));
    this.handler = attach(transport);
  }

  /** State of the link, as this side knows it. */
  get state(): PeerState {
    return this.#state;
  }

  /** Whether state flows both ways, proven by a round trip. */
  get isActive(): boolean {
    return this.#state === "Active";
  }

  /** The peer's router id; empty until it said so. */
  get peerId(): string {
    return this.#peerId;
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

  #heard(event: LinkEvent): void {
    if (event.type !== "stateChanged" || this.#isEnded) return;
    if (event.routerId !== "") this.#peerId = event.routerId;
    const wasActive = this.isActive;
    this.#state = event.state;
    if (event.state !== "Disconnected" && event.state !== "Failed") return;
    this.#isEnded = true;
    this.#stopListening();
    if (wasActive) this.#done.resolve();
    else this.#done.reject(new HandshakeFailedError(event.reason ?? "The link was closed"));
  }
}
