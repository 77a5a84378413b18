import { FederationCore } from "../federation/federation_core.ts";
import type { ClaimConflict } from "../federation/claims.ts";
import type {
  FederationCoreConfig,
  LiveFederationConfig,
} from "../federation/federation_config.ts";
import { LegacyHubLink } from "../federation/legacy_hub_link.ts";
import { LegacyLeafLink } from "../federation/legacy_leaf_link.ts";
import { PeerLink } from "../federation/link.ts";
import type { LinkHandle } from "../federation/link_handle.ts";
import type { LinkEvent } from "../federation/link_event.ts";
import type { Authenticator, TokenAnswer } from "../router/authenticator.ts";
import type { Connection } from "../router/connection.ts";
import { ERROR_CODE } from "../router/error_code.ts";
import type { ConnectionId, RouterPort } from "../router/port.ts";
import type { RouterCoreConfig, SessionLimits } from "../router/router_config.ts";
import { RouterCore } from "../router/router_core.ts";
import type { TurnMessages } from "../router/turn_messages.ts";
import { EARLIEST_TIME_MICROS } from "../limits.ts";
import type { ParamStore } from "../state/param_store.ts";
import type { TokenAuthorities } from "./auth/token_authorities.ts";
import { ConnectionEvents, type HostEvents } from "./connection_events.ts";
import type { Environment } from "./environment.ts";
import { FramedTurnMessages } from "./framed_turn_messages.ts";
import type { Transport, TransportHandler } from "./transport.ts";

/** What is said when whoever decides on tokens fails. */
const UNDECIDED: TokenAnswer = {
  kind: "refused",
  refusal: {
    code: ERROR_CODE.internal,
    message:
      "The token could not be verified, by an internal error of the router; its log says which",
  },
};

/** A link on a connection that the application opened. */
export interface AttachedLink {
  readonly handler: TransportHandler;
  /** Undefined until the peer has said that it is a router. */
  link(): LinkHandle | undefined;
}

/** How a router takes part in a federation. */
export interface HostFederation {
  readonly config: FederationCoreConfig;
  readonly isLeaf: boolean;
  readonly onEvent?: ((event: LinkEvent) => void) | undefined;
  readonly wantsTraffic?: (() => boolean) | undefined;
}

/**
 * Runs a {@linkcode RouterCore} on transports, a clock and timers. The same code runs it on real
 * sockets and in the simulator; only the {@linkcode Environment} differs.
 */
