import { parsePattern, type Pattern, patternProblem } from "../address/pattern.ts";
import { CLAIMS_MAX, MAX_FEDERATION_PATTERNS } from "../limits.ts";
import { ClientSession } from "../router/client_session.ts";
import type { Connection } from "../router/connection.ts";
import { CLOSE_CODE, ERROR_CODE, type ErrorCode, type Refusal } from "../router/error_code.ts";
import type { ParamChange } from "../router/param_change.ts";
import type { Publication } from "../router/publication.ts";
import { type ClientFrame, decodeClientFrame } from "../wire/client_frame.ts";
import {
  ALL_SIGNALS,
  type FederationSyncMessage,
  type HelloMessage,
  type Message,
  type NamespaceSyncMessage,
  QOS,
  type SubscribeMessage,
} from "../wire/message.ts";
import { WireError } from "../wire/wire_error.ts";
import { declarationRateProblem } from "./declaration_cost.ts";
import type { SessionGrant } from "../router/session_grant.ts";
import type { Claim } from "./claims.ts";
import type { FederationCore } from "./federation_core.ts";
import { describeConflict, NAMESPACE_SUBSCRIPTION_ID } from "./hub_role.ts";
import { type LeafAnswer, LegacyLeafWrites, type WritingLeaf } from "./legacy_leaf_writes.ts";
import { LegacyLeafSync } from "./legacy_leaf_sync.ts";
import { isReserved } from "../router/reserved.ts";
import type { LinkEnd } from "./link.ts";
import type { PeerState } from "./link_event.ts";
import type { LinkHandle } from "./link_handle.ts";
import { PatternSet } from "./pattern_set.ts";
import { permittedClaims } from "./permitted_claims.ts";
import { PingHeartbeat } from "./ping_heartbeat.ts";
import { routerIdProblem } from "./router_id.ts";

/** What a public leaf declares that was given no namespace: interest and leave to write, no claim. */
const EVERYTHING = "/**";

/**
 * The link to a leaf that speaks the public protocol and no envelope: the session of a client that
 * owns namespaces, as in the public router. Rules and what is not promised:
 * `src/federation/README.md`, "Legacy peers".
 */
export class LegacyLeafLink extends ClientSession implements LinkHandle, WritingLeaf {
  readonly side = "hub";
  /** What its token allows; undefined in open mode. */
  readonly grant: SessionGrant | undefined;
  readonly #core: FederationCore;
  readonly #connection: Connection;
  readonly #heartbeat: PingHeartbeat;
  readonly #writes: LegacyLeafWrites;
  readonly #sync: LegacyLeafSync;
  /** Its own subscriptions, by their ids. */
  readonly #subscribed = new Map<number, Pattern>();
  #routerId = "";
  #state: PeerState = "Handshaking";
  #end: LinkEnd | undefined;
  #declared = new PatternSet([]);

