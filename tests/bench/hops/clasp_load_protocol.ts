import { ByteReader } from "../../../src/wire/byte_reader.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { ALL_SIGNALS, FEATURE, MESSAGE_CODE, QOS, VALUE_CODE } from "../../../src/wire/message.ts";
import { encodeValue, skipValue } from "../../../src/wire/value_codec.ts";
import { CLASP_ADDRESSES, readAddressNumber, writeAddressNumber } from "./load_address.ts";
import type { LoadProtocol, LoadRole, LoadSink, LoadUpdate } from "./load_protocol.ts";

const FINAL_BINARY = 0x82;
const FINAL_CLOSE = 0x88;
const FINAL_PING = 0x89;
const FINAL_PONG = 0x8a;
const MASK_BYTES = 4;
const LENGTH_IS_U16 = 126;
const LENGTH_IS_U64 = 127;
const TIMESTAMP_BIT = 0x20;
const QOS_AND_VERSION = 1;
const SET_ADDRESS_AT = 4;
const VALUE_BYTES = 8;
const REVISION_BYTES = 8;
const ENTRY_WRITER = 0x01;
const ENTRY_TIMESTAMP = 0x02;
const BUNDLE_TIMESTAMP = 0x80;
const UPGRADE =
  "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" +
  "Sec-WebSocket-Protocol: clasp\r\n\r\n";
/** Any f64 that is no whole number, so that all updates have the same type. */
const SOME_NUMBER = 0.5;

/**
 * CLASP over WebSocket. As the public clients do, one SET is one WebSocket message; several of them
 * are written to TCP in one go. Takes SET and SNAPSHOT frames, several in one message too, and bundles
 * of SETs. Masks are 0, which costs a server what any other mask does.
 */
export class ClaspLoadProtocol implements LoadProtocol {
  readonly openingSteps: readonly Uint8Array[];
  readonly updateBytes: number;
  readonly #template: Uint8Array;
  readonly #templateView: DataView;
  readonly #flagsAt: number;
  readonly #fireFlags: number;
  readonly #confirmFlags: number;
  readonly #addressEnd: number;
  #isUpgraded = false;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** For a relay, which only copies, there is no handshake. */
  constructor(role: LoadRole, { isRelay }: { readonly isRelay: boolean }) {
    const upgrade = new TextEncoder().encode(UPGRADE);
    const steps = isRelay ? [] : role === "writer" ? [hello()] : [hello(), subscribe()];
    this.openingSteps = [upgrade, ...steps.map(maskedMessage)];
    const set = encodeFrame(
      { type: "SET", address: CLASP_ADDRESSES.first, value: encodeValue(SOME_NUMBER) },
      { qos: QOS.fire },
    );
    this.#template = maskedMessage(set);
    this.#templateView = new DataView(this.#template.buffer);
    this.updateBytes = this.#template.length;
    this.#addressEnd = this.updateBytes - VALUE_BYTES;
    this.#flagsAt = this.updateBytes - set.length + 1;
    this.#fireFlags = QOS_AND_VERSION;
    this.#confirmFlags = (QOS.confirm << 6) | QOS_AND_VERSION;
  }

  writeUpdate(bytes: Uint8Array, at: number, update: LoadUpdate): void {
    const template = this.#template;
    template[this.#flagsAt] = update.isConfirmed ? this.#confirmFlags : this.#fireFlags;
    writeAddressNumber(template, this.#addressEnd, update.address);
    this.#templateView.setFloat64(this.#addressEnd, update.number);
    bytes.set(template, at);
  }

  parse(bytes: Uint8Array, length: number, sink: LoadSink): number {
    let at = this.#isUpgraded ? 0 : this.#parseUpgrade(bytes, length, sink);
    if (!this.#isUpgraded) return 0;
    if (this.#view.buffer !== bytes.buffer) this.#view = new DataView(bytes.buffer);
    for (;;) {
      if (length - at < 2) return at;
      let payload = at + 2;
      let size = bytes[at + 1] ?? 0;
      if (size === LENGTH_IS_U16) {
        if (length - at < 4) return at;
        size = this.#view.getUint16(payload);
        payload += 2;
      } else if (size === LENGTH_IS_U64) {
        if (length - at < 10) return at;
        size = this.#view.getUint32(payload + 4);
        payload += 8;
      }
      if (payload + size > length) return at;
      this.#message(bytes, { opcode: bytes[at] ?? 0, start: payload, end: payload + size }, sink);
      at = payload + size;
    }
  }

  #parseUpgrade(bytes: Uint8Array, length: number, sink: LoadSink): number {
    const head = new TextDecoder("latin1").decode(bytes.subarray(0, length));
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return 0;
    if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`No WebSocket: ${head.slice(0, end)}`);
    this.#isUpgraded = true;
    sink.answered();
    return end + 4;
  }

  #message(bytes: Uint8Array, { opcode, start, end }: WebSocketFrame, sink: LoadSink): void {
    if (opcode === FINAL_BINARY) {
      for (let at = start; at < end;) at = this.#frame(bytes, at, sink);
    } else if (opcode === FINAL_PING) {
      sink.write(Uint8Array.of(FINAL_PONG, 0x80 | (end - start), 0, 0, 0, 0));
      sink.write(bytes.slice(start, end));
    } else if (opcode === FINAL_CLOSE) {
      throw new Error(`Closed: ${new TextDecoder().decode(bytes.subarray(start + 2, end))}`);
    } else throw new Error(`A WebSocket frame starts with ${opcode}`);
  }

  /** @returns Where it ends. */
  #frame(bytes: Uint8Array, at: number, sink: LoadSink): number {
    const start = at + 4 + (((bytes[at + 1] ?? 0) & TIMESTAMP_BIT) !== 0 ? 8 : 0);
    const end = start + this.#view.getUint16(at + 2);
    this.#payload(bytes, { start, end }, sink);
    return end;
  }

