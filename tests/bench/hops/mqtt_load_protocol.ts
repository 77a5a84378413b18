import { MQTT_ADDRESSES, readAddressNumber, writeAddressNumber } from "./load_address.ts";
import type { LoadProtocol, LoadRole, LoadSink, LoadUpdate } from "./load_protocol.ts";

const KEEP_ALIVE_SECONDS = 600;
const PROTOCOL_LEVEL = 4;
const CLEAN_SESSION = 2;
const VALUE_BYTES = 8;
const PACKET_IDS = 60_000;
const QOS_1 = 0x02;
const RETAIN = 0x01;

/** Packets, by their first byte; of PUBLISH the upper four bits. */
const PACKET = {
  connect: 0x10,
  connack: 0x20,
  publish: 0x30,
  puback: 0x40,
  subscribe: 0x82,
  suback: 0x90,
} as const;

/**
 * MQTT 3.1.1, each update retained. With QoS 1 each update is acknowledged by who gets it, as its
 * rules ask; acknowledgements of one turn leave in one write.
 */
export class MqttLoadProtocol implements LoadProtocol {
  readonly openingSteps: readonly Uint8Array[];
  readonly updateBytes: number;
  readonly #template: Uint8Array;
  readonly #templateView: DataView;
  readonly #isQos1: boolean;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(role: LoadRole, { isQos1 }: { readonly isQos1: boolean }) {
    const qos = isQos1 ? 1 : 0;
    const connect = packet(PACKET.connect, [
      ...text("MQTT"),
      PROTOCOL_LEVEL,
      CLEAN_SESSION,
      KEEP_ALIVE_SECONDS >> 8,
      KEEP_ALIVE_SECONDS & 0xff,
      ...text(`load-${crypto.randomUUID().slice(0, 8)}`),
    ]);
    const subscribe = packet(PACKET.subscribe, [0, 1, ...text(MQTT_ADDRESSES.all), qos]);
    this.openingSteps = role === "writer" ? [connect] : [connect, subscribe];
    this.#isQos1 = isQos1;
    this.#template = packet(PACKET.publish | RETAIN | (isQos1 ? QOS_1 : 0), [
      ...text(MQTT_ADDRESSES.first),
      ...(isQos1 ? [0, 0] : []),
      ...new Uint8Array(VALUE_BYTES),
    ]);
    this.#templateView = new DataView(this.#template.buffer);
    this.updateBytes = this.#template.length;
  }

  writeUpdate(bytes: Uint8Array, at: number, { address, number }: LoadUpdate): void {
    const addressEnd = 4 + MQTT_ADDRESSES.length;
    writeAddressNumber(this.#template, addressEnd, address);
    if (this.#isQos1) this.#templateView.setUint16(addressEnd, packetId(number));
    this.#templateView.setFloat64(this.updateBytes - VALUE_BYTES, number);
    bytes.set(this.#template, at);
  }

  parse(bytes: Uint8Array, length: number, sink: LoadSink): number {
    if (this.#view.buffer !== bytes.buffer) this.#view = new DataView(bytes.buffer);
    for (let at = 0;;) {
      let start = at + 1;
      let size = 0;
      for (let factor = 1;; factor *= 128) {
        if (start >= length) return at;
        const byte = bytes[start++] ?? 0;
        size += (byte & 0x7f) * factor;
        if (byte < 128) break;
      }
      if (start + size > length) return at;
      this.#packet(bytes, { kind: bytes[at] ?? 0, start, end: start + size }, sink);
      at = start + size;
    }
  }

  #packet(
    bytes: Uint8Array,
    { kind, start, end }: { readonly kind: number; readonly start: number; readonly end: number },
    sink: LoadSink,
  ): void {
    switch (kind & 0xf0) {
      case PACKET.connack:
        if (bytes[start + 1] !== 0) throw new Error(`MQTT refuses: code ${bytes[start + 1]}`);
        return sink.answered();
      case PACKET.suback:
      case PACKET.puback:
        return sink.answered();
      case PACKET.publish:
        return this.#publish(bytes, { kind, start, end }, sink);
      default:
        throw new Error(`MQTT packet of kind ${kind}`);
    }
  }

  #publish(
    bytes: Uint8Array,
    { kind, start, end }: { readonly kind: number; readonly start: number; readonly end: number },
    sink: LoadSink,
  ): void {
    const topicBytes = this.#view.getUint16(start);
    const topicEnd = start + 2 + topicBytes;
    if ((kind & QOS_1) !== 0) {
      sink.write(Uint8Array.of(PACKET.puback, 2, bytes[topicEnd] ?? 0, bytes[topicEnd + 1] ?? 0));
    }
    if (topicBytes !== MQTT_ADDRESSES.length) return;
    const address = readAddressNumber(bytes, topicEnd);
    if (address !== undefined) sink.update(address, this.#view.getFloat64(end - VALUE_BYTES));
  }
}

/** Never 0. The window is far smaller than their number. */
function packetId(number: number): number {
  return number < 0 ? PACKET_IDS + 1 : number % PACKET_IDS + 1;
}

/** A packet of less than 128 bytes. */
function packet(kind: number, body: readonly number[]): Uint8Array {
  return Uint8Array.of(kind, body.length, ...body);
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}
