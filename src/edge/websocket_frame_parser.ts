import { decodeUtf8 } from "../wire/utf8.ts";
import { MaskingBuffer, rotatedMask } from "./masking_buffer.ts";
import { OPCODE } from "./websocket_opcode.ts";
import { WebSocketProtocolError } from "./websocket_protocol_error.ts";
import type { WebSocketRole } from "./websocket_role.ts";

/**
 * What a peer has said: a whole binary message, the end of a text message, whose bytes are not kept,
 * a ping, or the close, which is the last. Pongs are none: that bytes came is all they tell.
 */
export type FrameEvent = "message" | "text" | "ping" | "close";

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
const MASK_BYTES = 4;
const HEADER_BYTES_MAX = 14;
const CONTROL_BYTES_MAX = 125;
/** A header while it is read: of one parser at a time, and of none between two calls. */
const HEADER = new Uint8Array(HEADER_BYTES_MAX);
/** Bytes of the buffer that a message in pieces starts with. */
const PIECES_BYTES_MIN = 1_024;
/** A buffer that a larger message needed is not kept for the next. */
const PIECES_BYTES_KEPT_MAX = 65_536;

/** The first byte of a binary message in one frame. */
const WHOLE_MESSAGE = FINAL_BIT | OPCODE.binary;
const NOTHING = new Uint8Array(0);
const NO_CHUNK = new MaskingBuffer(NOTHING.buffer);

/**
 * Messages and control frames out of the bytes that the other end of a WebSocket sends.
 *
 * It makes no objects of its own for a message that lies whole in a chunk: these come by the
 * thousand.
 */
export class FrameParser {
  readonly #role: WebSocketRole;
  /** The mask bit that frames are to have, and the bytes of mask that follow their length. */
  readonly #maskBit: number;
  readonly #maskBytes: number;
  readonly #messageBytesMax: number;
  #buffer = NO_CHUNK;
  /** Where the bytes of the chunk that are not read yet begin and end in it. */
  #at = 0;
  #end = 0;
  /** What has come of a header that the last chunk did not end. */
  #headerBegun: Uint8Array = NOTHING;
  /** Of the frame whose payload is being read; undefined in and before a header. */
  #opcode: number | undefined;
  #isFinal = false;
  /** The mask as it goes on with the next byte of the payload. */
  #mask = 0;
  #payloadLeft = 0;
  /** Of the message whose first frame has begun and whose last has not ended. */
  #messageOpcode: number | undefined;
  /** Bytes of it so far, text that is not kept included. */
  #messageLength = 0;
  /** What has come of a message in pieces. */
  #pieces: Uint8Array = NOTHING;
  /** The payload of a ping or a close; that of a pong is not kept. */
  #control: Uint8Array = NOTHING;
  #controlLength = 0;
  #hasEnded = false;
  #payload: Uint8Array = NOTHING;
  #closeCode = CODE_NO_STATUS;
  #closeReason = "";

  /**
   * @param role Which end this is: as a server it wants every frame masked, as a client none.
   * @param messageBytesMax A message that declares more is refused before it is kept.
   */
  constructor(role: WebSocketRole, messageBytesMax: number) {
    this.#role = role;
    this.#maskBit = role === "server" ? MASKED_BIT : 0;
    this.#maskBytes = role === "server" ? MASK_BYTES : 0;
    this.#messageBytesMax = messageBytesMax;
  }

  /**
   * Of the message or the ping that `next` has named. The bytes are the parser's: they stay as they
   * are until the next call of `next` or `push`.
   */
  get payload(): Uint8Array {
    return this.#payload;
  }

  /** Of the close that `next` has named; 1005 when it has none. */
  get closeCode(): number {
    return this.#closeCode;
  }

  get closeReason(): string {
    return this.#closeReason;
  }

