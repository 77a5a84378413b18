import {
  type AcceptTransport,
  type CloseFrame,
  closeFrame,
  type Transport,
  type TransportHandler,
} from "../../src/edge/transport.ts";
import { type PeerFrame, readPeerFrames } from "./peer_frames.ts";
import type { Delivery, Notice, Route, SimNetwork } from "./sim_network.ts";
import type { VirtualClock } from "./virtual_clock.ts";

const BROKEN: CloseFrame = { code: 1006, reason: "Connection reset" };

interface ConnectionOptions {
  readonly id: number;
  readonly clock: VirtualClock;
  readonly random: () => number;
  readonly there: Route;
  readonly back: Route;
  readonly network: Pick<
    SimNetwork,
    "isSuspended" | "keep" | "nodeOf" | "suspension" | "whenRunning"
  >;
  readonly delivered: (delivery: Delivery) => void;
  /** Both ends know that it is over. */
  readonly ended: () => void;
}

/** Two ends and what is on its way between them. */
export class SimConnection {
  readonly id: number;
  readonly dialler: SimTransport;
  readonly acceptor: SimTransport;
  readonly #options: ConnectionOptions;
  #cutAtMicros: number | undefined;
  #deliveriesLeft = Infinity;
  #noticeAtEnd: Notice = { dialler: 0, acceptor: 0 };

  constructor(options: ConnectionOptions) {
    this.id = options.id;
    this.#options = options;
    this.dialler = new SimTransport(this, options.there, options);
    this.acceptor = new SimTransport(this, options.back, options);
  }

  /** When it broke, which its ends may not know yet; undefined while it works. */
  get cutAtMicros(): number | undefined {
    return this.#cutAtMicros;
  }

  /** Since when nothing could pass in at least one direction; undefined while both work. */
  get blockedSinceMicros(): number | undefined {
    const { there, back, network } = this.#options;
    const since = Math.min(
      this.#cutAtMicros ?? Infinity,
      there.isStalled ? there.stalledSinceMicros : Infinity,
      back.isStalled ? back.stalledSinceMicros : Infinity,
      network.suspension(this.dialler.node).sinceMicros ?? Infinity,
      network.suspension(this.acceptor.node).sinceMicros ?? Infinity,
    );
    return since === Infinity ? undefined : since;
  }

  /** The end on a node. */
  endOf(node: string): SimTransport {
    return this.dialler.node === node ? this.dialler : this.acceptor;
  }

  /** The other end. */
  peerOf(end: SimTransport): SimTransport {
    return end === this.dialler ? this.acceptor : this.dialler;
  }

  /** Breaks: what is on its way is lost. Each end is told after its delay, or never. */
  cut(notice: Notice): void {
    if (this.#cutAtMicros !== undefined) return;
    const { clock } = this.#options;
    this.#cutAtMicros = clock.nowMicros;
    for (const side of ["dialler", "acceptor"] as const) {
      const delayMicros = notice[side];
      if (delayMicros !== undefined) clock.after(delayMicros, () => this[side].ended(BROKEN));
    }
  }

  /** Breaks right after so many more messages, of both directions, have arrived. */
  cutAfter(deliveries: number, notice: Notice): void {
    this.#deliveriesLeft = deliveries;
    this.#noticeAtEnd = notice;
  }

  /** The process at one end is gone. */
  nodeDied(node: string, noticeMicros: number | undefined): void {
    const { dialler, acceptor } = this;
    this.endOf(node).forget();
    this.cut({
      dialler: dialler.node === node ? undefined : noticeMicros,
      acceptor: acceptor.node === node ? undefined : noticeMicros,
    });
  }

  /** A direction does not stall any more. */
  resume(from: string): void {
    this.endOf(from).resume();
  }

  /** For the ends: a message is about to arrive. False when it is lost. */
  arrives(from: SimTransport, { bytes, sentAtMicros }: Message): boolean {
    if (this.#cutAtMicros !== undefined) return false;
    const { id } = this;
    let frames: readonly PeerFrame[] | undefined;
    this.#options.delivered({
      from: from.node,
      to: this.peerOf(from).node,
      connectionId: id,
      sentAtMicros,
      bytes,
      frames: () => frames ??= readPeerFrames(bytes),
    });
    return true;
  }

  /** For the ends: a message has arrived and was handled. */
  arrived(): void {
    if (--this.#deliveriesLeft === 0) this.cut(this.#noticeAtEnd);
  }

  /** For the ends: one of them is closed. */
  closed(): void {
    if (this.dialler.isClosed && this.acceptor.isClosed) this.#options.ended();
  }
}

interface Message {
  readonly bytes: Uint8Array;
  /** When the sender handed it to its socket. */
  readonly sentAtMicros: number;
}

type Item = Message | { readonly close: CloseFrame };

/** One end of a simulated connection. */
export class SimTransport implements Transport {
  readonly node: string;
  readonly remoteAddress: string;
  readonly #connection: SimConnection;
  readonly #route: Route;
  readonly #clock: VirtualClock;
  readonly #random: () => number;
  readonly #network: ConnectionOptions["network"];
  readonly #unsent: Item[] = [];
  #unsentBytes = 0;
  /** Takes back the departure of the first that waits, where only few bytes pass. */
  #cancelDeparture: (() => void) | undefined;
  #handler: TransportHandler | undefined;
  #close: CloseFrame | undefined;
  #lastArrivalMicros = 0;

