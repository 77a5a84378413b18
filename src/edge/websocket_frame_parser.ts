import { decodeUtf8 } from "../wire/utf8.ts";
import { OPCODE } from "./websocket_opcode.ts";
import { WebSocketProtocolError } from "./websocket_protocol_error.ts";

/** What a server has said. Pongs are none: nobody here asks for them. */
export type ServerEvent =
  /** One whole binary message; the bytes are the receiver's. */
  | { readonly type: "message"; readonly bytes: Uint8Array }
  /** A text message has ended. Its bytes are not kept. */
  | { readonly type: "text" }
  | { readonly type: "ping"; readonly payload: Uint8Array }
  /** The last event. `code` is 1005 when there was none. */
  | { readonly type: "close"; readonly code: number; readonly reason: string };

/** RFC 6455, section 7.4.1. */
const CODE_PROTOCOL_ERROR = 1002;
const CODE_NO_STATUS = 1005;
const CODE_INVALID_TEXT = 1007;
const CODE_TOO_BIG = 1009;

const FINAL_BIT = 0x80;
const RESERVED_BITS = 0x70;
const OPCODE_BITS = 0x0f;
const CONTROL_BIT = 0x08;
const MASKED_BIT = 0x80;
const LENGTH_BITS = 0x7f;
const LENGTH_IS_U16 = 126;
const LENGTH_IS_U64 = 127;
const HEADER_BYTES_MAX = 10;
const CONTROL_BYTES_MAX = 125;
/** Bytes that a message in fragments of unknown number starts with. */
const FRAGMENTS_BYTES_MIN = 1_024;

const NOTHING = new Uint8Array(0);

/** Messages and control frames out of the bytes that a WebSocket server sends. */
export class ServerFrameParser {
  readonly #messageBytesMax: number;
  #chunk: Uint8Array = NOTHING;
  #at = 0;
  readonly #header = new Uint8Array(HEADER_BYTES_MAX);
  #headerLength = 0;
  /** Of the frame whose payload is being read; undefined in and before a header. */
  #opcode: number | undefined;
  #isFinal = false;
  #payloadLeft = 0;
  /** Of the message whose first frame has begun and whose last has not ended. */
  #messageOpcode: number | undefined;
  /** Bytes of it so far, text that is not kept included. */
  #messageLength = 0;
  #message: Uint8Array = NOTHING;
  readonly #control = new Uint8Array(CONTROL_BYTES_MAX);
  #controlLength = 0;
  #hasEnded = false;

  /** @param messageBytesMax A message that declares more is refused before it is kept. */
  constructor(messageBytesMax: number) {
    this.#messageBytesMax = messageBytesMax;
  }