  /**
   * Takes the next bytes, however they are cut. They are unmasked where they are, must not change
   * until `next` has returned undefined, and must not be followed by others before that.
   */
  push(chunk: Uint8Array<ArrayBuffer>): void {
    if (chunk.buffer !== this.#buffer.bytes.buffer) this.#buffer = new MaskingBuffer(chunk.buffer);
    this.#at = chunk.byteOffset;
    this.#end = chunk.byteOffset + chunk.length;
  }

  /**
   * Gives up the last chunk, and memory that only traffic needs. For between `next` has returned
   * undefined and the next `push`.
   */
  rest(): void {
    if (this.#messageOpcode === undefined) this.#pieces = NOTHING;
    this.#payload = NOTHING;
    this.#buffer = NO_CHUNK;
  }

  /**
   * The next event, or undefined when that takes more bytes. After a close or an error there is
   * none, whatever comes.
   *
   * @throws {WebSocketProtocolError} When the peer broke a rule; once.
   */
  next(): FrameEvent | undefined {
    if (this.#hasEnded) return undefined;
    if (this.#takeWholeMessage()) return "message";
    while (this.#opcode !== undefined || this.#readHeader()) {
      if (!this.#readPayload()) return undefined;
      const event = this.#endFrame();
      if (event !== undefined) return event;
    }
    return undefined;
  }

  /**
   * The quick way for nearly all messages: binary, in one frame of less than 64 KiB, and all of it
   * there. Whatever else begins here, broken rules too, is left to the long way.
   */
  #takeWholeMessage(): boolean {
    const { bytes } = this.#buffer;
    const at = this.#at;
    if (at >= this.#end || bytes[at] !== WHOLE_MESSAGE || this.#opcode !== undefined) return false;
    if (this.#headerBegun.length > 0 || this.#messageOpcode !== undefined) return false;
    const second = bytes[at + 1] ?? 0;
    if ((second & MASKED_BIT) !== this.#maskBit) return false;
    let length = second & LENGTH_BITS;
    let start = at + 2;
    if (length >= LENGTH_IS_U16) {
      if (length === LENGTH_IS_U64) return false;
      length = (bytes[at + 2] ?? 0) << 8 | (bytes[at + 3] ?? 0);
      start += 2;
    }
    start += this.#maskBytes;
    const end = start + length;
    // Also false when the header is cut off: then what was read of it came from behind the chunk.
    if (end > this.#end || length > this.#messageBytesMax) return false;
    if (this.#maskBytes > 0) this.#buffer.mask(start, end, maskAt(bytes, start - MASK_BYTES));
    this.#at = end;
    this.#payload = bytes.subarray(start, end);
    return true;
  }

  #readHeader(): boolean {
    const { bytes } = this.#buffer;
    let length = this.#headerBegun.length;
    HEADER.set(this.#headerBegun);
    while (this.#at < this.#end) {
      HEADER[length++] = bytes[this.#at++] ?? 0;
      if (length >= 2 && length === headerBytes(HEADER)) {
        this.#headerBegun = NOTHING;
        this.#startFrame(HEADER.subarray(0, length));
        return true;
      }
    }
    if (length > this.#headerBegun.length) this.#headerBegun = HEADER.slice(0, length);
    return false;
  }

  #startFrame(header: Uint8Array): void {
    const [first = 0, second = 0] = header;
    const opcode = first & OPCODE_BITS;
    if ((first & RESERVED_BITS) !== 0) this.#fail("a frame uses an extension that was not offered");
    if ((second & MASKED_BIT) !== this.#maskBit) {
      this.#fail(
        this.#role === "client"
          ? "a frame from the server is masked"
          : "a frame from the client is not masked",
      );
    }
    const length = payloadLength(header);
    if (this.#maskBytes > 0) this.#mask = maskAt(header, header.length - MASK_BYTES);
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
    const isKept = opcode !== OPCODE.pong;
    if (isKept && length > this.#control.length) this.#control = new Uint8Array(length);
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
      const text = `a message has ${total} bytes or more, the limit is ${limit}`;
      this.#hasEnded = true;
      throw new WebSocketProtocolError(CODE_TOO_BIG, text, total);
    }
  }

  /** Whether the frame is complete. */
  #readPayload(): boolean {
    const count = Math.min(this.#payloadLeft, this.#end - this.#at);
    const start = this.#at;
    this.#at += count;
    this.#payloadLeft -= count;
    const isControl = ((this.#opcode ?? 0) & CONTROL_BIT) !== 0;
    if (isControl ? this.#opcode !== OPCODE.pong : this.#messageOpcode === OPCODE.binary) {
      if (this.#maskBytes > 0) {
        this.#buffer.mask(start, this.#at, this.#mask);
        this.#mask = rotatedMask(this.#mask, count);
      }
      const piece = this.#buffer.bytes.subarray(start, this.#at);
      if (isControl) this.#control.set(piece, this.#controlLength);
      else this.#keep(piece);
    }
    if (isControl) this.#controlLength += count;
    else this.#messageLength += count;
    return this.#payloadLeft === 0;
  }

  #keep(piece: Uint8Array): void {
    const known = this.#messageLength + piece.length;
    if (known > this.#pieces.length) {
      // Not what the header promises: whoever lets a router hold much has to send much.
      const most = this.#isFinal ? known + this.#payloadLeft : this.#messageBytesMax;
      const grown = new Uint8Array(Math.min(most, Math.max(2 * known, PIECES_BYTES_MIN)));
      grown.set(this.#pieces.subarray(0, this.#messageLength));
      this.#pieces = grown;
    }
    this.#pieces.set(piece, this.#messageLength);
  }

  #endFrame(): FrameEvent | undefined {
    const opcode = this.#opcode;
    this.#opcode = undefined;
    switch (opcode) {
      case OPCODE.close:
        return this.#endClose();
      case OPCODE.ping:
        this.#payload = this.#control.subarray(0, this.#controlLength);
        return "ping";
      case OPCODE.pong:
        return undefined;
      default:
        return this.#isFinal ? this.#endMessage() : undefined;
    }
  }

  #endMessage(): FrameEvent {
    const isText = this.#messageOpcode === OPCODE.text;
    this.#payload = this.#pieces.subarray(0, isText ? 0 : this.#messageLength);
    this.#messageOpcode = undefined;
    this.#messageLength = 0;
    if (this.#pieces.length > PIECES_BYTES_KEPT_MAX) this.#pieces = NOTHING;
    return isText ? "text" : "message";
  }

  #endClose(): FrameEvent {
    const length = this.#controlLength;
    if (length === 1) this.#fail("a close frame has half a code");
    if (length > 0) this.#readClose(length);
    this.#hasEnded = true;
    return "close";
  }

  #readClose(length: number): void {
    const [high = 0, low = 0] = this.#control;
    const code = high << 8 | low;
    if (!isCloseCode(code)) this.#fail(`a close frame has the code ${code}, which may not be sent`);
    const reason = decodeUtf8(this.#control, 2, length);
    if (reason === undefined) this.#fail("the reason of a close is not UTF-8", CODE_INVALID_TEXT);
    this.#closeCode = code;
    this.#closeReason = reason;
  }

  #fail(message: string, closeCode: number = CODE_PROTOCOL_ERROR): never {
    this.#hasEnded = true;
    this.#pieces = NOTHING;
    throw new WebSocketProtocolError(closeCode, message);
  }
}

/** Known from the second byte on. */
function headerBytes(header: Uint8Array): number {
  return lengthEnd(header) + (((header[1] ?? 0) & MASKED_BIT) === 0 ? 0 : MASK_BYTES);
}

/** Where the length ends, known alike. */
function lengthEnd(header: Uint8Array): number {
  const length = (header[1] ?? 0) & LENGTH_BITS;
  return length === LENGTH_IS_U64 ? 10 : length === LENGTH_IS_U16 ? 4 : 2;
}

/** The u32 there, its high byte first. */
function maskAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) << 24 | (bytes[at + 1] ?? 0) << 16 | (bytes[at + 2] ?? 0) << 8 |
    (bytes[at + 3] ?? 0);
}

/**
 * Lengths in more bytes than they need are taken, as everybody does. Those from 2^53 on come out
 * inexact, and too big all the same.
 */
function payloadLength(header: Uint8Array): number {
  const length = (header[1] ?? 0) & LENGTH_BITS;
  if (length < LENGTH_IS_U16) return length;
  const end = lengthEnd(header);
  let value = 0;
  for (let i = 2; i < end; i++) value = value * 256 + (header[i] ?? 0);
  return value;
}

/** Reserved codes, and those that only stand for the lack of a close frame, do not travel. */
function isCloseCode(code: number): boolean {
  if (code >= 3000) return code < 5000;
  return code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006);
}
