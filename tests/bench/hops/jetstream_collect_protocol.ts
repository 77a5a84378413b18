import { JETSTREAM_DOMAIN, JETSTREAM_STREAM } from "./nats_kind.ts";
import type { LoadProtocol, LoadSink, LoadUpdate } from "./load_protocol.ts";
import { NatsLoadProtocol } from "./nats_load_protocol.ts";

const CONSUMER = "collector";
const DELIVERY = "collected.load";

/**
 * A client of a leaf that wants all values of the hub's stream: a push consumer without
 * acknowledgements, the quickest way that there is. Asking for it again changes nothing.
 */
export class JetStreamCollectProtocol implements LoadProtocol {
  readonly openingSteps: readonly Uint8Array[];
  readonly updateBytes: number;
  readonly request: Uint8Array;
  readonly #nats = new NatsLoadProtocol("writer", { asksForAck: false });

  constructor() {
    const encoder = new TextEncoder();
    this.updateBytes = this.#nats.updateBytes;
    this.openingSteps = [
      encoder.encode(`CONNECT {"verbose":false}\r\nSUB ${DELIVERY} 1\r\nPING\r\n`),
    ];
    const consumer = JSON.stringify({
      stream_name: JETSTREAM_STREAM,
      config: {
        durable_name: CONSUMER,
        deliver_subject: DELIVERY,
        deliver_policy: "all",
        ack_policy: "none",
        replay_policy: "instant",
      },
    });
    const subject =
      `$JS.${JETSTREAM_DOMAIN}.API.CONSUMER.DURABLE.CREATE.${JETSTREAM_STREAM}.${CONSUMER}`;
    // Nobody listens to the answer: before the link is up there is none.
    const head = `PUB ${subject} unheard.load ${consumer.length}\r\n`;
    this.request = encoder.encode(`${head}${consumer}\r\n`);
  }

  writeUpdate(bytes: Uint8Array, at: number, update: LoadUpdate): void {
    this.#nats.writeUpdate(bytes, at, update);
  }

  parse(bytes: Uint8Array, length: number, sink: LoadSink): number {
    return this.#nats.parse(bytes, length, sink);
  }
}
