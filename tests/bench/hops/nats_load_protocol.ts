import { NATS_ADDRESSES, readAddressNumber, writeAddressNumber } from "./load_address.ts";
import type { LoadProtocol, LoadRole, LoadSink, LoadUpdate } from "./load_protocol.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
const VALUE_BYTES = 8;
const LINE_END_BYTES = 2;
/** Where the subject of `MSG subject ...` starts. */
const SUBJECT_AT = 4;
const ACKS = "_INBOX.load";
const UNDERSCORE = 0x5f;

/** First bytes of what a NATS server says. */
const VERB = { message: 0x4d, ping: 0x50, info: 0x49, ok: 0x2b } as const;

/**
 * Core NATS as text; for JetStream, updates ask for the stream's acknowledgement when they are
 * confirmed. Several PUBs are written to TCP in one go, as NATS clients do.
 */
export class NatsLoadProtocol implements LoadProtocol {
  readonly openingSteps: readonly Uint8Array[];
  readonly updateBytes: number;
  readonly #template: Uint8Array;
  readonly #templateView: DataView;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(role: LoadRole, { asksForAck }: { readonly asksForAck: boolean }) {
    const subscription = role === "reader"
      ? `SUB ${NATS_ADDRESSES.all} 1\r\n`
      : asksForAck
      ? `SUB ${ACKS} 2\r\n`
      : "";
    const opening = 'CONNECT {"verbose":false,"pedantic":false}\r\n' + subscription + "PING\r\n";
    this.openingSteps = [new TextEncoder().encode(opening)];
    const reply = asksForAck ? ` ${ACKS}` : "";
    const line = `PUB ${NATS_ADDRESSES.first}${reply} ${VALUE_BYTES}\r\n`;
    this.#template = new TextEncoder().encode(`${line}${"0".repeat(VALUE_BYTES)}\r\n`);
    this.#templateView = new DataView(this.#template.buffer);
    this.updateBytes = this.#template.length;
  }

  writeUpdate(bytes: Uint8Array, at: number, { address, number }: LoadUpdate): void {
    writeAddressNumber(this.#template, SUBJECT_AT + NATS_ADDRESSES.length, address);
    this.#templateView.setFloat64(this.updateBytes - LINE_END_BYTES - VALUE_BYTES, number);
    bytes.set(this.#template, at);
  }

  parse(bytes: Uint8Array, length: number, sink: LoadSink): number {
    if (this.#view.buffer !== bytes.buffer) this.#view = new DataView(bytes.buffer);
    for (let at = 0;;) {
      let end = at;
      while (end < length && bytes[end] !== NEWLINE) end++;
      if (end >= length) return at;
      const next = end + 1;
      if (bytes[at] !== VERB.message) {
        this.#line(bytes.subarray(at, next), sink);
        at = next;
        continue;
      }
      const size = sizeBefore(bytes, end - 1);
      if (next + size + LINE_END_BYTES > length) return at;
      this.#message(bytes, { start: at, payload: next, size }, sink);
      at = next + size + LINE_END_BYTES;
    }
  }

  #line(line: Uint8Array, sink: LoadSink): void {
    switch (line[0]) {
      case VERB.ping:
        if (line[1] === "I".charCodeAt(0)) sink.write(new TextEncoder().encode("PONG\r\n"));
        else sink.answered();
        return;
      case VERB.info:
      case VERB.ok:
        return;
      default:
        throw new Error(`NATS says ${new TextDecoder().decode(line)}`);
    }
  }

  #message(
    bytes: Uint8Array,
    at: { readonly start: number; readonly payload: number; readonly size: number },
    sink: LoadSink,
  ): void {
    if (bytes[at.start + SUBJECT_AT] === UNDERSCORE) {
      const text = new TextDecoder().decode(bytes.subarray(at.payload, at.payload + at.size));
      if (text.includes('"error"')) throw new Error(`JetStream says ${text}`);
      return sink.answered();
    }
    const address = readAddressNumber(bytes, at.start + SUBJECT_AT + NATS_ADDRESSES.length);
    if (address !== undefined) sink.update(address, this.#view.getFloat64(at.payload));
  }
}

/** The number that ends before `end`. */
function sizeBefore(bytes: Uint8Array, end: number): number {
  let size = 0;
  for (let at = end - 1, factor = 1; bytes[at] !== SPACE; at--, factor *= 10) {
    size += ((bytes[at] ?? 0) - ZERO) * factor;
  }
  return size;
}
