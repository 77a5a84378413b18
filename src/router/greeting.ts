import {
  AUTHENTICATION_BYTES_MAX,
  AUTHENTICATION_MESSAGES_MAX,
  HANDSHAKE_TIMEOUT_SECONDS,
} from "../limits.ts";
import { decodeClientFrame } from "../wire/client_frame.ts";
import { FEATURE, type HelloMessage } from "../wire/message.ts";
import { isV0Frame } from "../wire/v0_frame.ts";
import { WireError } from "../wire/wire_error.ts";
import type { Appointment } from "./agenda.ts";
import { ClientSession } from "./client_session.ts";
import type { Connection, ConnectionHandler, Unreadable } from "./connection.ts";
import { CLOSE_CODE, ERROR_CODE, type ErrorCode } from "./error_code.ts";
import type { RouterCore } from "./router_core.ts";

const PROTOCOL_VERSION = 1;
/** What the clients that spoke MessagePack called theirs, the last of them and those before. */
const V0_PROTOCOL_VERSIONS: readonly number[] = [1, 2];

/** Messages that came while a token was looked at. */
interface Held {
  readonly messages: Uint8Array[];
  bytes: number;
}

/**
 * A connection that has not said HELLO yet, or whose token is being looked at. It may say nothing
 * else, and not wait for ever; what it says behind its HELLO is kept for the session.
 */
export class Greeting implements ConnectionHandler {
  readonly #router: RouterCore;
  readonly #connection: Connection;
  readonly #timeout: Appointment;
  /** Since its HELLO. */
  #held: Held | undefined;

  constructor(router: RouterCore, connection: Connection) {
    this.#router = router;
    this.#connection = connection;
    this.#timeout = router.after(HANDSHAKE_TIMEOUT_SECONDS * 1_000, () => this.#timedOut());
  }

  received(bytes: Uint8Array): void {
    if (this.#held !== undefined) return this.#hold(this.#held, bytes);
    // Before anything can be refused: whoever it is reads no other answer.
    const isV0 = isV0Frame(bytes);
    if (isV0) this.#router.port.speakV0(this.#connection.id);
    let hello: HelloMessage;
    try {
      const { message } = decodeClientFrame(bytes);
      if (message.type !== "HELLO") {
        this.#refuse(
          ERROR_CODE.invalidMessage,
          `The first message must be HELLO, not ${message.type}`,
        );
        return;
      }
      hello = message;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const code = error.kind === "frame" ? ERROR_CODE.invalidFrame : ERROR_CODE.invalidMessage;
      this.#refuse(code, error.message);
      return;
    }
    this.#greet(hello, isV0);
  }

  unreadable({ message }: Unreadable): void {
    this.#refuse(ERROR_CODE.invalidFrame, message);
  }

  closed(): void {
    this.#router.agenda.cancel(this.#timeout);
  }

  #greet(hello: HelloMessage, isV0: boolean): void {
    const versions = isV0 ? V0_PROTOCOL_VERSIONS : [PROTOCOL_VERSION];
    if (!versions.includes(hello.version)) {
      this.#refuse(
        ERROR_CODE.unsupportedVersion,
        `CLASP version ${hello.version} is not supported; this router speaks ${PROTOCOL_VERSION}`,
      );
      return;
    }
    const problem = this.#router.nameProblem(hello);
    if (problem !== undefined) {
      this.#refuse(ERROR_CODE.invalidMessage, problem);
      return;
    }
    const { federation, grants } = this.#router;
    const isPeer = (hello.features & FEATURE.federation) !== 0 && federation !== undefined;
    if (isPeer && isV0) {
      this.#refuse(
        ERROR_CODE.refused,
        "Routers do not federate in MessagePack frames (v0): say HELLO in binary frames (v1)",
      );
      return;
    }
    if (grants === undefined) return this.#admit(hello, isPeer);
    this.#held = { messages: [], bytes: 0 };
    grants.ask(this.#connection, { token: hello.token, isPeer }, (answer) => {
      if ("code" in answer) this.#refuse(answer.code, answer.message);
      else this.#admit(hello, isPeer);
    });
  }

  #admit(hello: HelloMessage, isPeer: boolean): void {
    const { federation, agenda } = this.#router;
    agenda.cancel(this.#timeout);
    if (isPeer && federation !== undefined) {
      const handler = federation.acceptPeer(this.#connection, hello);
      if (handler !== undefined) this.#connection.handler = handler;
    } else {
      const session = new ClientSession(this.#router, this.#connection, hello);
      this.#connection.handler = session;
      session.welcome();
    }
    for (const bytes of this.#held?.messages ?? []) {
      if (!this.#connection.isClosed) this.#connection.handler?.received(bytes);
    }
  }

  #hold(held: Held, bytes: Uint8Array): void {
    held.bytes += bytes.length;
    if (
      held.bytes > AUTHENTICATION_BYTES_MAX || held.messages.length >= AUTHENTICATION_MESSAGES_MAX
    ) {
      return this.#refuse(
        ERROR_CODE.invalidMessage,
        `More than ${AUTHENTICATION_BYTES_MAX} bytes or ${AUTHENTICATION_MESSAGES_MAX} messages ` +
          "before WELCOME; wait for it",
      );
    }
    // They are the transport's again when this returns.
    held.messages.push(bytes.slice());
  }

  #timedOut(): void {
    const seconds = HANDSHAKE_TIMEOUT_SECONDS;
    if (this.#held === undefined) {
      this.#refuse(ERROR_CODE.invalidMessage, `No HELLO within ${seconds} s; send it first`);
    } else {
      this.#refuse(
        ERROR_CODE.overload,
        `The token was not verified within ${seconds} s; try again later`,
      );
    }
  }

  #refuse(code: ErrorCode, message: string): void {
    this.#connection.closeWith({ code, message }, CLOSE_CODE.policy);
  }
}
