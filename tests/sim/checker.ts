import type { LinkEvent } from "../../src/federation/link_event.ts";
import type { EncodedValue } from "../../src/wire/message.ts";
import type { Delivery } from "./sim_network.ts";
import type { SimWorld } from "./sim_world.ts";

/** A SET with QoS Confirm that a client sent. */
export interface ClientWrite {
  readonly client: string;
  /** Router that the client was connected to. */
  readonly router: string;
  readonly address: string;
  /** No other write in the run has it. */
  readonly value: EncodedValue;
  readonly sentAtMicros: number;
  /** Its TTL; Infinity when it has none. */
  readonly lifeMicros: number;
  /** Its id is empty until the router said WELCOME. */
  readonly session: { readonly id: string };
  readonly lock: boolean;
  readonly unlock: boolean;
  /** ACK's revision or ERROR's code, each time it was answered. */
  readonly answers: WriteReply[];
  /** The client's connection ended before an answer came. */
  isAbandoned: boolean;
}

/** What a client was told about its write. */
export type WriteReply =
  | {
    readonly kind: "accepted";
    readonly revision: number;
    readonly atMicros: number;
    /** Who has the lock, when somebody has. */
    readonly holder: string | undefined;
  }
  | { readonly kind: "refused"; readonly code: number; readonly atMicros: number };

/** One session of a client: from one HELLO to the end of that connection. */
export interface SessionOfClient {
  readonly client: string;
  readonly router: string;
  readonly number: number;
}

/** A param's value as a client was told it, by SET or in a SNAPSHOT. */
export interface ClientUpdate {
  readonly session: SessionOfClient;
  readonly address: string;
  readonly value: EncodedValue;
  readonly revision: number;
}

/** An event that a client received. */
export interface ClientEvent {
  readonly session: SessionOfClient;
  readonly address: string;
  /** Unique for each publication: the publishing client and a number. */
  readonly id: string;
  readonly atMicros: number;
}

/** A write as the router that decided on it applied it. */
export interface Stamp {
  readonly router: string;
  readonly address: string;
  readonly value: EncodedValue;
  /** Who has the lock of the address, the effect of the write included. */
  readonly holder: string | undefined;
}

/** Watches a run for one invariant. Each method is optional; a checker reports what is wrong. */
export interface Checker {
  readonly name: string;
  wrote?(write: ClientWrite): void;
  answered?(write: ClientWrite): void;
  updated?(update: ClientUpdate): void;
  received?(event: ClientEvent, world: SimWorld): void;
  /** A GET was answered before the write that the same client had sent before it. */
  readPast?(write: ClientWrite): void;
  /** A router stamped a write that it decided on. */
  stamped?(stamp: Stamp, world: SimWorld): void;
  /** A message arrived, at a router or a client. */
  delivered?(delivery: Delivery, world: SimWorld): void;
  /** A router told of something on its links. */
  linkEvent?(router: string, event: LinkEvent): void;
  /** A router's process ended; what it had lost with that, or not, when it starts again. */
  crashed?(router: string, world: SimWorld, hasLost: "state" | "nothing"): void;
  /** Now and then. */
  ticked?(world: SimWorld): void;
  /** All faults are healed and time has passed since. */
  settled?(world: SimWorld): void;
  /** The run is over. */
  ended?(world: SimWorld): void;
}

/** How a checker says that its invariant is broken. */
export type Report = (what: string) => void;
