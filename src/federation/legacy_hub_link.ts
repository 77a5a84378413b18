import { parsePattern } from "../address/pattern.ts";
import {
  FEDERATION_PATTERNS_BYTES_MAX,
  LEGACY_DECLARE_TIMEOUT_MS,
  MAX_FEDERATION_PATTERNS,
} from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import type { Connection, ConnectionHandler } from "../router/connection.ts";
import { CLOSE_CODE, ERROR_CODE, type ErrorCode, toErrorMessage } from "../router/error_code.ts";
import type { WriteAnswer } from "../router/federation_hook.ts";
import type { Publication } from "../router/publication.ts";
import type { Subscriber } from "../router/subscriber.ts";
import { decodeFrame } from "../wire/frame.ts";
import {
  type AckMessage,
  ALL_SIGNALS,
  type ErrorMessage,
  type Message,
  type NamespaceSyncMessage,
  type SetMessage,
  SIGNAL,
} from "../wire/message.ts";
import { WireError } from "../wire/wire_error.ts";
import type { FederationCore } from "./federation_core.ts";
import { LegacyHubSync } from "./legacy_hub_sync.ts";
import { LegacyInflow } from "./legacy_inflow.ts";
import { LegacyOutflow } from "./legacy_outflow.ts";
import type { LinkEnd } from "./link.ts";
import type { PeerState } from "./link_event.ts";
import type { LinkHandle } from "./link_handle.ts";
import { patternBytes } from "./pattern_bytes.ts";
import { PatternSet } from "./pattern_set.ts";
import { PingHeartbeat } from "./ping_heartbeat.ts";
import type { UnsentParams } from "./unsent_params.ts";
import { refusedWrite } from "./write_requests.ts";

const EVENTS_SUBSCRIPTION_ID = 0;
/** Above those of the imports. */
const INTEREST_SUBSCRIPTION_ID = MAX_FEDERATION_PATTERNS;
const EVERYTHING = parsePattern("/**");
const EVERYTHING_BUT_PARAMS = ALL_SIGNALS & ~(1 << SIGNAL.param);

/** How a {@linkcode LegacyHubLink} is set up. */
export interface LegacyHubOptions {
  readonly connection: Connection;
  /** By which the hub is known here; see `legacyHubId`. */
  readonly routerId: string;
  /** As it says in WELCOME. */
  readonly name: string;
  /** What this hub has not been sent; asked for when it has accepted the namespaces. */
  readonly unsent: () => UnsentParams;
  readonly ended: (end: LinkEnd) => void;
}

/** What is known while the link lasts. */
type Phase =
  | { readonly kind: "declaring"; readonly timeout: Appointment }
  | {
    readonly kind: "registered";
    readonly unsent: UnsentParams;
    readonly outflow: LegacyOutflow;
    readonly inflow: LegacyInflow;
    readonly sync: LegacyHubSync;
  };

/**
 * The link of a leaf to a hub that speaks the public protocol and no envelope. Rules and what is not
 * promised: `src/federation/README.md`, "Legacy peers".
 */
export class LegacyHubLink implements ConnectionHandler, Subscriber, LinkHandle {
  readonly side = "leaf";
  readonly routerId: string;
  readonly #core: FederationCore;
  readonly #options: LegacyHubOptions;
  readonly #connection: Connection;
  readonly #heartbeat: PingHeartbeat;
  readonly #pump: () => void = () => {
    if (this.#phase.kind === "registered" && !this.#connection.isClosed) this.#phase.outflow.pump();
  };
  #phase: Phase;
  #state: PeerState = "Handshaking";
  #end: LinkEnd | undefined;
  #declared = new PatternSet([]);
  #isProven = false;
  /** Subscriptions beyond the imports: ids by pattern. */
  readonly #followed = new Map<string, number>();
  #lastFollowed = 0;