  constructor(
    connection: SimConnection,
    route: Route,
    { clock, random, network }: Pick<ConnectionOptions, "clock" | "random" | "network">,
  ) {
    this.node = network.nodeOf(route.from);
    this.#network = network;
    this.remoteAddress = `${route.to}:7330`;
    this.#connection = connection;
    this.#route = route;
    this.#clock = clock;
    this.#random = random;
    // What the acceptor sends at once must not overtake the opening of the dialler.
    this.#lastArrivalMicros = clock.nowMicros + route.latencyMicros;
  }

  get isClosed(): boolean {
    return this.#close !== undefined;
  }

  /** Its user has it, and has not heard of its end. */
  get isOpen(): boolean {
    return this.#handler !== undefined && !this.isClosed;
  }

  /** Gives the end to its user. */
  attach(accept: AcceptTransport): void {
    this.#network.whenRunning(this.node, () => {
      const handler = accept(this);
      this.#handler = handler;
      if (this.#close !== undefined) handler.onClose(this.#close.code, this.#close.reason);
    });
  }

  get bufferedBytes(): number {
    return this.isClosed ? 0 : this.#unsentBytes;
  }

  send(bytes: Uint8Array): void {
    if (this.isClosed) return;
    this.#push({ bytes: this.#network.keep(bytes), sentAtMicros: this.#clock.nowMicros });
  }

  close(code: number, reason: string): void {
    if (this.isClosed) return;
    const close = closeFrame(code, reason);
    this.#push({ close });
    this.ended(close);
  }

  /** For the connection: it is over for this end. */
  ended(close: CloseFrame): void {
    if (this.isClosed) return;
    this.#close = close;
    const handler = this.#handler;
    // One that is not attached yet is told then.
    if (handler !== undefined) {
      this.#network.whenRunning(this.node, () => {
        if (this.#handler !== undefined) handler.onClose(close.code, close.reason);
      });
    }
    this.#connection.closed();
  }

  /** For the connection: nobody is here any more who could be told. */
  forget(): void {
    this.#close ??= BROKEN;
    this.#handler = undefined;
    this.#connection.closed();
  }

  /** For the connection: what waited can leave, or leaves at another speed from now on. */
  resume(): void {
    this.#cancelDeparture?.();
    this.#cancelDeparture = undefined;
    this.#send();
  }

  #push(item: Item): void {
    if (this.#unsent.length === 0 && this.#passes && this.#route.bytesPerSecond === Infinity) {
      return this.#depart(item);
    }
    this.#unsent.push(item);
    if ("bytes" in item) this.#unsentBytes += item.bytes.length;
    this.#send();
  }

  // On a broken connection nobody acknowledges, so the buffer fills as on one that stalls.
  get #passes(): boolean {
    return !this.#route.isStalled && this.#connection.cutAtMicros === undefined;
  }

  #send(): void {
    if (this.#cancelDeparture !== undefined) return;
    while (this.#passes) {
      const [item] = this.#unsent;
      if (item === undefined) return;
      const size = "bytes" in item ? item.bytes.length : 0;
      const { bytesPerSecond } = this.#route;
      if (size > 0 && bytesPerSecond !== Infinity) {
        this.#cancelDeparture = this.#clock.after(1e6 * size / bytesPerSecond, () => {
          this.#cancelDeparture = undefined;
          if (!this.#passes) return;
          this.#departFirst(item, size);
          this.#send();
        });
        return;
      }
      this.#departFirst(item, size);
    }
  }

  #departFirst(item: Item, size: number): void {
    this.#unsent.shift();
    this.#unsentBytes -= size;
    this.#depart(item);
  }

  #depart(item: Item): void {
    const { latencyMicros, jitterMicros } = this.#route;
    const travelMicros = latencyMicros + Math.floor(jitterMicros * this.#random());
    this.#lastArrivalMicros = Math.max(
      this.#lastArrivalMicros,
      this.#clock.nowMicros + travelMicros,
    );
    this.#clock.after(this.#lastArrivalMicros - this.#clock.nowMicros, () => this.#arrive(item));
  }

  #arrive(item: Item): void {
    const peer = this.#connection.peerOf(this);
    if (!this.#network.isSuspended(peer.node)) return this.#handOver(item, peer);
    this.#network.whenRunning(peer.node, () => this.#handOver(item, peer));
  }

  #handOver(item: Item, peer: SimTransport): void {
    if (peer.isClosed) return;
    if ("close" in item) {
      if (this.#connection.cutAtMicros === undefined) peer.ended(item.close);
      return;
    }
    if (!this.#connection.arrives(this, item)) return;
    const bytes = item.bytes.slice();
    peer.#handler?.onMessage(bytes);
    // They are the transport's again: whoever kept them shall notice.
    bytes.fill(0xee);
    this.#connection.arrived();
  }
}
