import type { LinkEvent } from "../../federation/link_event.ts";
import { LINK_ERRORS_KEPT_MAX } from "../../limits.ts";

/** What was refused last on a link. */
export interface LinkError {
  readonly code: number;
  readonly message: string;
  /** Monotonic, milliseconds. */
  readonly atMs: number;
}

/** Remembers the last refusal of each link; of the links that had none for longest, it forgets. */
export class LinkErrors {
  readonly #byPeer = new Map<string, LinkError>();

  /** Takes in what happens on links. */
  apply(event: LinkEvent, atMs: number): void {
    if (event.type !== "refused") return;
    const { routerId, code, message } = event;
    this.#byPeer.delete(routerId);
    this.#byPeer.set(routerId, { code, message, atMs });
    if (this.#byPeer.size <= LINK_ERRORS_KEPT_MAX) return;
    for (const oldest of this.#byPeer.keys()) {
      this.#byPeer.delete(oldest);
      return;
    }
  }

  /** Of one peer. */
  get(routerId: string): LinkError | undefined {
    return this.#byPeer.get(routerId);
  }
}
