import { NEWCOMER_BYTES_MAX, NEWCOMER_WAIT_MS } from "../limits.ts";
import type { Connection, ConnectionHandler } from "../router/connection.ts";
import { CLOSE_CODE, ERROR_CODE } from "../router/error_code.ts";
import type { RouterCore } from "../router/router_core.ts";
import type { HelloMessage } from "../wire/message.ts";
import type { PeerLink } from "./link.ts";

/** Takes a router in: answers its HELLO, and is its link from then on. */
type Join = (connection: Connection, hello: HelloMessage) => PeerLink;

/**
 * Connections whose router id another connection has already. Either the router came back or was
 * started anew and its old connection is dead, or two routers have one id: the old one is asked for a
 * sign of life, and the newcomer waits for it without an answer.
 *
 * That goes for the same boot id too: it is no secret, and no process has two connections that live.
 */
export class Newcomers {
  readonly #router: RouterCore;
  readonly #join: Join;
  readonly #waiting = new Map<string, Newcomer>();

  constructor(router: RouterCore, join: Join) {
    this.#router = router;
    this.#join = join;
  }

  /**
   * Decides on a connection of a router id that has a link already. Undefined when it was refused and
   * closed.
   */
  decide(
    connection: Connection,
    hello: HelloMessage,
    old: PeerLink,
  ): ConnectionHandler | undefined {
    const waiting = this.#waiting.get(old.routerId);
    // The process that the id belongs to comes before one that only waits for it.
    const isItself = hello.router?.bootId === old.bootId &&
      waiting?.hello.router?.bootId !== old.bootId;
    if (isItself) this.#inUse(old.routerId, connection.remoteAddress);
    return this.#ask(connection, hello, old);
  }

  /** The link that had a router id is gone: whoever waits for it is let in. */
  left(routerId: string): void {
    const newcomer = this.#waiting.get(routerId);
    if (newcomer === undefined) return;
    newcomer.settle();
    const { connection, hello, held } = newcomer;
    const link = this.#join(connection, hello);
    connection.handler = link;
    for (const bytes of held) {
      if (!link.isDone) link.received(bytes);
    }
  }

  #ask(connection: Connection, hello: HelloMessage, old: PeerLink): ConnectionHandler | undefined {
    const { routerId } = old;
    const other = this.#waiting.get(routerId);
    if (other !== undefined) {
      connection.closeWith({
        code: ERROR_CODE.conflict,
        message: `Router id "${routerId}" is just being asked for from ` +
          `${other.connection.remoteAddress}; try again, or set --federation-id`,
      }, CLOSE_CODE.policy);
      return undefined;
    }
    // No answer: the old link ends, which lets the newcomer in.
    const timeout = this.#router.after(NEWCOMER_WAIT_MS, () => supersede(old, connection));
    const newcomer = new Newcomer(connection, hello, () => {
      this.#router.agenda.cancel(timeout);
      this.#waiting.delete(routerId);
    });
    this.#waiting.set(routerId, newcomer);
    old.ping(() => this.#inUse(routerId, old.connection.remoteAddress));
    return newcomer;
  }

  /** A router id belongs to the process at this address: whoever waits for it is refused. */
  #inUse(routerId: string, address: string): void {
    this.#waiting.get(routerId)?.connection.closeWith({
      code: ERROR_CODE.conflict,
      message: `Router id "${routerId}" is in use from ${address}; set --federation-id`,
    }, CLOSE_CODE.policy);
  }
}

function supersede(old: PeerLink, connection: Connection): void {
  old.end({
    kind: "refused",
    reason: `Superseded by a new connection of router "${old.routerId}" from ` +
      `${connection.remoteAddress}; if that is another machine, give each its --federation-id`,
  }, ERROR_CODE.conflict);
}

/** A connection that said HELLO and was not answered yet. What else it says is kept for later. */
class Newcomer implements ConnectionHandler {
  readonly connection: Connection;
  readonly hello: HelloMessage;
  readonly held: Uint8Array[] = [];
  /** It does not wait any more. */
  readonly settle: () => void;
  #heldBytes = 0;

  constructor(connection: Connection, hello: HelloMessage, settle: () => void) {
    this.connection = connection;
    this.hello = hello;
    this.settle = settle;
  }

  received(bytes: Uint8Array): void {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > NEWCOMER_BYTES_MAX) {
      return this.connection.closeWith({
        code: ERROR_CODE.invalidMessage,
        message: `More than ${NEWCOMER_BYTES_MAX} bytes before WELCOME; wait for it`,
      }, CLOSE_CODE.policy);
    }
    this.held.push(bytes.slice());
  }

  closed(): void {
    this.settle();
  }
}
