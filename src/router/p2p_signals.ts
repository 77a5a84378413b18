import type { PublishMessage } from "../wire/message.ts";
import { SIGNAL } from "../wire/message.ts";
import { decodeValue, type Value } from "../wire/value_codec.ts";
import { P2P_LIFE_MS } from "../limits.ts";
import { ERROR_CODE, type Refusal } from "./error_code.ts";
import { p2pAddress, p2pSignalAddress } from "./p2p_address.ts";
import type { RouterCore } from "./router_core.ts";
import type { Subscriber } from "./subscriber.ts";

/** A session that P2P signals can be sent to. */
export interface P2pSession extends Subscriber {
  readonly id: string;
  /** Whether it is shown what is at an address. */
  sees(address: string): boolean;
  /** Sends it a signal, unless that has to wait past its deadline. */
  signalled(frame: Uint8Array, deadlineMicros: number): void;
}

/** A client's signal to a session that is not at its router. */
export interface OutgoingSignal {
  readonly from: string;
  readonly to: string;
  readonly frame: Uint8Array;
}

/** Told once what became of a signal: nothing is wrong, or why it did not arrive. */
export type SignalAnswered = (refusal: Refusal | undefined) => void;

/**
 * P2P signalling: what clients publish at `/clasp/p2p/announce` goes to all who listen, what they
 * publish at `/clasp/p2p/signal/<session>` to that session alone, subscribed or not. Who sends it is
 * checked where the message says so.
 */
export class P2pSignals {
  readonly #router: RouterCore;
  readonly #sessions = new Map<string, P2pSession>();

  constructor(router: RouterCore) {
    this.#router = router;
  }

  /** A session begins. To get signals it needs to see the address that they are sent to. */
  joined(session: P2pSession): void {
    if (session.sees(p2pSignalAddress(session.id))) this.#sessions.set(session.id, session);
  }

  left(session: P2pSession): void {
    this.#sessions.delete(session.id);
  }

  /** Takes what a session published if it is a matter of signalling; false for all else. */
  published(
    from: P2pSession,
    message: PublishMessage,
    frame: Uint8Array,
    answered: SignalAnswered,
  ): boolean {
    const p2p = p2pAddress(message.address);
    if (p2p === undefined) return false;
    const refusal = problemOf(from, message, p2p.kind);
    if (refusal !== undefined) {
      answered(refusal);
      return true;
    }
    const { federation } = this.#router;
    // Whoever gets no signals is no news to others either.
    if (this.#sessions.has(from.id)) federation?.p2pJoined(from.id);
    if (p2p.kind === "announce") {
      this.#router.publish(message, frame, from);
      answered(undefined);
    } else if (this.deliver(p2p.session, frame, this.#deadlineMicros())) {
      answered(undefined);
    } else if (federation === undefined) {
      answered(sessionNotFound(p2p.session));
    } else {
      federation.signal({ from: from.id, to: p2p.session, frame }, answered);
    }
    return true;
  }

  /** Hands a signal to a session of this router; false when there is none with this id. */
  deliver(session: string, frame: Uint8Array, deadlineMicros: number): boolean {
    const target = this.#sessions.get(session);
    target?.signalled(frame, deadlineMicros);
    return target !== undefined;
  }

  #deadlineMicros(): number {
    return this.#router.nowMicros + P2P_LIFE_MS * 1_000;
  }
}

/** Nobody has this session, or it gets no signals, which is nobody's business. */
export function sessionNotFound(session: string): Refusal {
  return {
    code: ERROR_CODE.notFound,
    message: `Target session not found: "${session}" is not connected (any more)`,
    address: p2pSignalAddress(session),
  };
}

function problemOf(
  { id }: P2pSession,
  { address, signal, value }: PublishMessage,
  kind: "announce" | "signal",
): Refusal | undefined {
  if (signal === SIGNAL.param) {
    return {
      code: ERROR_CODE.invalidMessage,
      message: `Cannot publish a param at "${address}": P2P signals are events`,
      address,
    };
  }
  const field = kind === "announce" ? "session_id" : "from";
  const named = value === undefined ? undefined : fieldOf(decodeValue(value), field);
  if (named === undefined || named === id) return undefined;
  return {
    code: ERROR_CODE.refused,
    message: `Cannot publish at "${address}": "${field}" must be this session, "${id}"`,
    address,
  };
}

/** A field of a map; undefined where there is no such field. */
function fieldOf(value: Value, name: string): Value | undefined {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Uint8Array);
  return isMap ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
}