export class RouterHost implements RouterPort {
  readonly core: RouterCore;
  readonly federation: FederationCore | undefined;
  readonly #environment: Environment;
  readonly #transports = new Map<ConnectionId, Transport>();
  readonly #dials = new Map<ConnectionId, { abort(): void }>();
  #lastConnection = 0;
  #wakeAtMicros = Infinity;
  #cancelWake: () => void = () => {};
  #isFlushPlanned = false;
  #isStopped = false;
  readonly #events: HostEvents = {
    message: (id, bytes) => {
      this.core.received(id, bytes, this.#environment.nowMicros());
      this.#afterEvent();
    },
    text: (id) => {
      this.core.receivedText(id, this.#environment.nowMicros());
      this.#afterEvent();
    },
    tooLarge: (id, bytes) => {
      this.core.receivedTooLarge(id, bytes, this.#environment.nowMicros());
      this.#afterEvent();
    },
    closed: (id, code, reason) => {
      if (!this.#transports.delete(id)) return;
      const why = reason === "" ? `connection closed (${code})` : reason;
      this.core.closed(id, why, this.#environment.nowMicros());
      this.#afterEvent();
    },
  };
  readonly #stopped = Promise.withResolvers<void>();

  constructor(
    environment: Environment,
    options: {
      readonly config: RouterCoreConfig;
      readonly federation?: HostFederation | undefined;
      readonly store?: ParamStore | undefined;
      /** With them the router is in authenticated mode. */
      readonly authorities?: TokenAuthorities | undefined;
    },
  ) {
    this.#environment = environment;
    const { config, federation, store, authorities } = options;
    this.core = new RouterCore({
      config,
      port: this,
      nowMicros: environment.nowMicros(),
      wallMicros: Math.max(environment.wallMicros(), EARLIEST_TIME_MICROS),
      ...(store === undefined ? {} : { store }),
      ...(authorities === undefined ? {} : { authenticator: this.#authenticator(authorities) }),
    });
    authorities?.onRevoked((identity) => this.#revoked(identity));
    if (federation !== undefined) {
      const { onEvent, wantsTraffic } = federation;
      this.federation = new FederationCore({
        router: this.core,
        config: federation.config,
        isLeaf: federation.isLeaf,
        ...(onEvent === undefined ? {} : { onEvent }),
        ...(wantsTraffic === undefined ? {} : { wantsTraffic }),
      });
    }
  }

  /** Starts to dial the hub, when there is one. */
  start(): void {
    this.federation?.start(this.#environment.nowMicros());
    this.#afterEvent();
  }

  /**
   * Takes other limits and settings of the federation while it runs. All or nothing; conflicts with
   * namespaces of other routers are returned.
   *
   * @throws {TypeError | RangeError} when a setting is wrong
   */
  reconfigure(
    limits: SessionLimits,
    federation: LiveFederationConfig,
  ): readonly ClaimConflict[] {
    if (this.#isStopped) return [];
    const before = this.core.config;
    this.core.setLimits(limits);
    let conflicts: readonly ClaimConflict[] = [];
    try {
      const isFederationConcerned = Object.keys(federation).length > 0;
      if (isFederationConcerned && this.federation !== undefined) {
        const nowMicros = this.#environment.nowMicros();
        conflicts = this.federation.reconfigure(federation, nowMicros);
      }
      if (conflicts.length > 0) this.core.setLimits(before);
    } catch (error) {
      this.core.setLimits(before);
      throw error;
    }
    this.#afterEvent();
    return conflicts;
  }

  /** Takes in a connection that somebody else opened to this router. */
  accept(transport: Transport): TransportHandler {
    const id = ++this.#lastConnection;
    this.#transports.set(id, transport);
    this.core.accepted(id, transport.remoteAddress, this.#environment.nowMicros());
    this.#afterEvent();
    return this.#handlerOf(id);
  }

  /**
   * Runs a link on a connection that the application opened: on a leaf as the side that dialled, on
   * a hub as the side that accepted.
   */
  attach(transport: Transport): AttachedLink {
    const { uplink } = this.federation ?? {};
    if (uplink === undefined) {
      const handler = this.accept(transport);
      const connection = this.core.connection(this.#lastConnection);
      return { handler, link: () => linkOf(connection) };
    }
    const id = ++this.#lastConnection;
    this.#transports.set(id, transport);
    this.core.wake(this.#environment.nowMicros());
    const connection = this.core.adopt(id, transport.remoteAddress);
    uplink.attach(connection);
    this.#afterEvent();
    return { handler: this.#handlerOf(id), link: () => linkOf(connection) };
  }

  /**
   * Closes each connection when it has taken all that waits for it; nothing is accepted or dialled
   * any more. Resolves when none is left, at the latest after `timeoutMs`.
   */
  async drain(reason: string, timeoutMs: number): Promise<void> {
    if (this.#isStopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#environment.after(timeoutMs, resolve);
    const nowMicros = this.#environment.nowMicros();
    this.core.flush(nowMicros);
    this.core.drain(reason, nowMicros, resolve);
    this.#afterEvent();
    await promise;
    cancel();
  }

  /**
   * Closes some connections with 1012, each when it has taken all that waits for it, and goes on with
   * the others. Resolves when they are closed, at the latest after `timeoutMs` or when it is stopped.
   */
  async renew(
    isConcerned: (transport: Transport) => boolean,
    { reason, timeoutMs }: { readonly reason: string; readonly timeoutMs: number },
  ): Promise<void> {
    if (this.#isStopped) return;
    const closed = Promise.withResolvers<void>();
    const concerned = [...this.#transports].filter(([, transport]) => isConcerned(transport));
    const nowMicros = this.#environment.nowMicros();
    this.core.flush(nowMicros);
    this.core.renew(concerned.map(([id]) => id), {
      reason,
      timeoutMs,
      nowMicros,
      done: closed.resolve,
    });
    this.#afterEvent();
    await Promise.race([closed.promise, this.#stopped.promise]);
  }

  /** Closes all connections; nothing is accepted, dialled or planned any more. */
  stop(reason: string): void {
    if (this.#isStopped) return;
    this.core.flush(this.#environment.nowMicros());
    this.core.stop(reason, this.#environment.nowMicros());
    this.#isStopped = true;
    this.#stopped.resolve();
    this.#cancelWake();
    for (const dial of this.#dials.values()) dial.abort();
    this.#dials.clear();
  }

  // RouterPort

  send(connection: ConnectionId, bytes: Uint8Array): void {
    this.#transports.get(connection)?.send(bytes);
  }

  readonly turnMessages: TurnMessages = new FramedTurnMessages(
    (connection) => this.#transports.get(connection),
  );

  bufferedBytes(connection: ConnectionId): number {
    return this.#transports.get(connection)?.bufferedBytes ?? 0;
  }

  close(connection: ConnectionId, code: number, reason: string): void {
    this.#dials.get(connection)?.abort();
    this.#dials.delete(connection);
    const transport = this.#transports.get(connection);
    // Forgotten first: the transport reports its end at once, and the core knows it already.
    this.#transports.delete(connection);
    transport?.close(code, reason);
  }

  dial(url: string): ConnectionId {
    const id = ++this.#lastConnection;
    const dial = this.#environment.dial(url, {
      onOpen: (transport) => {
        this.#dials.delete(id);
        this.#transports.set(id, transport);
        this.core.opened(id, transport.remoteAddress, this.#environment.nowMicros());
        this.#afterEvent();
        return this.#handlerOf(id);
      },
      onFailed: (reason) => {
        this.#dials.delete(id);
        this.core.dialFailed(id, reason, this.#environment.nowMicros());
        this.#afterEvent();
      },
    });
    this.#dials.set(id, dial);
    return id;
  }

  random(): number {
    return this.#environment.random();
  }

  newId(): string {
    return this.#environment.newId();
  }

  failed(error: unknown): void {
    this.#environment.onHandlerError(error);
  }

  #authenticator(authorities: TokenAuthorities): Authenticator {
    return {
      authenticate: ({ connection, token }) => {
        void this.#authenticate(authorities, connection, token);
      },
      keeperOf: (routerId) => authorities.keeperOf(routerId),
      wallSeconds: () => this.#environment.wallMicros() / 1_000_000,
    };
  }

  async #authenticate(
    authorities: TokenAuthorities,
    connection: ConnectionId,
    token: string | undefined,
  ): Promise<void> {
    let answer: TokenAnswer = UNDECIDED;
    try {
      answer = await authorities.authenticate(token);
    } catch (error) {
      this.#environment.onHandlerError(error);
    }
    if (this.#isStopped) return;
    this.#guard(() => this.core.authenticated(connection, answer, this.#environment.nowMicros()));
    this.#afterEvent();
  }

  #revoked(identity: string): void {
    if (this.#isStopped) return;
    this.#guard(() => this.core.revoked(identity, this.#environment.nowMicros()));
    this.#afterEvent();
  }

  #handlerOf(id: ConnectionId): TransportHandler {
    return new ConnectionEvents(this.#events, id);
  }

  #afterEvent(): void {
    if (this.#isStopped) return;
    if (this.core.wantsFlush && !this.#isFlushPlanned) {
      this.#isFlushPlanned = true;
      this.#environment.atEndOfTurn(() => this.#flush());
    }
    const next = this.core.nextWakeMicros;
    if (next === undefined || next >= this.#wakeAtMicros) return;
    this.#cancelWake();
    this.#wakeAtMicros = next;
    const delayMs = Math.max(0, (next - this.#environment.nowMicros()) / 1_000);
    this.#cancelWake = this.#environment.after(delayMs, () => this.#wake());
  }

  #flush(): void {
    this.#isFlushPlanned = false;
    if (this.#isStopped) return;
    this.#guard(() => this.core.flush(this.#environment.nowMicros()));
    this.#afterEvent();
  }

  #wake(): void {
    this.#wakeAtMicros = Infinity;
    if (this.#isStopped) return;
    this.#guard(() => this.core.wake(this.#environment.nowMicros()));
    this.#afterEvent();
  }

  /** No connection stands around a timer: what is thrown there would end the process. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#environment.onHandlerError(error);
    }
  }
}

function linkOf(connection: Connection | undefined): LinkHandle | undefined {
  const { handler } = connection ?? {};
  const isLink = handler instanceof PeerLink || handler instanceof LegacyHubLink ||
    handler instanceof LegacyLeafLink;
  return isLink ? handler : undefined;
}