  /**
   * Takes the next bytes, however they are cut. They must not change until `next` has returned
   * undefined, and must not be followed by others before that.
   */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /**
   * The next event, or undefined when that takes more bytes. After a close or an error there is
   * none, whatever comes.
   *
   * @throws {WebSocketProtocolError} When the server broke a rule; once.
   */
  next(): ServerEvent | undefined {
    if (this.#hasEnded) return undefined;
    while (this.#opcode !== undefined || this.#readHeader()) {
      if (!this.#readPayload()) return undefined;
      const event = this.#endFrame();
      if (event !== undefined) return event;
    }
    return undefined;
  }

  #readHeader(): boolean {
    while (this.#at < this.#chunk.length) {
      this.#header[this.#headerLength++] = this.#chunk[this.#at++] ?? 0;
      if (this.#headerLength >= 2 && this.#headerLength === headerBytes(this.#header)) {
        this.#startFrame();
        return true;
      }
    }
    return false;
  }

  #startFrame(): void {
    const [first = 0, second = 0] = this.#header;
    const opcode = first & OPCODE_BITS;
    if ((first & RESERVED_BITS) !== 0) this.#fail("a frame uses an extension that was not offered");
    if ((second & MASKED_BIT) !== 0) this.#fail("a frame from the server is masked");
    const length = payloadLength(this.#header);
    this.#headerLength = 0;
    this.#opcode = opcode;
    this.#isFinal = (first & FINAL_BIT) !== 0;
    this.#payloadLeft = length;
    if ((opcode & CONTROL_BIT) !== 0) this.#startControl(opcode, length);
    else this.#startData(opcode, length);
  }

  #startControl(opcode: number, length: number): void {
    if (opcode > OPCODE.pong) this.#fail(`a frame has the unknown opcode ${opcode}`);
    if (!this.#isFinal) this.#fail("a control frame is fragmented");
    if (length > CONTROL_BYTES_MAX) {
      this.#fail(`a control frame has ${length} bytes, the limit is ${CONTROL_BYTES_MAX}`);
    }
    this.#controlLength = 0;
  }

  #startData(opcode: number, length: number): void {
    if (opcode > OPCODE.binary) this.#fail(`a frame has the unknown opcode ${opcode}`);
    if (opcode === OPCODE.continuation) {
      if (this.#messageOpcode === undefined) this.#fail("a message starts with a continuation");
    } else {
      if (this.#messageOpcode !== undefined) this.#fail("a message starts inside another one");
      this.#messageOpcode = opcode;
      this.#messageLength = 0;
    }
    const total = this.#messageLength + length;
    if (total > this.#messageBytesMax) {
      const limit = this.#messageBytesMax;
      this.#fail(`a message has ${total} bytes or more, the limit is ${limit}`, CODE_TOO_BIG);
    }
    if (this.#messageOpcode === OPCODE.binary) this.#reserve(total);
  }

  /** Makes room for a message of so many bytes, as far as is known. */
  #reserve(bytes: number): void {
    const isWhole = this.#isFinal && this.#messageLength === 0;
    // Then it is cut from the chunk; see #endMessage.
    if (isWhole && bytes <= this.#chunk.length - this.#at) return;
    if (bytes <= this.#message.length) return;
    // Many small fragments are not to be many small copies; the last one is exact.
    const size = this.#isFinal
      ? bytes
      : Math.min(this.#messageBytesMax, Math.max(2 * bytes, FRAGMENTS_BYTES_MIN));
    const grown = new Uint8Array(size);
    grown.set(this.#message.subarray(0, this.#messageLength));
    this.#message = grown;
  }

  /** Whether the frame is complete. */
  #readPayload(): boolean {
    const count = Math.min(this.#payloadLeft, this.#chunk.length - this.#at);
    const start = this.#at;
    this.#at += count;
    this.#payloadLeft -= count;
    if (((this.#opcode ?? 0) & CONTROL_BIT) !== 0) {
      this.#control.set(this.#chunk.subarray(start, this.#at), this.#controlLength);
      this.#controlLength += count;
    } else {
      // Without room it is text, or whole in this chunk.
      if (this.#message.length > 0) {
        this.#message.set(this.#chunk.subarray(start, this.#at), this.#messageLength);
      }
      this.#messageLength += count;
    }
    return this.#payloadLeft === 0;
  }

  #endFrame(): ServerEvent | undefined {
    const opcode = this.#opcode;
    this.#opcode = undefined;
    switch (opcode) {
      case OPCODE.close:
        return this.#endClose();
      case OPCODE.ping:
        return { type: "ping", payload: this.#control.slice(0, this.#controlLength) };
      case OPCODE.pong:
        return undefined;
      default:
        return this.#isFinal ? this.#endMessage() : undefined;
    }
  }

  #endMessage(): ServerEvent {
    const isText = this.#messageOpcode === OPCODE.text;
    const message = this.#message;
    const length = this.#messageLength;
    this.#messageOpcode = undefined;
    this.#messageLength = 0;
    this.#message = NOTHING;
    if (isText) return { type: "text" };
    if (message.length === 0) {
      return { type: "message", bytes: this.#chunk.slice(this.#at - length, this.#at) };
    }
    return {
      type: "message",
      bytes: message.length === length ? message : message.slice(0, length),
    };
  }

  #endClose(): ServerEvent {
    const length = this.#controlLength;
    if (length === 0) {
      this.#hasEnded = true;
      return { type: "close", code: CODE_NO_STATUS, reason: "" };
    }
    if (length === 1) this.#fail("a close frame has half a code");
    const [high = 0, low = 0] = this.#control;
    const code = high << 8 | low;
    if (!isCloseCode(code)) this.#fail(`a close frame has the code ${code}, which may not be sent`);
    const reason = decodeUtf8(this.#control, 2, length);
    if (reason === undefined) this.#fail("the reason of a close is not UTF-8", CODE_INVALID_TEXT);
    this.#hasEnded = true;
    return { type: "close", code, reason };
  }

  #fail(message: string, closeCode: number = CODE_PROTOCOL_ERROR): never {
    this.#hasEnded = true;
    this.#message = NOTHING;
    throw new WebSocketProtocolError(closeCode, message);
  }
}

/** Known from the second byte on. */
function headerBytes(header: Uint8Array): number {
  const length = (header[1] ?? 0) & LENGTH_BITS;
  return length === LENGTH_IS_U64 ? 10 : length === LENGTH_IS_U16 ? 4 : 2;
}

/**
 * Lengths in more bytes than they need are taken, as everybody does. Those from 2^53 on come out
 * inexact, and too big all the same.
 */
function payloadLength(header: Uint8Array): number {
  const length = (header[1] ?? 0) & LENGTH_BITS;
  if (length < LENGTH_IS_U16) return length;
  const end = headerBytes(header);
  let value = 0;
  for (let i = 2; i < end; i++) value = value * 256 + (header[i] ?? 0);
  return value;
}

/** Reserved codes, and those that only stand for the lack of a close frame, do not travel. */
function isCloseCode(code: number): boolean {
  if (code >= 3000) return code < 5000;
  return code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006);
}
