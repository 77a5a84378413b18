import type { Environment } from "../../src/edge/environment.ts";
import { RouterHost } from "../../src/edge/router_host.ts";
import type { Transport, TransportHandler } from "../../src/edge/transport.ts";
import { FrameQueue } from "../../src/edge/websocket_frame_queue.ts";
import { OPCODE } from "../../src/edge/websocket_opcode.ts";
import { ROUTER_CORE_DEFAULTS } from "../../src/router/router_config.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { ALL_SIGNALS, FEATURE, type Message, QOS } from "../../src/wire/message.ts";

/** A client's end: what it is sent is framed and queued as for a socket, and then thrown away. */
class FramingTransport implements Transport {
  readonly remoteAddress = "bench";
  readonly #queue = new FrameQueue();
  readonly sendFramed = (frames: Uint8Array): void => this.#queue.appendFrames(frames);

  get bufferedBytes(): number {
    return this.#queue.byteLength;
  }
  send(bytes: Uint8Array): void {
    this.#queue.append(OPCODE.binary, bytes);
  }
  /** Returns how many bytes there were. */
  take(): number {
    return this.#queue.take().length;
  }
  close(): void {}
}

/**
 * A router with clients, without sockets or timers: messages come in and are framed for those
 * who get them. So what is measured is the router's own work, all but system calls.
 */
export class FramingRouter {
  #turns = 0;
  readonly #turnEnds: (() => void)[] = [];
  readonly #host: RouterHost;
  readonly #subscribers: FramingTransport[] = [];
  readonly #publisher: TransportHandler;

  /** @param subscribers How many clients want everything. */
  constructor(subscribers: number) {
    this.#host = new RouterHost(this.#environment(), {
      // A microsecond a turn: limits by the second would end what is measured.
      config: {
        ...ROUTER_CORE_DEFAULTS,
        ...{ routerId: "bench", bootId: 1, messagesPerSecondMax: 0, bytesPerSecondMax: 0 },
        sessionsPerAddressMax: 10_000,
      },
    });
    this.#publisher = this.#join(new FramingTransport());
    for (let n = 0; n < subscribers; n++) {
      const transport = new FramingTransport();
      this.#subscribers.push(transport);
      const subscribe = { type: "SUBSCRIBE", id: 1, pattern: "/**", types: ALL_SIGNALS } as const;
      say(this.#join(transport), subscribe);
    }
    this.endTurn();
  }

  /** One message of another client. */
  receive(frame: Uint8Array): void {
    this.#publisher.onMessage(frame);
  }

  /** Returns how many bytes the subscribers were sent in it, in frames. */
  endTurn(): number {
    if (this.#turnEnds.length > 0) {
      for (const action of this.#turnEnds.splice(0)) action();
    }
    this.#turns++;
    let bytes = 0;
    for (const transport of this.#subscribers) bytes += transport.take();
    return bytes;
  }

  #join(transport: Transport): TransportHandler {
    const handler = this.#host.accept(transport);
    say(handler, { type: "HELLO", version: 1, features: FEATURE.param, name: "bench" });
    return handler;
  }

  #environment(): Environment {
    let lastId = 0;
    return {
      nowMicros: () => this.#turns,
      wallMicros: () => 1_700_000_000_000_000,
      random: () => 0,
      newId: () => `session-${++lastId}`,
      after: () => () => {},
      atEndOfTurn: (action) => this.#turnEnds.push(action),
      onHandlerError: (error) => {
        throw error;
      },
      dial: () => ({ abort() {} }),
    };
  }
}

function say(handler: TransportHandler, message: Message): void {
  handler.onMessage(encodeFrame(message, { qos: QOS.fire }));
}
