import { HANDSHAKE_TIMEOUT_SECONDS } from "../limits.ts";
import { decodeClientFrame } from "../wire/client_frame.ts";
import { FEATURE, type HelloMessage } from "../wire/message.ts";
import { isV0Frame } from "../wire/v0_frame.ts";
import { WireError } from "../wire/wire_error.ts";
import type { Appointment } from "./agenda.ts";
import { ClientSession } from "./client_session.ts";
import type { Connection, ConnectionHandler, Unreadable } from "./connection.ts";
import { CLOSE_CODE, ERROR_CODE } from "./error_code.ts";
import type { RouterCore } from "./router_core.ts";

const PROTOCOL_VERSION = 1;
/** What the clients that spoke MessagePack called theirs, the last of them and those before. */
const V0_PROTOCOL_VERSIONS: readonly number[] = [1, 2];

/** A connection that has not said HELLO yet. It may say nothing else, and not wait for ever. */
export class Greeting implements ConnectionHandler {
  readonly #router: RouterCore;
  readonly #connection: Connection;
  readonly #timeout: Appointment;

  constructor(router: RouterCore, connection: Connection) {
    this.#router = router;
    this.#connection = connection;
    this.#timeout = router.after(HANDSHAKE_TIMEOUT_SECONDS * 1_000, () => {
      this.#refuse(
        ERROR_CODE.invalidMessage,
        `No HELLO within ${HANDSHAKE_TIMEOUT_SECONDS} s; send it first`,
      );
    });
  }

  received(bytes: Uint8Array): void {
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
    const { federation } = this.#router;
    const isPeer = (hello.features & FEATURE.federation) !== 0 && federation !== undefined;
    if (isPeer && isV0) {
      this.#refuse(
        ERROR_CODE.refused,
        "Routers do not federate in MessagePack frames (v0): say HELLO in binary frames (v1)",
      );
      return;
    }
    this.#router.agenda.cancel(this.#timeout);
    if (isPeer) {
      const handler = federation.acceptPeer(this.#connection, hello);
      if (handler !== undefined) this.#connection.handler = handler;
      return;
    }
    const session = new ClientSession(this.#router, this.#connection, hello);
    this.#connection.handler = session;
    session.welcome();
  }

  #refuse(code: typeof ERROR_CODE[keyof typeof ERROR_CODE], message: string): void {
    this.#connection.closeWith({ code, message }, CLOSE_CODE.policy);
  }
}
