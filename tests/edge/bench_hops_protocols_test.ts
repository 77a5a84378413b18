import { encodeFrame } from "../../src/wire/frame.ts";
import type { Message } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { createLoadProtocol } from "../bench/hops/create_load_protocol.ts";
import type { LoadProtocolName } from "../bench/hops/load_plan.ts";
import { assertEquals } from "../support/assert.ts";

const UPDATES: readonly (readonly [number, number])[] = [[0, 0.5], [999, 70_000.5], [123_456, 2.5]];

/** What a server says to a reader, with something in between that is no update. */
const SAID: Readonly<Record<Exclude<LoadProtocolName, "relay">, Uint8Array>> = {
  clasp: joined([
    text("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    webSocketMessage(
      0x82,
      joined(
        UPDATES.slice(0, 2).map(([number, value]) =>
          encodeFrame({ ...set(number, value), revision: 7 }, { timestampMicros: 9 })
        ),
      ),
    ),
    webSocketMessage(0x89, text("ping")),
    webSocketMessage(
      0x82,
      encodeFrame({
        type: "SNAPSHOT",
        params: [
          { address: "/clasp/status", value: encodeValue({ up: true }), revision: 1 },
          { ...set(...(UPDATES[2] ?? [0, 0])), revision: 1, writer: "a", timestampMicros: 1 },
        ],
      }),
    ),
    webSocketMessage(0x82, encodeFrame({ type: "ACK" })),
  ]),
  nats: joined([
    text('INFO {"server_id":"x"}\r\nPING\r\n'),
    ...UPDATES.flatMap(([number, value]) => [
      text(`MSG site-a.params.${digits(number)} 1 8\r\n`),
      float64(value),
      text("\r\n"),
    ]),
    text("MSG _INBOX.load 2 5\r\n{\r\n:}\r\nPONG\r\n"),
  ]),
  mqtt: joined([...mqttUpdates(0x31), Uint8Array.of(0x40, 2, 0, 1)]),
  "mqtt-qos1": joined([...mqttUpdates(0x33), Uint8Array.of(0x40, 2, 0, 1)]),
};
/** How often each of these says that something was answered. */
const ANSWERS = { clasp: 2, nats: 2, mqtt: 1, "mqtt-qos1": 1 } as const;
/** What the client says by itself: a pong, three acknowledgements. */
const WRITES = { clasp: 2, nats: 1, mqtt: 0, "mqtt-qos1": 3 } as const;

for (const name of ["clasp", "nats", "mqtt", "mqtt-qos1"] as const) {
  Deno.test(`a load client takes ${name} bytes however they are cut`, () => {
    for (const step of [1, 3, 7, 100_000]) {
      const heard = hear(name, step);
      assertEquals(heard.updates, UPDATES, `in pieces of ${step}`);
      assertEquals([heard.answers, heard.writes], [ANSWERS[name], WRITES[name]]);
    }
  });
}

Deno.test("a load client's MQTT update is what it would take itself", () => {
  const protocol = createLoadProtocol("mqtt", { role: "writer", isConfirmed: false });
  const bytes = new Uint8Array(protocol.updateBytes);
  protocol.writeUpdate(bytes, 0, { address: 999, number: 70_000.5, isConfirmed: false });
  const updates: (readonly [number, number])[] = [];
  const update = (address: number, number: number): void => void updates.push([address, number]);
  assertEquals(
    protocol.parse(bytes, bytes.length, { update, answered() {}, write() {} }),
    bytes.length,
  );
  assertEquals(updates, [[999, 70_000.5]]);
});

function hear(name: LoadProtocolName, step: number): {
  readonly updates: readonly (readonly [number, number])[];
  readonly answers: number;
  readonly writes: number;
} {
  const protocol = createLoadProtocol(name, { role: "reader", isConfirmed: true });
  const said = SAID[name === "relay" ? "clasp" : name];
  const updates: (readonly [number, number])[] = [];
  let answers = 0;
  let writes = 0;
  const sink = {
    update: (address: number, number: number) => void updates.push([address, number]),
    answered: () => void answers++,
    write: () => void writes++,
  };
  const buffer = new Uint8Array(said.length);
  let length = 0;
  for (let at = 0; at < said.length; at += step) {
    const piece = said.subarray(at, at + step);
    buffer.set(piece, length);
    length += piece.length;
    const parsed = protocol.parse(buffer, length, sink);
    buffer.copyWithin(0, parsed, length);
    length -= parsed;
  }
  assertEquals(length, 0, `${length} bytes are left`);
  return { updates, answers, writes };
}

function set(number: number, value: number): Message & { readonly type: "SET" } {
  return { type: "SET", address: `/site-a/params/${digits(number)}`, value: encodeValue(value) };
}

function mqttUpdates(kind: number): Uint8Array[] {
  return UPDATES.map(([number, value]) => {
    const topic = text(`site-a/params/${digits(number)}`);
    const id = kind === 0x33 ? Uint8Array.of(0, 1) : new Uint8Array(0);
    const body = joined([Uint8Array.of(0, topic.length), topic, id, float64(value)]);
    return joined([Uint8Array.of(kind, body.length), body]);
  });
}

function webSocketMessage(opcode: number, payload: Uint8Array): Uint8Array {
  const size = payload.length < 126 ? [payload.length] : [126, 0, payload.length];
  return joined([Uint8Array.of(opcode, ...size), payload]);
}

function digits(number: number): string {
  return String(number).padStart(6, "0");
}

function float64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
