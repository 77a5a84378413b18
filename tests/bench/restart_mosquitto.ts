import { ByteStream } from "./byte_stream.ts";
import { type BrokerConnection, startBrokers } from "./restart_broker.ts";
import type { RestartSubject } from "./restart_subject.ts";

const CONNECT = 0x10;
const PUBLISH_RETAINED = 0x31;
const PUBLISH = 0x30;
const SUBSCRIBE = 0x82;
const KEEP_ALIVE_SECONDS = 600;

/**
 * `mosquitto`, the sites with a bridge to the hub, QoS 0, all values retained. Its bridges dial again
 * after a second, the shortest time it takes, rather than after the 5 to 30 s of its defaults.
 */
export function startMosquitto(): Promise<RestartSubject> {
  return startBrokers({
    program: "mosquitto",
    args: ["-c"],
    config: (port, hubPort) =>
      `listener ${port} 127.0.0.1\nallow_anonymous true\n` + (hubPort === undefined ? "" : [
        `connection bridge-${port}`,
        `address 127.0.0.1:${hubPort}`,
        "topic # both 0",
        "restart_timeout 1",
        "notifications false",
        "",
      ].join("\n")),
    connect,
  });
}

async function connect(port: number): Promise<BrokerConnection> {
  const stream = await ByteStream.connect(port);
  stream.write(packet(CONNECT, [
    ...text("MQTT"),
    4,
    2,
    KEEP_ALIVE_SECONDS >> 8,
    KEEP_ALIVE_SECONDS & 0xff,
    ...text(`client-${port}`),
  ]));
  stream.write(packet(SUBSCRIBE, [0, 1, ...text("site-a/#"), 0]));
  return {
    publish: (topic, payload) =>
      stream.write(
        packet(PUBLISH_RETAINED, [...text(topic), ...new TextEncoder().encode(payload)]),
      ),
    close: () => stream.close(),
    async *messages() {
      for (let next = await readPacket(stream); next; next = await readPacket(stream)) {
        const { kind, body } = next;
        if ((kind & 0xf0) !== PUBLISH) continue;
        const topicEnd = 2 + (body[0] ?? 0) * 256 + (body[1] ?? 0);
        const decoder = new TextDecoder();
        yield {
          topic: decoder.decode(body.subarray(2, topicEnd)),
          payload: decoder.decode(body.subarray(topicEnd)),
        };
      }
    },
  };
}

async function readPacket(
  stream: ByteStream,
): Promise<{ readonly kind: number; readonly body: Uint8Array } | undefined> {
  const kind = (await stream.read(1))?.[0];
  if (kind === undefined) return undefined;
  let length = 0;
  for (let factor = 1;; factor *= 128) {
    const byte = (await stream.read(1))?.[0];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * factor;
    if (byte < 128) break;
  }
  const body = await stream.read(length);
  return body === undefined ? undefined : { kind, body };
}

/** A packet of less than 128 bytes. */
function packet(kind: number, body: readonly number[]): Uint8Array {
  return Uint8Array.of(kind, body.length, ...body);
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}