  /** Declares this router's namespaces at once. */
  constructor(core: FederationCore, options: LegacyHubOptions) {
    const { router } = core;
    this.#core = core;
    this.#options = options;
    this.#connection = options.connection;
    this.routerId = options.routerId;
    this.#heartbeat = new PingHeartbeat(router, {
      ping: () => this.#send({ type: "PING" }),
      lost: (reason) => this.close({ kind: "lost", reason }),
    });
    this.#phase = {
      kind: "declaring",
      timeout: router.after(LEGACY_DECLARE_TIMEOUT_MS, () => this.#unanswered()),
    };
  }

  get state(): PeerState {
    return this.#state;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** Begins: the connection's messages come here by now. */
  start(): void {
    this.#enter("Handshaking");
    this.#sendDeclaration();
    if (!this.#connection.isClosed) this.#heartbeat.start();
  }

  declare(): void {
    if (this.#phase.kind !== "registered" || !this.#hasNewsToDeclare()) return;
    this.#sendDeclaration();
    if (!this.#connection.isClosed) this.#phase.sync.restart();
  }

  /** Subscribes to what is wanted here beyond the imports by now, and no more to what is not. */
  follow(): void {
    if (this.#phase.kind !== "registered") return;
    const wanted = new Set(this.#core.interest.patterns.map(({ text }) => text));
    for (const [text, id] of this.#followed) {
      if (wanted.has(text)) continue;
      this.#followed.delete(text);
      this.#send({ type: "UNSUBSCRIBE", id });
    }
    for (const pattern of wanted) {
      if (this.#followed.has(pattern)) continue;
      const id = INTEREST_SUBSCRIPTION_ID + ++this.#lastFollowed;
      this.#followed.set(pattern, id);
      this.#send({ type: "SUBSCRIBE", id, pattern, types: ALL_SIGNALS });
    }
  }

  sendMessage(message: Message): void {
    this.#send(message);
  }

  refuse(code: ErrorCode, message: string, address?: string): void {
    this.#tell(code, message);
    this.#send(toErrorMessage({ code, message, address }));
  }

  end(end: LinkEnd, code: ErrorCode): void {
    this.#end ??= end;
    this.#connection.closeWith({ code, message: end.reason }, CLOSE_CODE.policy);
  }

  /** Ends the link without an ERROR. */
  close(end: LinkEnd): void {
    this.#end ??= end;
    this.#connection.close(CLOSE_CODE.goingAway, end.reason);
  }

  /**
   * Sends a client's write, without a revision; `answered` is called exactly once, by what the hub
   * says. An expected revision is compared with the copy that is kept here.
   */
  request(set: SetMessage, answered: (answer: WriteAnswer) => void): void {
    const { address, revision } = set;
    const { params } = this.#core.router;
    if (this.#phase.kind !== "registered") {
      return answered(refusedWrite(
        ERROR_CODE.unavailable,
        `Cannot set "${address}": the hub cannot be reached now; nothing was changed`,
        address,
      ));
    }
    const isMirrored = this.#core.mirrors(address);
    if (revision !== undefined && !isMirrored) {
      return answered(refusedWrite(
        ERROR_CODE.unavailable,
        `Cannot compare the revision of "${address}": it is not mirrored here, and the hub speaks ` +
          "the public protocol, in which revisions are its own; connect to the hub",
        address,
      ));
    }
    const refusal = isMirrored
      ? params.problem(this.#core.router.toWrite(set, this.routerId))
      : params.valueProblem(address, set.value);
    if (refusal !== undefined) return answered({ kind: "refused", refusal });
    this.#phase.outflow.request(set, answered);
  }

  // ConnectionHandler

  received(bytes: Uint8Array): void {
    try {
      // One frame a message; what follows it is ignored, as the public codecs do.
      const { header, message } = decodeFrame(bytes);
      this.#handle(message, bytes.subarray(0, header.payloadEnd));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const code = error.kind === "frame" ? ERROR_CODE.invalidFrame : ERROR_CODE.invalidMessage;
      this.refuse(code, error.message);
    }
  }

  closed(reason: string): void {
    const end = this.#end ?? { kind: "lost", reason };
    const { router } = this.#core;
    this.#heartbeat.stop();
    if (this.#phase.kind === "declaring") router.agenda.cancel(this.#phase.timeout);
    router.subscriptions.removeAll(this);
    if (this.#phase.kind === "registered") {
      this.#phase.unsent.onAdded = () => {};
      this.#phase.sync.stop();
      this.#phase.outflow.stop(end.reason);
    }
    this.#core.emit({ type: "disconnected", routerId: this.routerId, reason: end.reason });
    this.#enter(end.kind === "failed" ? "Failed" : "Disconnected", end.reason);
    this.#core.hubLost();
    this.#options.ended(end);
  }

  // Subscriber: events only, params leave by `UnsentParams`

  paramChanged(): void {}

  published({ address, identity, deadlineMicros, frame }: Publication): void {
    const isLate = deadlineMicros <= this.#core.router.nowMicros;
    if (isLate || identity.origin === this.routerId || !this.#takesEvents(address)) return;
    // What was set before an event arrives before it.
    this.#pump();
    this.#connection.send(frame);
  }

  #handle(message: Message, frame: Uint8Array): void {
    switch (message.type) {
      case "PING":
        return this.#send({ type: "PONG" });
      case "PONG":
        return this.#ponged();
      case "ACK":
        return this.#acked(message);
      case "ERROR":
        return this.#refused(message);
      case "SYNC":
        return;
    }
    // The SNAPSHOT after WELCOME among them: nothing is taken from a hub that may not federate.
    if (this.#phase.kind !== "registered") return;
    const { inflow, sync } = this.#phase;
    switch (message.type) {
      case "SET": {
        const { address, value, ttl } = message;
        sync.settle(address);
        return inflow.told(address, value, { ttl });
      }
      case "SNAPSHOT":
        for (const param of message.params) {
          sync.settle(param.address);
          inflow.told(param.address, param.value, "snapshot");
          this.#core.gets.found(param);
        }
        return;
      case "PUBLISH":
        return inflow.event(message, frame);
      case "FEDERATION_SYNC":
        if (message.op === "SyncComplete") return this.#syncCompleted(sync);
    }
    this.#tell(ERROR_CODE.invalidMessage, `${message.type} is not expected from a legacy hub`);
  }

  #ponged(): void {
    this.#heartbeat.answered();
    this.#isProven = this.#phase.kind === "registered";
    this.#becomeActive();
  }

  #acked({ address, revision }: AckMessage): void {
    if (this.#phase.kind === "declaring") {
      if (address === undefined) this.#registered(this.#phase.timeout);
      return;
    }
    if (address === undefined) return;
    const { outflow, inflow } = this.#phase;
    const answered = outflow.answered(address);
    if (answered?.sent.detail === undefined) return;
    const { sent: { value, detail }, isEchoed } = answered;
    // The hub sends no echo to those who have not subscribed, and may lose it.
    if (!isEchoed) detail.version = inflow.take(address, value, "snapshot");
    const version = detail.version ??
      { value, revision: revision ?? 0, timestampMicros: 0, origin: this.routerId, ttl: 0 };
    detail.answered({ kind: "accepted", version });
  }

  #refused({ code, message, address }: ErrorMessage): void {
    const subject = address === undefined || message.includes(address) ? "" : ` (${address})`;
    this.#tell(code, message + subject);
    if (this.#phase.kind === "declaring") {
      // It is slow, which is no answer.
      return code === ERROR_CODE.overload ? undefined : this.#declarationRefused(code, message);
    }
    const { outflow, inflow, sync } = this.#phase;
    if (code === ERROR_CODE.tooMany && address === undefined) {
      // It dropped something and does not say what: a write times out and is sent again.
      outflow.slowDown();
      return sync.retry();
    }
    const answered = address === undefined ? undefined : outflow.answered(address);
    if (answered === undefined || address === undefined) return;
    const { detail } = answered.sent;
    if (detail !== undefined) {
      const refusal = { code: code as ErrorCode, message, address };
      return detail.answered({ kind: "refused", refusal });
    }
    // The hub's value, and not ours, is what everyone else sees.
    inflow.yieldAt(address);
    this.#send({ type: "GET", address });
  }

  #declarationRefused(code: number, message: string): void {
    const patterns = this.#declared.patterns.map(({ text }) => text).join(", ");
    const isScope = code === ERROR_CODE.refused || code === ERROR_CODE.forbidden;
    this.close({
      kind: isScope ? "failed" : "refused",
      reason: isScope
        ? `A scope is missing at the hub for a namespace of ${patterns}: ${code}: ${message}`
        : `${code}: ${message}`,
    });
  }

  #unanswered(): void {
    this.close({
      kind: "failed",
      reason: `No federation at the other side: "${this.#options.name}" is not a clasp-fed hub ` +
        "(start it with --features federation), and did not answer DeclareNamespaces within " +
        `${LEGACY_DECLARE_TIMEOUT_MS / 1_000} s`,
    });
  }

  #registered(timeout: Appointment): void {
    const { router, config } = this.#core;
    router.agenda.cancel(timeout);
    const unsent = this.#options.unsent();
    const sync = new LegacyHubSync({
      router,
      unsent,
      intervalMs: config.syncIntervalMs,
      declared: () => this.#declared,
      request: () => this.#send(this.#federationSync("RequestSync")),
    });
    const outflow = new LegacyOutflow({
      router,
      unsent,
      send: (set) => {
        sync.settle(set.address);
        this.#send(set);
      },
    });
    const inflow = new LegacyInflow({
      core: this.#core,
      from: this,
      unsent,
      outflow,
      refused: (code, message) => this.#tell(code, message),
    });
    this.#phase = { kind: "registered", unsent, outflow, inflow, sync };
    unsent.onAdded = () => router.flushAtEndOfTurn(this.#pump, this.#connection);
    this.#enter("Syncing");
    for (const [index, pattern] of config.imports.entries()) {
      this.#send({ type: "SUBSCRIBE", id: index + 1, pattern, types: ALL_SIGNALS });
    }
    this.follow();
    router.subscriptions.add(this, EVENTS_SUBSCRIPTION_ID, EVERYTHING, EVERYTHING_BUT_PARAMS);
    sync.start();
    this.#send({ type: "PING" });
    unsent.onAdded();
  }

  #syncCompleted(sync: LegacyHubSync): void {
    if (!sync.completed()) return;
    this.#core.syncCompleted(this, this.#declared.patterns.map(({ text }) => text));
    this.#becomeActive();
  }

  #becomeActive(): void {
    const isSynced = this.#phase.kind === "registered" && this.#phase.sync.hasCompleted;
    if (this.#state !== "Syncing" || !this.#isProven || !isSynced) return;
    this.#enter("Active");
    this.#core.emit({ type: "connected", routerId: this.routerId });
  }

  #enter(state: PeerState, reason?: string): void {
    this.#state = state;
    this.#core.emit({
      type: "stateChanged",
      routerId: this.routerId,
      state,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  // Declarations

  #namespaces(): readonly string[] {
    return this.#core.claims.declaredTo({ kind: "hub" }).map(({ pattern }) => pattern.text);
  }

  #hasNewsToDeclare(): boolean {
    const before = this.#declared.patterns.map(({ text }) => text);
    return JSON.stringify(this.#namespaces()) !== JSON.stringify(before);
  }

  #sendDeclaration(): void {
    const patterns = this.#namespaces();
    const bytes = patternBytes(patterns);
    if (patterns.length > MAX_FEDERATION_PATTERNS || bytes > FEDERATION_PATTERNS_BYTES_MAX) {
      return this.close({
        kind: "refused",
        reason: `Cannot declare ${patterns.length} namespaces of ${bytes} bytes to a legacy hub: ` +
          `at most ${MAX_FEDERATION_PATTERNS} of ${FEDERATION_PATTERNS_BYTES_MAX} bytes fit one message`,
      });
    }
    this.#declared = new PatternSet(patterns.map(parsePattern));
    this.#send(this.#federationSync("DeclareNamespaces"));
  }

  #federationSync(op: "DeclareNamespaces" | "RequestSync"): NamespaceSyncMessage {
    return {
      type: "FEDERATION_SYNC",
      op,
      patterns: this.#declared.patterns.map(({ text }) => text),
      revisions: [],
      origin: this.#core.router.config.routerId,
    };
  }

  /** A public hub refuses what is outside the namespaces of a peer that has any. */
  #takesEvents(address: string): boolean {
    return this.#declared.patterns.length === 0 || this.#declared.matches(address);
  }

  #tell(code: number, message: string): void {
    this.#core.emit({ type: "refused", routerId: this.routerId, code, message });
  }

  #send(message: Message): void {
    this.#connection.sendMessage(message);
  }
}
