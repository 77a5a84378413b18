import type net from "node:net";
import type { Prng } from "./prng.ts";
import type { Direction, Ending, Pace } from "./tcp_proxy.ts";
import { WebSocketBoundaries } from "./websocket_boundaries.ts";

/** Every so many pieces of a trickle are longer than a byte. */
const LONGER_PIECE_ONE_IN = 4;
const PIECE_BYTES_MAX = 64;
const PIECE_INTERVAL_MS = 1;

/** What a {@linkcode TcpProxyPair} is made of. */
export interface TcpProxyPairOptions {
  /** Accepted. */
  readonly leaf: net.Socket;
  /** Dialled, perhaps not connected yet. */
  readonly hub: net.Socket;
  readonly prng: Prng;
  readonly paces: Readonly<Record<Direction, Pace>>;
}

/** One connection through a proxy: two sockets and what flows between them. */
export class TcpProxyPair {
  /** Resolves when both sockets are gone. */
  readonly ended: Promise<void>;
  readonly #sockets: readonly net.Socket[];
  readonly #flows: Readonly<Record<Direction, Flow>>;

  constructor({ leaf, hub, prng, paces }: TcpProxyPairOptions) {
    this.#sockets = [leaf, hub];
    const end = (ending: Ending) => this.#end(ending);
    this.#flows = {
      up: new Flow({ source: leaf, target: hub, prng, pace: paces.up, end }),
      down: new Flow({ source: hub, target: leaf, prng, pace: paces.down, end }),
    };
    const gone = this.#sockets.map((socket) =>
      new Promise<void>((resolve) => {
        // Said again by "close".
        socket.on("error", () => {});
        socket.once("close", (hadError) => {
          this.#end(hadError ? "reset" : "closed");
          resolve();
        });
      })
    );
    this.ended = Promise.all(gone).then(() => {
      for (const flow of Object.values(this.#flows)) flow.stop();
    });
  }

  get bytes(): number {
    return this.#flows.up.bytes + this.#flows.down.bytes;
  }

  setPace(direction: Direction, pace: Pace): void {
    this.#flows[direction].setPace(pace);
  }

  reset(): void {
    this.#end("reset");
  }

  async truncate(direction: Direction, ending: Ending): Promise<void> {
    this.#flows[direction].truncate(ending);
    await this.ended;
  }

  #end(ending: Ending): void {
    for (const socket of this.#sockets) {
      if (socket.destroyed) continue;
      if (ending === "reset") socket.resetAndDestroy();
      else socket.destroy();
    }
  }
}

interface FlowOptions {
  readonly source: net.Socket;
  readonly target: net.Socket;
  readonly prng: Prng;
  readonly pace: Pace;
  readonly end: (ending: Ending) => void;
}

/** What goes from one socket to the other. */
class Flow {
  bytes = 0;
  readonly #options: FlowOptions;
  readonly #boundaries = new WebSocketBoundaries();
  #pace: Pace;
  /** Read, not passed on. */
  #waiting: Uint8Array = new Uint8Array(0);
  #isWriting = false;
  #hasSourceEnded = false;
  #truncation: Ending | undefined;
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: FlowOptions) {
    this.#options = options;
    this.#pace = options.pace;
    const { source } = options;
    source.on("data", (chunk: Uint8Array) => {
      source.pause();
      this.#waiting = chunk;
      this.#advance();
    });
    source.once("end", () => {
      this.#hasSourceEnded = true;
      this.#advance();
    });
    if (this.#pace === "stalled") source.pause();
  }

  setPace(pace: Pace): void {
    this.#pace = pace;
    if (pace === "stalled") this.#options.source.pause();
    else this.#advance();
  }

  truncate(ending: Ending): void {
    this.#truncation = ending;
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #advance(): void {
    const { source, target } = this.#options;
    if (this.#isOver || this.#isWriting || this.#pace === "stalled") return;
    if (this.#waiting.length > 0) return this.#pass();
    if (this.#hasSourceEnded) {
      this.#isOver = true;
      target.end();
    } else {
      source.resume();
    }
  }

  #pass(): void {
    const piece = this.#take();
    const ends = this.#boundaries.push(piece);
    const cutAt = this.#truncation === undefined ? undefined : this.#insideFrame(piece, ends);
    if (cutAt !== undefined) return this.#cutShort(piece.subarray(0, cutAt));
    this.#isWriting = true;
    const passed = (): void => {
      this.#isWriting = false;
      this.#advance();
    };
    this.#write(piece, () => {
      // The receiver, another process, is to read each piece before the next one comes.
      if (this.#pace === "trickling") this.#timer = setTimeout(passed, PIECE_INTERVAL_MS);
      else passed();
    });
  }

  #take(): Uint8Array {
    const { prng } = this.#options;
    let length = this.#waiting.length;
    if (this.#pace === "trickling") {
      const isLonger = prng.nextInt(LONGER_PIECE_ONE_IN) === 0;
      length = Math.min(length, isLonger ? 1 + prng.nextInt(PIECE_BYTES_MAX) : 1);
    }
    const piece = this.#waiting.subarray(0, length);
    this.#waiting = this.#waiting.subarray(length);
    return piece;
  }

  /** Any offset in a piece at which no frame ends; undefined when there is none. */
  #insideFrame(piece: Uint8Array, ends: readonly number[]): number | undefined {
    const free = piece.length - ends.length;
    if (free === 0) return undefined;
    let offset = 1 + this.#options.prng.nextInt(free);
    for (const end of ends) {
      if (end <= offset) offset++;
    }
    return offset;
  }

  #cutShort(rest: Uint8Array): void {
    const { target, end } = this.#options;
    const ending = this.#truncation ?? "closed";
    this.#isOver = true;
    // With FIN behind the last byte, or with RST as soon as the system has that byte.
    if (ending === "closed") target.end(rest, () => end("closed"));
    else this.#write(rest, () => end("reset"));
  }

  #write(piece: Uint8Array, written: () => void): void {
    this.bytes += piece.length;
    this.#options.target.write(piece, (error) => {
      if (error === undefined || error === null) written();
    });
  }
}
