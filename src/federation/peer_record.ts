import type { Pattern } from "../address/pattern.ts";
import { PEER_AWAITED_MS } from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import type { Publication } from "../router/publication.ts";
import type { RouterCore } from "../router/router_core.ts";
import type { Subscriber } from "../router/subscriber.ts";
import { SIGNAL } from "../wire/message.ts";
import { type EventCarrier, EventLane, type LaneEvent } from "./event_lane.ts";
import type { FrameKeeper } from "./frame_keeper.ts";
import { isRepeatable } from "./is_repeatable.ts";
import type { EventLoss, LinkEvent, PeerState } from "./link_event.ts";

/** What happened with a peer since it is known, in numbers. */
export interface PeerCounters {
  /** Events whose life ended before the peer got them, or before they came from it. */
  expired: number;
  /** Events that were sent once, and nobody knows whether they arrived. */
  unknown: number;
  /** Events for which there was no room, and samples that came while the link was behind. */
  dropped: number;
  /** Versions that were not sent because a newer one of their address took their place. */
  conflated: number;
  /** What the peer refused, and what was refused of the peer. */
  refused: number;
}

/** What passed between this router and a peer, over all connections. */
export interface PeerTraffic {
  /** Versions, events, requests and answers that came. */
  updatesIn: number;
  /** Versions and events that were sent. */
  updatesOut: number;
}

/** What a {@linkcode PeerRecord} needs around it. */
export interface RecordSurroundings {
  readonly router: RouterCore;
  readonly frames: FrameKeeper;
  emit(event: LinkEvent): void;
}

/** A connection to the peer. */
export type RecordLink = Subscriber & EventCarrier;

interface Interest {
  readonly pattern: Pattern;
  readonly types: number;
}

/**
 * What a router knows of a peer beyond one connection: the events for it, what it wants of them, and
 * what was lost.
 *
 * While the peer has no link, and until its new one has said what it wants, the record is subscribed
 * in its place.
 */
export class PeerRecord implements Subscriber {
  readonly lane: EventLane;
  readonly counters: PeerCounters = {
    ...{ expired: 0, unknown: 0, dropped: 0 },
    ...{ conflated: 0, refused: 0 },
  };
  readonly traffic: PeerTraffic = { updatesIn: 0, updatesOut: 0 };
  readonly #around: RecordSurroundings;
  /** For ever, or for `PEER_AWAITED_MS`. */
  readonly #isAwaitedAlways: boolean;
  #routerId: string;
  #bootId: number | undefined;
  #state: PeerState = "Disconnected";
  #stateSinceMicros: number;
  #downSinceMicros: number | undefined;
  #reason: string | undefined;
  #link: RecordLink | undefined;
  /** What the peer subscribed, by id, when that was known last. */
  #interest = new Map<number, Interest>();
  /** The same as far as its present link has said it. */
  #saidSoFar = new Map<number, Interest>();
  #newest: Publication["identity"] | undefined;
  #release: Appointment | undefined;

  constructor(
    around: RecordSurroundings,
    options: {
      /** Empty while it is not known. */
      readonly routerId: string;
      /** What is kept for it before it has ever been here; a peer that has this is always awaited. */
      readonly interest?: Pattern;
    },
  ) {
    this.#around = around;
    this.#routerId = options.routerId;
    this.#stateSinceMicros = around.router.nowMicros;
    this.#downSinceMicros = around.router.nowMicros;
    this.lane = new EventLane(around.router, (event, why) => this.eventLost(event, why));
    this.#isAwaitedAlways = options.interest !== undefined;
    if (options.interest === undefined) return;
    this.#interest.set(0, { pattern: options.interest, types: 0 });
    this.#standIn();
  }

  /** Empty while it is not known. */
  get routerId(): string {
    return this.#routerId;
  }

  /** Of the process that answered last. */
  get bootId(): number | undefined {
    return this.#bootId;
  }

  get state(): PeerState {
    return this.#state;
  }

  /** Monotonic time. */
  get stateSinceMicros(): number {
    return this.#stateSinceMicros;
  }

