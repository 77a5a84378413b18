import { ByteWriter } from "../wire/byte_writer.ts";
import { type FrameHeader, writeFrame } from "../wire/frame.ts";
import type { FrameRange } from "../wire/frame_range.ts";
import { type EncodedValue, QOS, type SetMessage, VALUE_CODE } from "../wire/message.ts";
import { isLive, type Version } from "../state/version.ts";
import type { Subscriber } from "./subscriber.ts";

/** How a change came about. */
export interface ChangeCause {
  /** The link it came by; it is not told again, unless the merge raised the version. */
  readonly from?: Subscriber | undefined;
  /** The link that is told by an answer of its own. */
  readonly except?: Subscriber | undefined;
  /** The version has a revision that its sender does not know. */
  readonly raised: boolean;
  /** It is not kept here: it is told now, or never. */
  readonly isPassedOn?: boolean | undefined;
  /** What came is what peers are sent: see {@linkcode isPeerFrame}. Valid while it is told. */
  readonly frame?: FrameRange | undefined;
}

const clientWriter = new ByteWriter();
const peerWriter = new ByteWriter();
const NULL_VALUE: EncodedValue = new Uint8Array([VALUE_CODE.null]);

/**
 * One new version on its way to those who want it. Each form of it is encoded once, however many
 * receive it; the bytes are valid until the next change.
 */
export class ParamChange {
  readonly address: string;
  readonly version: Version;
  readonly cause: ChangeCause;
  #clientFrame: Uint8Array | undefined;
  #peerFrame: FrameRange | undefined;
  #turnIndex: number | undefined;

  constructor(address: string, version: Version, cause: ChangeCause) {
    this.address = address;
    this.version = version;
    this.cause = cause;
  }

  /** Peers are told of a tombstone; CLASP has no message for it, so clients are not. */
  get isTombstone(): boolean {
    return !isLive(this.version);
  }

  /**
   * SET with its revision, as clients get it.
   *
   * @throws {TypeError} when it is a tombstone
   */
  clientFrame(): Uint8Array {
    if (this.#clientFrame === undefined) {
      const { version } = this;
      if (!isLive(version)) throw new TypeError("Cannot tell a client of a tombstone");
      clientWriter.reset();
      const { value, revision, ttl } = version;
      writeFrame(clientWriter, {
        type: "SET",
        address: this.address,
        value,
        revision,
        ttl: ttl === 0 ? undefined : ttl,
      }, { qos: QOS.confirm });
      this.#clientFrame = clientWriter.bytes();
    }
    return this.#clientFrame;
  }

  /** Index of `clientFrame` among the messages of this turn. */
  turnIndex(turn: { add(message: Uint8Array): number }): number {
    this.#turnIndex ??= turn.add(this.clientFrame());
    return this.#turnIndex;
  }

  /** SET with revision, TTL and timestamp, as peers get it behind a context. */
  peerFrame(): FrameRange {
    this.#peerFrame ??= this.cause.frame ?? this.#encodePeerFrame();
    return this.#peerFrame;
  }

  #encodePeerFrame(): FrameRange {
    peerWriter.reset();
    writePeerFrame(peerWriter, this.address, this.version);
    return peerWriter.range();
  }
}

/**
 * Writes a version as a peer gets it: SET with revision and TTL, the timestamp in the frame. The value
 * of a tombstone is null; its context says what it is.
 */
export function writePeerFrame(writer: ByteWriter, address: string, version: Version): void {
  const { value = NULL_VALUE, revision, ttl, timestampMicros } = version;
  writeFrame(writer, { type: "SET", address, value, revision, ttl }, {
    qos: QOS.fire,
    timestampMicros,
  });
}

/** Code, flags, length of the address, revision and TTL, without the type of the value. */
const PEER_PAYLOAD_BYTES = 15;

/**
 * Whether the frame of a SET is byte for byte what `writePeerFrame` would write of the version in it.
 * Frames with other addresses than of ASCII, which say no, are but written anew.
 */
export function isPeerFrame(
  { qos, timestampMicros, payloadStart, payloadEnd }: FrameHeader,
  { address, value, revision, lock, unlock, ttl }: SetMessage,
): boolean {
  // What follows a message in its frame is nobody's, and no business of others.
  return payloadEnd - payloadStart === PEER_PAYLOAD_BYTES + address.length + value.length &&
    qos === QOS.fire && timestampMicros !== undefined && revision !== undefined &&
    ttl !== undefined && lock !== true && unlock !== true;
}
