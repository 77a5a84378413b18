import { BATCH_BYTES_MAX } from "../limits.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { type FrameOptions, writeFrame } from "../wire/frame.ts";
import { type FrameRange, wholeFrame } from "../wire/frame_range.ts";
import type {
  EventEntry,
  ForwardMessage,
  Message,
  ReplyEntry,
  RequestEntry,
} from "../wire/message.ts";

/** So many answers, each with the longest router id, fit the frame of their context. */
const ENTRIES_PER_CONTEXT = 400;

type Kind = Exclude<ForwardMessage["kind"], "share" | "shareReply">;

const OF_VERSIONS = { isOfTombstones: false };

/** The frames that the next context will cover. */
interface Run {
  readonly kind: Kind;
  readonly origin: string;
  readonly bootId: number;
  readonly isOfTombstones: boolean;
  /** When it was begun, for frames that have a life. */
  readonly sentMicros: number | undefined;
  count: number;
  /** One of these has an entry for each frame, as the kind says; none for versions. */
  readonly requests: RequestEntry[];
  readonly events: EventEntry[];
  readonly replies: ReplyEntry[];
}

/** What tells the requests and events of a router from those of others. */
interface ContextOrigin {
  readonly origin: string;
  readonly bootId: number;
}

/**
 * Joins what one event-loop turn produces for a peer into few WebSocket messages: consecutive frames
 * of one kind and origin stand behind one context. Nothing is reordered.
 */
export class EnvelopeWriter {
  readonly #send: (bytes: Uint8Array) => void;
  readonly #nowMicros: () => number | undefined;
  readonly #message = new ByteWriter();
  readonly #frames = new ByteWriter();
  #run: Run | undefined;

  /**
   * `send` gets one WebSocket message; its bytes are valid during the call. By `nowMicros`, monotonic
   * time, requests and events are told when they were written.
   */
  constructor(
    send: (bytes: Uint8Array) => void,
    nowMicros: () => number | undefined = () => undefined,
  ) {
    this.#send = send;
    this.#nowMicros = nowMicros;
  }

  /** Whether `flush` has anything to send. */
  get isEmpty(): boolean {
    return this.#message.length === 0 && this.#run === undefined;
  }

  /** A stamped version: the frame of a SET with revision, TTL and timestamp. */
  version(kind: "update" | "offer", origin: string, frame: FrameRange): void {
    this.#add(this.#runOf(kind, origin, 0), frame);
  }

  /** The tombstone of a version that has expired: a frame as of a version, its value null. */
  tombstone(kind: "update" | "offer", origin: string, frame: FrameRange): void {
    this.#add(this.#runOf(kind, origin, 0, { isOfTombstones: true }), frame);
  }

  /** A write request, its SET as the client wrote it. */
  request(from: ContextOrigin, entry: RequestEntry, frame: Uint8Array): void {
    const run = this.#runOf("request", from.origin, from.bootId);
    run.requests.push(entry);
    this.#add(run, wholeFrame(frame));
  }

  /** A PUBLISH. */
  event(from: ContextOrigin, entry: EventEntry, frame: Uint8Array): void {
    const run = this.#runOf("event", from.origin, from.bootId);
    run.events.push(entry);
    this.#add(run, wholeFrame(frame));
  }

  /** An answer: a SET when the write was accepted, else an ERROR. */
  reply(to: ContextOrigin, entry: ReplyEntry, frame: Uint8Array): void {
    const run = this.#runOf("reply", to.origin, to.bootId);
    run.replies.push(entry);
    this.#add(run, wholeFrame(frame));
  }

  /** One frame behind a context of its own. */
  covered(
    context: ForwardMessage & { readonly kind: "share" | "shareReply" },
    frame: Uint8Array,
  ): void {
    this.#closeRun();
    const timestampMicros = context.kind === "share" ? this.#nowMicros() : undefined;
    writeFrame(this.#message, context, { timestampMicros });
    this.#message.append(frame);
    this.#flushWhenFull();
  }

  /** Any other message, in its place between the rest. */
  message(message: Message, options: FrameOptions = {}): void {
    this.#closeRun();
    writeFrame(this.#message, message, options);
    this.#flushWhenFull();
  }

  /** Sends what there is. */
  flush(): void {
    this.#closeRun();
    if (this.#message.length === 0) return;
    const bytes = this.#message.bytes();
    this.#send(bytes);
    this.#message.reset();
  }

  #runOf(kind: Kind, origin: string, bootId: number, { isOfTombstones } = OF_VERSIONS): Run {
    const run = this.#run;
    if (
      run !== undefined && run.kind === kind && run.origin === origin && run.bootId === bootId &&
      run.isOfTombstones === isOfTombstones
    ) {
      return run;
    }
    this.#closeRun();
    const hasLife = kind === "request" || kind === "event";
    const sentMicros = hasLife ? this.#nowMicros() : undefined;
    const next: Run = {
      ...{ kind, origin, bootId, sentMicros, isOfTombstones },
      ...{ count: 0, requests: [], events: [], replies: [] },
    };
    this.#run = next;
    return next;
  }

  #add(run: Run, { whole, start, end }: FrameRange): void {
    this.#frames.append(whole, start, end);
    run.count++;
    if (run.count >= ENTRIES_PER_CONTEXT) this.#closeRun();
    this.#flushWhenFull();
  }

  #closeRun(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    writeFrame(this.#message, contextOf(run), { timestampMicros: run.sentMicros });
    this.#message.append(this.#frames.bytes());
    this.#frames.reset();
  }

  #flushWhenFull(): void {
    if (this.#message.length + this.#frames.length >= BATCH_BYTES_MAX) this.flush();
  }
}

function contextOf(run: Run): ForwardMessage {
  const { kind, origin, bootId, count, isOfTombstones } = run;
  const base = { type: "FEDERATION_SYNC", op: "Forward", origin, count } as const;
  switch (kind) {
    case "update":
    case "offer":
      return isOfTombstones ? { ...base, kind, tombstones: true } : { ...base, kind };
    case "request":
      return { ...base, kind, bootId, entries: run.requests };
    case "event":
      return { ...base, kind, bootId, entries: run.events };
    case "reply":
      return { ...base, kind, bootId, entries: run.replies };
  }
}