  /**
   * Monotonic time from which on the link was not Active, however often it was tried since; undefined
   * while it is.
   */
  get downSinceMicros(): number | undefined {
    return this.#downSinceMicros;
  }

  /** Why there is no link, or was none the last time. */
  get reason(): string | undefined {
    return this.#reason;
  }

  get hasLink(): boolean {
    return this.#link !== undefined;
  }

  /** The link has another state, or the way to it has. */
  changed(state: PeerState, reason: string | undefined): void {
    if (state !== this.#state) this.#stateSinceMicros = this.#around.router.nowMicros;
    if (state === "Active") this.#downSinceMicros = undefined;
    else this.#downSinceMicros ??= this.#around.router.nowMicros;
    this.#state = state;
    this.#reason = reason ?? this.#reason;
  }

  /** A connection begins. The last one has ended. */
  connected(link: RecordLink): void {
    this.#around.router.agenda.cancel(this.#release);
    this.#link = link;
    this.#saidSoFar = new Map();
    // Nothing is owed to a peer that never said what it wants.
    if (this.#interest.size === 0) this.handOver();
  }

  /** The peer said who it is: another router or process does not know what the last one got. */
  identified(routerId: string, bootId: number): void {
    if (routerId !== this.#routerId || bootId !== this.#bootId) this.lane.forgetSent();
    this.#routerId = routerId;
    this.#bootId = bootId;
  }

  subscribed(id: number, pattern: Pattern, types: number): void {
    this.#saidSoFar.set(id, { pattern, types });
  }

  unsubscribed(id: number): void {
    this.#saidSoFar.delete(id);
  }

  /** The link has said all that the peer wants: what waits goes to it, and what is new. */
  handOver(): void {
    const link = this.#link;
    if (link === undefined || this.#interest === this.#saidSoFar) return;
    this.#interest = this.#saidSoFar;
    this.#around.router.subscriptions.removeAll(this);
    this.lane.open(link, (event) => this.#isWanted(event, link));
  }

  /** A connection has ended. */
  disconnected(link: RecordLink): void {
    if (link !== this.#link) return;
    this.#link = undefined;
    this.lane.close();
    this.#standIn();
    if (this.#isAwaitedAlways) return;
    this.#release = this.#around.router.after(PEER_AWAITED_MS, () => this.release());
  }

  /** Nothing is kept for the peer any more until it has a link again. */
  release(): void {
    this.#around.router.agenda.cancel(this.#release);
    this.#around.router.subscriptions.removeAll(this);
    this.#interest = new Map();
    this.lane.drop();
  }

  /** Counts and tells of an event that is lost, on its way to the peer or from it. */
  eventLost({ address, identity }: Pick<LaneEvent, "address" | "identity">, why: EventLoss): void {
    this.counters[why]++;
    const { origin, sequence } = identity;
    const { routerId } = this;
    this.#around.emit({ type: "eventLost", routerId, address, origin, sequence, why });
  }

  // Subscriber

  /** The comparison of states brings it, when the peer is back. */
  paramChanged(): void {}

  /** Takes what is published, for the peer or in its place. */
  published(publication: Publication): void {
    const { address, signal, identity, deadlineMicros, publishedMicros, from } = publication;
    if (identity.origin === this.#routerId || from === this.#link) return;
    // Both the record and its link may have subscribed.
    if (identity === this.#newest) return;
    this.#newest = identity;
    if (isRepeatable(publication)) {
      const frame = this.#around.frames.keep(publication);
      this.lane.add({ address, signal, identity, deadlineMicros, publishedMicros, frame });
    } else if (signal !== SIGNAL.gesture || this.lane.waiting === 0) {
      // A move must not come before the start of its gesture.
      this.lane.pass(publication);
    }
  }

  #standIn(): void {
    const { subscriptions } = this.#around.router;
    for (const [id, { pattern, types }] of this.#interest) {
      subscriptions.add(this, id, pattern, types);
    }
  }

  #isWanted({ address, signal, identity }: LaneEvent, link: RecordLink): boolean {
    if (identity.origin === this.#routerId) return false;
    return this.#around.router.subscriptions.targets(address)
      .some(({ subscriber, types }) => subscriber === link && (types & (1 << signal)) !== 0);
  }
}