  constructor(core: FederationCore, connection: Connection, hello: HelloMessage) {
    super(core.router, connection, hello);
    this.#core = core;
    this.#connection = connection;
    this.grant = connection.grant;
    this.#writes = new LegacyLeafWrites(core, this);
    this.#sync = new LegacyLeafSync(core.router, connection);
    this.#heartbeat = new PingHeartbeat(core.router, {
      ping: () => connection.sendMessage({ type: "PING" }),
      lost: (reason) => {
        this.#end ??= { kind: "lost", reason };
        connection.close(CLOSE_CODE.goingAway, reason);
      },
    });
  }

  get connection(): Connection {
    return this.#connection;
  }

  get routerId(): string {
    return this.#routerId;
  }

  get state(): PeerState {
    return this.#state;
  }

  // A public router declares nothing to its leaves.
  declare(): void {}

  hasDeclared(address: string): boolean {
    return this.#declared.matches(address);
  }

  refuse(code: ErrorCode, message: string, address?: string): void {
    this.#core.emit({ type: "refused", routerId: this.#routerId, code, message });
    this.#connection.refuseWith(code, message, address);
  }

  end(end: LinkEnd, code: ErrorCode): void {
    this.#end ??= end;
    this.#connection.closeWith({ code, message: end.reason }, CLOSE_CODE.policy);
  }

  override received(bytes: Uint8Array): void {
    let frame: ClientFrame;
    try {
      frame = decodeClientFrame(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return super.received(bytes);
    }
    const { message } = frame;
    if (!this.#handle(message, frame.bytes, frame.qos !== QOS.fire)) super.received(bytes);
    if (message.type === "SUBSCRIBE") this.#noteSubscription(message);
  }

  override closed(reason: string = ""): void {
    this.#heartbeat.stop();
    super.closed();
    if (this.#routerId === "") return;
    const end = this.#end ?? { kind: "lost", reason };
    this.#core.emit({ type: "disconnected", routerId: this.#routerId, reason: end.reason });
    this.#enter("Disconnected", end.reason);
    this.#core.leafLost(this);
  }

  // Never with a revision: the leaf would hand it on as the one that is expected.
  override paramChanged({ address, version: { value, ttl } }: ParamChange): void {
    if (!this.sees(address)) return;
    // The public protocol has no word for what has expired: its own copy expires by itself.
    if (value === undefined || this.#writes.isAsked(address, value)) return;
    this.#connection.sendMessage({
      type: "SET",
      address,
      value,
      ttl: ttl === 0 ? undefined : ttl,
    });
  }

  override published(publication: Publication): void {
    if (publication.identity.origin !== this.#routerId) super.published(publication);
  }

  // What routers tell about themselves means nothing to a router that does not know them.
  override sees(address: string): boolean {
    return !isReserved(address) && super.sees(address);
  }

  /** What a peer says otherwise than a client; false for all else. */
  #handle(message: Message, frame: Uint8Array, wantsAck: boolean): boolean {
    switch (message.type) {
      case "SET": {
        const { address } = message;
        this.#writes.set(message, (answer) => this.#answer(answer, wantsAck, address));
        return true;
      }
      case "PUBLISH":
        this.#answer(this.#writes.publish(message, frame), wantsAck, message.address);
        return true;
      case "BUNDLE":
        this.#answer(this.#writes.bundle(message), wantsAck, undefined);
        return true;
      case "FEDERATION_SYNC":
        this.#federationSync(message);
        return true;
      case "PONG":
        this.#ponged();
        return true;
      case "UNSUBSCRIBE":
        this.#subscribed.delete(message.id);
        return false;
      default:
        return false;
    }
  }

  #answer(answer: LeafAnswer, wantsAck: boolean, address: string | undefined): void {
    if (answer.kind === "refused") return this.#refuseWith(answer.refusal);
    if (!wantsAck) return;
    this.#connection.sendMessage({ type: "ACK", address, revision: answer.revision });
  }

  #refuseWith({ code, message, address }: Refusal): void {
    this.refuse(code, message, address);
  }

  #noteSubscription({ id, pattern }: SubscribeMessage): void {
    // One that was refused leaves the one with its id as it was.
    const taken = this.#core.router.subscriptions.pattern(this, id);
    if (taken?.text === pattern) this.#subscribed.set(id, taken);
  }

  #ponged(): void {
    this.#heartbeat.answered();
    if (this.#state !== "Syncing") return;
    this.#enter("Active");
    this.#core.emit({ type: "connected", routerId: this.#routerId });
  }

  #enter(state: PeerState, reason?: string): void {
    this.#state = state;
    this.#core.emit({
      type: "stateChanged",
      routerId: this.#routerId,
      state,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  #federationSync(message: FederationSyncMessage): void {
    const granted = [...this.#declared.patterns, ...this.#subscribed.values()];
    switch (message.op) {
      case "DeclareNamespaces":
        return this.#declareNamespaces(message);
      case "RequestSync":
      case "RevisionVector": {
        const refusal = message.op === "RequestSync"
          ? this.#sync.requestSync(message, granted)
          : this.#sync.revisionVector(message, granted);
        if (refusal !== undefined) this.#refuseWith(refusal);
        return;
      }
      case "SyncComplete":
        return this.#core.syncCompleted(this, message.patterns);
      case "Forward":
      case "Digest":
      case "Lease":
      case "LinkAck":
      case "Signals":
      case "SignalAnswer":
      case "ShareCancel":
      case "Time":
        return this.refuse(
          ERROR_CODE.refused,
          `FEDERATION_SYNC ${message.op} is spoken between clasp-fed routers: say HELLO with the ` +
            "federation and envelope features",
        );
    }
  }

  #declareNamespaces({ patterns: texts, origin = this.id }: NamespaceSyncMessage): void {
    const refusal = declarationProblem(texts, origin);
    if (refusal !== undefined) return this.#refuseWith(refusal);
    const isFirst = this.#routerId === "";
    if (!isFirst && origin !== this.#routerId) {
      return this.refuse(
        ERROR_CODE.conflict,
        `Router "${this.#routerId}" cannot become "${origin}" on one connection; connect again`,
      );
    }
    const taken = isFirst ? this.#core.identityProblem(origin, this.grant) : undefined;
    if (taken !== undefined) {
      return this.end({ kind: "refused", reason: taken.message }, taken.code);
    }
    const patterns = this.#permitted(texts.map(parsePattern));
    const conflict = declarationRateProblem(this.#core, this.#connection, texts.length) ??
      this.#conflictOf(patterns, origin);
    if (conflict !== undefined) {
      return this.end({ kind: "refused", reason: conflict.message }, conflict.code);
    }
    this.#routerId = origin;
    // A router brings what all its clients send.
    this.#connection.rate = undefined;
    this.#claim(patterns);
    this.#connection.sendMessage({ type: "ACK" });
    if (isFirst) {
      this.#core.legacyLeafJoined(this);
      this.#enter("Syncing");
    }
    this.#core.claimsChanged();
    const declared = patterns.map(({ text }) => text);
    this.#core.emit({ type: "peerNamespaces", routerId: origin, patterns: declared });
    if (isFirst) this.#heartbeat.start();
  }

  /** Why this router id, or these namespaces, cannot be taken. */
  #conflictOf(patterns: readonly Pattern[], routerId: string): Refusal | undefined {
    const { claims } = this.#core;
    if (this.#routerId === "" && this.#core.isConnected(routerId)) {
      return {
        code: ERROR_CODE.conflict,
        message: `Router id "${routerId}" is that of another router that is connected; give each ` +
          "its own",
      };
    }
    const source = { kind: "leaf", routerId } as const;
    const [conflict] = claims.conflictsOf(source, this.#claimsOf(patterns, routerId));
    if (conflict !== undefined) {
      return { code: ERROR_CODE.conflict, message: describeConflict(conflict) };
    }
    if (claims.makeRoom(source, patterns.length)) return undefined;
    return {
      code: ERROR_CODE.overload,
      message: `Cannot keep ${patterns.length} namespaces of router "${routerId}": the hub knows ` +
        `${claims.size}, its limit is ${CLAIMS_MAX}`,
    };
  }

  /** Takes the namespaces, and tells the leaf of them from now on; it has had its SNAPSHOT. */
  #claim(patterns: readonly Pattern[]): void {
    const { claims, router: { subscriptions } } = this.#core;
    const routerId = this.#routerId;
    for (const index of this.#declared.patterns.keys()) {
      subscriptions.remove(this, NAMESPACE_SUBSCRIPTION_ID + index);
    }
    this.#declared = new PatternSet(patterns);
    claims.replace({ kind: "leaf", routerId }, this.#claimsOf(patterns, routerId));
    for (const [index, pattern] of patterns.entries()) {
      subscriptions.add(this, NAMESPACE_SUBSCRIPTION_ID + index, pattern, ALL_SIGNALS);
    }
  }

  /** What it may be told of; it is refused all else that it declared. */
  #permitted(patterns: readonly Pattern[]): readonly Pattern[] {
    return patterns.filter((pattern) => {
      const refusal = this.grant?.patternProblem("read", pattern);
      if (refusal !== undefined) this.#refuseWith(refusal);
      return refusal === undefined;
    });
  }

  /** What it may not write is no claim of it: it only hears of that. */
  #claimsOf(patterns: readonly Pattern[], ownerId: string): readonly Claim[] {
    const claims = patterns.filter(({ text }) => text !== EVERYTHING)
      .map((pattern) => ({ pattern, ownerId, live: true }));
    return permittedClaims(this.grant, claims, () => {});
  }
}

function declarationProblem(patterns: readonly string[], origin: string): Refusal | undefined {
  if (patterns.length > MAX_FEDERATION_PATTERNS) {
    return {
      code: ERROR_CODE.revisionConflict,
      message: `Cannot declare ${patterns.length} namespaces: at most ` +
        `${MAX_FEDERATION_PATTERNS} patterns a peer are allowed`,
    };
  }
  for (const pattern of patterns) {
    const problem = patternProblem(pattern);
    if (problem !== undefined) {
      return {
        code: ERROR_CODE.invalidPattern,
        message: `Not a pattern: ${problem}`,
        address: pattern,
      };
    }
  }
  const problem = routerIdProblem(origin);
  if (problem === undefined) return undefined;
  return { code: ERROR_CODE.invalidMessage, message: `Cannot declare namespaces: ${problem}` };
}