  #payload(bytes: Uint8Array, { start, end }: Part, sink: LoadSink): void {
    switch (bytes[start]) {
      case MESSAGE_CODE.SET:
        return this.#set(bytes, start, sink);
      case MESSAGE_CODE.SNAPSHOT:
        return this.#snapshot(bytes, { start, end }, sink);
      case MESSAGE_CODE.BUNDLE:
        return this.#bundle(bytes, start, sink);
      case MESSAGE_CODE.WELCOME:
      case MESSAGE_CODE.ACK:
        return sink.answered();
      case MESSAGE_CODE.ERROR:
        throw new Error(`Refused: ${new TextDecoder().decode(bytes.subarray(start, end))}`);
    }
  }

  #set(bytes: Uint8Array, start: number, sink: LoadSink): void {
    const addressLength = this.#view.getUint16(start + 2);
    const addressEnd = start + SET_ADDRESS_AT + addressLength;
    this.#update(bytes, { addressLength, addressEnd, valueAt: addressEnd }, sink);
  }

  #snapshot(bytes: Uint8Array, { start, end }: Part, sink: LoadSink): void {
    let at = start + 3;
    for (let left = this.#view.getUint16(start + 1); left > 0; left--) {
      const addressLength = this.#view.getUint16(at);
      const addressEnd = at + 2 + addressLength;
      const valueAt = addressEnd + 1;
      at = valueAt + VALUE_BYTES;
      if (bytes[addressEnd] === VALUE_CODE.f64) {
        this.#update(bytes, { addressLength, addressEnd, valueAt }, sink);
      } else at = endOfValue(bytes, addressEnd, end);
      at += REVISION_BYTES + 1;
      const flags = bytes[at - 1] ?? 0;
      if ((flags & ENTRY_WRITER) !== 0) at += 2 + this.#view.getUint16(at);
      if ((flags & ENTRY_TIMESTAMP) !== 0) at += 8;
    }
  }

  #bundle(bytes: Uint8Array, start: number, sink: LoadSink): void {
    let at = start + 4 + (((bytes[start + 1] ?? 0) & BUNDLE_TIMESTAMP) !== 0 ? 8 : 0);
    for (let left = this.#view.getUint16(start + 2); left > 0; left--) {
      const end = at + 2 + this.#view.getUint16(at);
      this.#payload(bytes, { start: at + 2, end }, sink);
      at = end;
    }
  }

  #update(
    bytes: Uint8Array,
    at: { readonly addressLength: number; readonly addressEnd: number; readonly valueAt: number },
    sink: LoadSink,
  ): void {
    if (at.addressLength !== CLASP_ADDRESSES.length) return;
    const address = readAddressNumber(bytes, at.addressEnd);
    if (address !== undefined) sink.update(address, this.#view.getFloat64(at.valueAt));
  }
}

interface Part {
  readonly start: number;
  readonly end: number;
}

interface WebSocketFrame extends Part {
  readonly opcode: number;
}

/** For what a router says of itself. */
function endOfValue(bytes: Uint8Array, start: number, end: number): number {
  const reader = new ByteReader(bytes, start, end);
  skipValue(reader, reader.u8());
  return reader.position;
}

function hello(): Uint8Array {
  return encodeFrame({ type: "HELLO", version: 1, features: FEATURE.param, name: "load" });
}

function subscribe(): Uint8Array {
  return encodeFrame({
    type: "SUBSCRIBE",
    id: 1,
    pattern: CLASP_ADDRESSES.all,
    types: ALL_SIGNALS,
  });
}

/** A WebSocket message of at most 125 bytes, as clients send it. */
function maskedMessage(payload: Uint8Array): Uint8Array {
  const message = new Uint8Array(2 + MASK_BYTES + payload.length);
  message.set([FINAL_BINARY, 0x80 | payload.length]);
  message.set(payload, 2 + MASK_BYTES);
  return message;
}
