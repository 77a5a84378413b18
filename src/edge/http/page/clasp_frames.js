/** What of CLASP the status page speaks: HELLO and SUBSCRIBE out; SNAPSHOT, SET, ACK and ERROR in. */

const MAGIC = 0x53;
const BINARY = 0x01;
const QOS_CONFIRM = 0x40;
const HAS_TIMESTAMP = 0x20;
const PARAM_FEATURE = 0x80;
const PARAM_TYPE = 0x01;
const VALUE_DEPTH_MAX = 32;
const UTF8 = new TextDecoder();
const ENCODER = new TextEncoder();

/** HELLO of a client that wants params. */
export function helloFrame(name, token) {
  return frame(0, [1, 1, PARAM_FEATURE, ...text(name), ...text(token)]);
}

/** SUBSCRIBE to the params of a pattern; its ACK comes behind all that there is. */
export function subscribeFrame(id, pattern) {
  const number = [id >>> 24, (id >>> 16) & 0xff, (id >>> 8) & 0xff, id & 0xff];
  return frame(QOS_CONFIRM, [0x10, ...number, ...text(pattern), PARAM_TYPE, 0]);
}

/** The messages of one WebSocket message; throws a RangeError when it cannot be read. */
export function readFrames(bytes) {
  const messages = [];
  for (let at = 0; at < bytes.length;) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes[at] !== MAGIC) throw new RangeError(`No frame starts at ${at}`);
    const flags = view.getUint8(at + 1);
    const start = at + 4 + ((flags & HAS_TIMESTAMP) === 0 ? 0 : 8);
    const end = start + view.getUint16(at + 2);
    if (end > bytes.length) throw new RangeError(`The frame at ${at} is cut`);
    messages.push(readMessage(new Reader(bytes.subarray(start, end))));
    at = end;
  }
  return messages;
}

function frame(flags, payload) {
  const head = [MAGIC, flags | BINARY, payload.length >> 8, payload.length & 0xff];
  return new Uint8Array([...head, ...payload]);
}

function text(string) {
  const bytes = ENCODER.encode(string);
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}

function readMessage(reader) {
  switch (reader.u8()) {
    case 0x02:
      return readWelcome(reader);
    case 0x21:
      return readSet(reader);
    case 0x23:
      return readSnapshot(reader);
    case 0x50:
      return { type: "ACK", address: (reader.u8() & 1) === 0 ? undefined : reader.string() };
    case 0x51:
      return { type: "ERROR", code: reader.u16(), message: reader.string() };
    default:
      return { type: "OTHER" };
  }
}

function readWelcome(reader) {
  reader.u16();
  return { type: "WELCOME", timeMicros: reader.u64() };
}

function readSet(reader) {
  const flags = reader.u8();
  const address = reader.string();
  const value = readValue(reader, flags & 0x0f, 0);
  const revision = (flags & 0x80) === 0 ? undefined : reader.u64();
  return { type: "SET", address, value, revision };
}

function readSnapshot(reader) {
  const params = [];
  for (let count = reader.u16(); count > 0; count--) {
    const address = reader.string();
    const value = readValue(reader, reader.u8(), 0);
    const revision = reader.u64();
    const flags = reader.u8();
    const writer = (flags & 1) === 0 ? undefined : reader.string();
    const timeMicros = (flags & 2) === 0 ? undefined : reader.u64();
    params.push({ address, value, revision, writer, timeMicros });
  }
  return { type: "SNAPSHOT", params };
}

function readValue(reader, code, depth) {
  if (depth > VALUE_DEPTH_MAX) throw new RangeError("A value is nested too deeply");
  switch (code) {
    case 0x00:
      return null;
    case 0x01:
      return reader.u8() !== 0;
    case 0x02:
      return reader.u8() << 24 >> 24;
    case 0x03:
      return reader.u16() << 16 >> 16;
    case 0x04:
      return reader.u32() | 0;
    case 0x05:
      return reader.i64();
    case 0x06:
      return reader.f32();
    case 0x07:
      return reader.f64();
    case 0x08:
      return reader.string();
    case 0x09:
      return reader.bytes(reader.u16());
    case 0x0a:
      return Array.from({ length: reader.u16() }, () => readValue(reader, reader.u8(), depth + 1));
    case 0x0b: {
      const entries = new Map();
      for (let count = reader.u16(); count > 0; count--) {
        const key = reader.string();
        entries.set(key, readValue(reader, reader.u8(), depth + 1));
      }
      return entries;
    }
    default:
      throw new RangeError(`There is no type of value ${code}`);
  }
}

/** Reads big-endian fields, one behind the other. */
class Reader {
  #bytes;
  #view;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8() {
    return this.#view.getUint8(this.#take(1));
  }

  u16() {
    return this.#view.getUint16(this.#take(2));
  }

  u32() {
    return this.#view.getUint32(this.#take(4));
  }

  u64() {
    return Number(this.#view.getBigUint64(this.#take(8)));
  }

  i64() {
    const exact = this.#view.getBigInt64(this.#take(8));
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
  }

  f32() {
    return this.#view.getFloat32(this.#take(4));
  }

  f64() {
    return this.#view.getFloat64(this.#take(8));
  }

  bytes(count) {
    const start = this.#take(count);
    return this.#bytes.subarray(start, start + count);
  }

  string() {
    return UTF8.decode(this.bytes(this.u16()));
  }

  #take(count) {
    const start = this.#at;
    if (start + count > this.#bytes.length) throw new RangeError("A message is cut");
    this.#at += count;
    return start;
  }
}
