import { ByteWriter } from "../wire/byte_writer.ts";
import { writeFrame } from "../wire/frame.ts";
import { QOS } from "../wire/message.ts";
import type { Version } from "../state/version.ts";
import type { Subscriber } from "./subscriber.ts";

/** How a change came about. */
export interface ChangeCause {
  /** The link it came by; it is not told again, unless the merge raised the version. */
  readonly from?: Subscriber | undefined;
  /** The link that is told by an answer of its own. */
  readonly except?: Subscriber | undefined;
  /** The version has a revision that its sender does not know. */
  readonly raised: boolean;
}

const clientWriter = new ByteWriter();
const peerWriter = new ByteWriter();

/**
 * One new version on its way to those who want it. Each form of it is encoded once, however many
 * receive it; the bytes are valid until the next change.
 */
export class ParamChange {
  readonly address: string;
  readonly version: Version;
  readonly cause: ChangeCause;
  #clientFrame: Uint8Array | undefined;
  #peerFrame: Uint8Array | undefined;

  constructor(address: string, version: Version, cause: ChangeCause) {
    this.address = address;
    this.version = version;
    this.cause = cause;
  }

  /** SET with its revision, as clients get it. */
  clientFrame(): Uint8Array {
    if (this.#clientFrame === undefined) {
      clientWriter.reset();
      const { value, revision, ttl } = this.version;
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

  /** SET with revision, TTL and timestamp, as peers get it behind a context. */
  peerFrame(): Uint8Array {
    if (this.#peerFrame === undefined) {
      peerWriter.reset();
      writePeerFrame(peerWriter, this.address, this.version);
      this.#peerFrame = peerWriter.bytes();
    }
    return this.#peerFrame;
  }
}

/** Writes a version as a peer gets it: SET with revision and TTL, the timestamp in the frame. */
export function writePeerFrame(writer: ByteWriter, address: string, version: Version): void {
  const { value, revision, ttl, timestampMicros } = version;
  writeFrame(writer, { type: "SET", address, value, revision, ttl }, {
    qos: QOS.fire,
    timestampMicros,
  });
}
