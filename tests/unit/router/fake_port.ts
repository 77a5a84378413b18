import type { ConnectionId, RouterPort } from "../../../src/router/port.ts";

/** What a core asked of its port, in order. */
export type PortAction =
  | { readonly kind: "send"; readonly connection: ConnectionId; readonly bytes: Uint8Array }
  | {
    readonly kind: "close";
    readonly connection: ConnectionId;
    readonly code: number;
    readonly reason: string;
  }
  | { readonly kind: "dial"; readonly connection: ConnectionId; readonly url: string };

/** A port without a world: it writes down what is asked of it, and answers what a test sets. */
export class FakePort implements RouterPort {
  /** Everything asked since the last `take`. */
  actions: PortAction[] = [];
  /** What `bufferedBytes` answers; 0 for connections that are not in it. */
  readonly buffered: Map<ConnectionId, number> = new Map<ConnectionId, number>();
  /** How often `bufferedBytes` was asked. */
  bufferedAsked = 0;
  /** What the core told of bugs; undefined: a test expects none, and fails by it. */
  failures: unknown[] | undefined;
  /** What `random` answers. */
  randomValue = 0;
  #lastConnection = 1_000;
  #lastId = 0;

  /** Everything asked since the last call. */
  take(): PortAction[] {
    const { actions } = this;
    this.actions = [];
    return actions;
  }

  /** The messages that were sent on a connection since the last `take`, which it leaves as it is. */
  sentOn(connection: ConnectionId): Uint8Array[] {
    return this.actions.flatMap((action) =>
      action.kind === "send" && action.connection === connection ? [action.bytes] : []
    );
  }

  send(connection: ConnectionId, bytes: Uint8Array): void {
    // The bytes are the core's again when this returns.
    this.actions.push({ kind: "send", connection, bytes: bytes.slice() });
  }

  bufferedBytes(connection: ConnectionId): number {
    this.bufferedAsked++;
    return this.buffered.get(connection) ?? 0;
  }

  close(connection: ConnectionId, code: number, reason: string): void {
    this.actions.push({ kind: "close", connection, code, reason });
  }

  dial(url: string): ConnectionId {
    const connection = ++this.#lastConnection;
    this.actions.push({ kind: "dial", connection, url });
    return connection;
  }

  random(): number {
    return this.randomValue;
  }

  newId(): string {
    return `session-${++this.#lastId}`;
  }

  failed(error: unknown): void {
    if (this.failures === undefined) throw error;
    this.failures.push(error);
  }
}
