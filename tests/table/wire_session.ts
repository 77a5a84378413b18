import { type PeerFrame, readPeerFrames } from "../sim/peer_frames.ts";
import { withDeadline } from "../support/deadline.ts";
import { decodeClientFrame } from "../../src/wire/client_frame.ts";
import { isV0Frame } from "../../src/wire/v0_frame.ts";
import { MESSAGE_CODE } from "../../src/wire/message.ts";
import { type Bytes, frame, join, uint } from "./raw_bytes.ts";

/** Nothing that the table asks takes longer. */
const DEADLINE_MS = 10_000;
/** Between an ERROR and the close that may follow it. */
const CLOSE_FOLLOWS_MS = 2_000;
/** Of markers: nothing else in the table is numbered from here on. */
const FIRST_MARK = 1_000_000_000;

/** How a connection ended. */
export interface End {
  readonly code: number;
  readonly reason: string;
}

/** What came for a message. */
export interface Heard {
  readonly frames: readonly PeerFrame[];
  /** Undefined: the session goes on. */
  readonly end: End | undefined;
}

/** How to see that all has come that a message brings about. */
export type Marking =
  /** In the same WebSocket message: for links, which read frames back to back. */
  | "inside"
  /** In the next one: for clients. */
  | "behind"
  /** Only when the router says something and does not close. */
  | "apart";

/** What a session does by itself. */
export interface Habits {
  /** Answers the SYNC that the other end asks with, and does not list it. */
  readonly answersSync: boolean;
  /** Answers a PING, and does not list it. */
  readonly answersPing?: boolean;
  /** By what the end of an answer is found; a legacy link does not answer SYNC. */
  readonly marker: "SYNC" | "PING";
}

/** The frames of a WebSocket message, be it of v0. */
function readFrames(bytes: Uint8Array): readonly PeerFrame[] {
  if (!isV0Frame(bytes)) return readPeerFrames(bytes);
  const { message } = decodeClientFrame(bytes);
  return [{ message, timestampMicros: undefined, bytes }];
}

/** One end of a connection that sends what it is told, and lists what it hears. */
export class WireSession {
  /** All frames heard since the last question, without what is routine. */
  readonly #frames: PeerFrame[] = [];
  readonly #write: (...messages: readonly Bytes[]) => void;
  readonly #waiters = new Set<() => void>();
  /** Told of all that comes, routine or not. */
  tap: (frame: PeerFrame) => void = () => {};
  #habits: Habits;
  #end: End | undefined;
  #marks = 0;
  #marksHeard = 0;

  /** `write` sends WebSocket messages. */
  constructor(write: (...messages: readonly Bytes[]) => void, habits: Habits) {
    this.#write = write;
    this.#habits = habits;
  }

  get frames(): readonly PeerFrame[] {
    return this.#frames;
  }

  get end(): End | undefined {
    return this.#end;
  }

  set habits(habits: Habits) {
    this.#habits = habits;
  }

  /** A WebSocket message came. */
  received(bytes: Uint8Array): void {
    for (const heard of readFrames(bytes)) {
      this.tap(heard);
      if (!this.#isRoutine(heard)) this.#frames.push(heard);
    }
    this.#look();
  }

  /** The connection is gone. */
  ended(end: End): void {
    this.#end ??= end;
    this.#look();
  }

  /** Forgets what came. */
  forget(): void {
    this.#frames.length = 0;
  }

  send(...messages: readonly Bytes[]): void {
    if (this.#end === undefined) this.#write(...messages);
  }

  /** Waits until a condition holds or the connection is gone. */
  async until(isMet: () => boolean, what: string): Promise<void> {
    const isOver = () => isMet() || this.#end !== undefined;
    if (isOver()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = () => {
      if (isOver()) resolve();
    };
    this.#waiters.add(waiter);
    const came = () => this.#frames.map(({ message }) => message.type).join(" ");
    await withDeadline(promise, DEADLINE_MS, what).catch((error) => {
      throw new Error(`${error instanceof Error ? error.message : error}; there came: ${came()}`);
    }).finally(() => this.#waiters.delete(waiter));
  }

  /** Waits for a message of a type; all that came is forgotten. */
  async take(type: string): Promise<void> {
    await this.until(() => this.#frames.some(({ message }) => message.type === type), type);
    this.#frames.length = 0;
  }

  /** Waits until all that was sent has been handled, and all that it caused has come. */
  async settle(): Promise<void> {
    // Once for what is answered at once, once more for what is sent when a turn ends.
    for (let i = 0; i < 2; i++) {
      this.send(this.#mark());
      await this.#marked();
    }
  }

  /** Sends a message, and returns all that comes for it. */
  async ask(message: Bytes, marking: Marking, what: string): Promise<Heard> {
    this.#frames.length = 0;
    if (marking === "apart") await this.#askApart(message, what);
    else if (marking === "inside") this.send(join(message, this.#mark()));
    else this.send(message, this.#mark());
    if (marking !== "apart") await this.#marked(what);
    if (this.#end === undefined) await this.settle();
    return { frames: this.#frames.splice(0), end: this.#end };
  }

  /** Sends a message, and waits for a message of a type or the end. */
  async askForClose(message: Bytes, what: string): Promise<Heard> {
    this.#frames.length = 0;
    await this.#askApart(message, what);
    if (this.#end === undefined) await this.settle();
    return { frames: this.#frames.splice(0), end: this.#end };
  }

  async #askApart(message: Bytes, what: string): Promise<void> {
    this.send(message);
    await this.until(() => this.#frames.length > 0, `an answer to ${what}`);
    if (!this.#frames.some(({ message: { type } }) => type === "ERROR")) return;
    const closed = this.until(() => false, "the close");
    let timer: ReturnType<typeof setTimeout> | undefined;
    const passed = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_FOLLOWS_MS));
    await Promise.race([closed, passed]);
    clearTimeout(timer);
    closed.catch(() => {});
  }

  #mark(): Bytes {
    this.#marks++;
    if (this.#habits.marker === "PING") return frame(Uint8Array.of(MESSAGE_CODE.PING), { qos: 0 });
    return frame(join(MESSAGE_CODE.SYNC, 0, uint(8, FIRST_MARK + this.#marks)), { qos: 0 });
  }

  #marked(what = "a marker"): Promise<void> {
    const marks = this.#marks;
    return this.until(() => this.#marksHeard >= marks, `what follows ${what}`);
  }

  #isRoutine({ message }: PeerFrame): boolean {
    if (message.type === "PING" && this.#habits.answersPing === true) {
      this.send(frame(Uint8Array.of(MESSAGE_CODE.PONG), { qos: 0 }));
      return true;
    }
    if (this.#habits.marker === "PING") {
      if (message.type === "PONG") this.#marksHeard++;
      return message.type === "PONG";
    }
    // Sent some time after events, whatever is asked then.
    if (message.type === "FEDERATION_SYNC" && message.op === "LinkAck") return true;
    if (message.type !== "SYNC") return false;
    const { t1, t2 } = message;
    if (t2 !== undefined && t1 >= FIRST_MARK && t1 <= FIRST_MARK + this.#marks) {
      this.#marksHeard = t1 - FIRST_MARK;
      return true;
    }
    if (t2 !== undefined || !this.#habits.answersSync) return false;
    const now = uint(8, BigInt(Date.now()) * 1_000n);
    this.send(frame(join(MESSAGE_CODE.SYNC, 3, uint(8, t1), now, now), { qos: 0 }));
    return true;
  }

  #look(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}
