import { parsePattern, type Pattern } from "../address/pattern.ts";
import { DECLARATION_WORK_BURST, DECLARATION_WORK_PER_SECOND } from "../limits.ts";
import { AddressRate } from "../router/address_rate.ts";
import type { BundleShare, ShareAnswers } from "../router/bundle_share.ts";
import type { Connection, ConnectionHandler } from "../router/connection.ts";
import { CLOSE_CODE, ERROR_CODE, type Refusal } from "../router/error_code.ts";
import type {
  FederationHook,
  GetAnswer,
  RouteFacts,
  WriteAnswer,
  WriteRoute,
} from "../router/federation_hook.ts";
import type { OutgoingSignal, SignalAnswered } from "../router/p2p_signals.ts";
import type { ArrivalCause } from "../router/params.ts";
import type { Publication } from "../router/publication.ts";
import { isLocal, isShared } from "../router/reserved.ts";
import type { RouterCore } from "../router/router_core.ts";
import type { SessionGrant } from "../router/session_grant.ts";
import { isLive, type Version } from "../state/version.ts";
import type { HelloMessage, RouterTrailer, SetMessage } from "../wire/message.ts";
import { type Claim, type ClaimConflict, Claims } from "./claims.ts";
import type { Declaration } from "./declaration.ts";
import { DeclarationPace } from "./declaration_pace.ts";
import {
  type FederationCoreConfig,
  type LiveFederationConfig,
  validateFederationCoreConfig,
} from "./federation_config.ts";
import { explainRoute } from "./explain_route.ts";
import { FederationClock } from "./federation_clock.ts";
import { ForwardReceiver } from "./forward_receiver.ts";
import { FrameKeeper } from "./frame_keeper.ts";
import { HubRole } from "./hub_role.ts";
import { LinkReport } from "./link_report.ts";
import { LeaseRouter } from "./lease_router.ts";
import { LegacyHubLink } from "./legacy_hub_link.ts";
import { LegacyLeafLink } from "./legacy_leaf_link.ts";
import { type LinkEnd, PeerLink } from "./link.ts";
import type { LinkEvent, PeerState } from "./link_event.ts";
import type { LinkHandle } from "./link_handle.ts";
import { Interest } from "./interest.ts";
import { Newcomers } from "./newcomers.ts";
import { P2pRouter } from "./p2p_router.ts";
import { PatternSet } from "./pattern_set.ts";
import { type Grantee, PeerAccess } from "./peer_access.ts";
import { RemoteGets } from "./remote_gets.ts";
import { PeerRecords } from "./peer_records.ts";
import { routerIdProblem } from "./router_id.ts";
import { RouterIdentities } from "./router_identities.ts";
import { SignalExchange } from "./signal_exchange.ts";
import { ShareRouter } from "./share_router.ts";
import { TimeKeeper } from "./time_keeper.ts";
import { Uplink } from "./uplink.ts";
import { WriteRouter } from "./write_router.ts";

const EVERYTHING = "/**";
/**
 * A router's part in the federation: its links, the claims it knows, and federation time. It has no
 * socket or timer of its own; it is stepped through the {@linkcode RouterCore} it belongs to.
 */
export class FederationCore implements FederationHook {
  readonly router: RouterCore;
  readonly claims: Claims = new Claims();
  readonly clock: FederationClock;
  readonly time: TimeKeeper;
  readonly receiver: ForwardReceiver;
  readonly writes: WriteRouter;
  readonly shares: ShareRouter;
  readonly interest: Interest;
  readonly gets: RemoteGets;
  readonly leases: LeaseRouter;
  readonly signals: SignalExchange;
  readonly p2p: P2pRouter;
  readonly access: PeerAccess;
  readonly uplink: Uplink | undefined;
  /** What is known of peers, with a link or without. */
  readonly records: PeerRecords;
  /** What the declarations of leaves cost, by remote address: a new connection does not start anew. */
  readonly declarations: AddressRate = new AddressRate({
    perSecond: DECLARATION_WORK_PER_SECOND,
    burst: DECLARATION_WORK_BURST,
  });
  readonly #leaves = new Map<string, PeerLink | LegacyLeafLink>();
  readonly #newcomers: Newcomers;
  readonly #identities = new RouterIdentities();
  readonly #report: LinkReport | undefined;
  readonly #onEvent: (event: LinkEvent) => void;
  readonly #wantsTraffic: () => boolean;
  readonly #declareUp: () => void = () => this.hubLink?.declare();
  readonly #pace: DeclarationPace;
  readonly #follow: () => void = () => {
    const { link, role } = this.uplink ?? {};
    role?.follow();
    if (link instanceof LegacyHubLink) link.follow();
  };
  readonly #imports: PatternSet;
  readonly #importsAll: boolean;
  #config: FederationCoreConfig;
  #path: readonly string[];
  /** As the hub declared them last on this link, those that were left out here included. */
  #hubClaims: readonly Claim[] = [];

  /** Joins itself to the router; must be called before the router's first event. */
  constructor(options: {
    readonly router: RouterCore;
    readonly config: FederationCoreConfig;
    /** A leaf has a hub, even when its connections are opened by somebody else. */
    readonly isLeaf: boolean;
    /** Told of everything on links, as it happens; must not call back. */
    readonly onEvent?: (event: LinkEvent) => void;
    /** Whether it is to be told of each `remoteSet` and `remotePublish`; asked each time. Default: yes. */
    readonly wantsTraffic?: () => boolean;
  }) {
    validateFederationCoreConfig(options.config);
    const { router, config } = options;
    this.router = router;
    this.#config = config;
    this.#onEvent = options.onEvent ?? (() => {});
    this.#wantsTraffic = options.wantsTraffic ?? (() => true);
    this.#path = [router.config.routerId];
    this.#imports = new PatternSet(config.imports.map(parsePattern));
    this.#importsAll = config.imports.includes(EVERYTHING);
    this.clock = new FederationClock({
      offsetMicros: router.wallOffsetMicros,
      isRoot: !options.isLeaf,
    });
    this.#pace = new DeclarationPace(router, () => this.#declareDown());
    this.access = new PeerAccess({
      acceptWrites: config.acceptWrites && new PatternSet(config.acceptWrites.map(parsePattern)),
    });
    this.time = new TimeKeeper(this);
    this.receiver = new ForwardReceiver(this);
    this.writes = new WriteRouter(this);
    this.shares = new ShareRouter(this);
    this.interest = new Interest(this);
    this.gets = new RemoteGets(this);
    this.leases = new LeaseRouter(this);
    this.signals = new SignalExchange(this);
    this.p2p = new P2pRouter(this);
    this.records = new PeerRecords(
      { router, frames: new FrameKeeper(), emit: (event) => this.emit(event) },
      { hasHub: options.isLeaf },
    );
    const { hub } = this.records;
    this.uplink = hub === undefined ? undefined : new Uplink(this, hub);
    this.#newcomers = new Newcomers(router, (connection, hello) => this.#join(connection, hello));
    this.claims.replace({ kind: "self" }, this.#claimsOf(config.namespaces));
    router.federation = this;
    this.#report = config.showsLinks ? new LinkReport(this) : undefined;
    router.subscriptions.observer = this.interest;
  }

  /** Starts to dial the hub, when there is one to dial. */
  start(nowMicros: number): void {
    this.router.wake(nowMicros);
    if (this.config.hubUrls.length > 0) this.uplink?.dial();
  }

  get config(): FederationCoreConfig {
    return this.#config;
  }

  /**
   * Takes other settings while it runs: hubs, namespaces, the token for the hub. What conflicts with a
   * live claim of another router is returned, and nothing is changed then. A leaf tells its hub and its
   * leaves at the end of the turn; a link to a hub that is not in the list any more ends.
   *
   * @throws {TypeError | RangeError} when a setting is wrong; nothing is changed then
   */
  reconfigure(
    changes: LiveFederationConfig,
    nowMicros: number,
  ): readonly ClaimConflict[] {
    const config = { ...this.#config, ...changes };
    validateFederationCoreConfig(config);
    this.router.wake(nowMicros);
    const source = { kind: "self" } as const;
    const claims = this.#claimsOf(config.namespaces);
    const conflicts = this.claims.conflictsOf(source, claims);
    if (conflicts.length > 0) return conflicts;
    const before = this.#config;
    this.#config = config;
    if (changes.namespaces !== undefined) {
      this.claims.replace(source, claims);
      // What the hub knows may have been left out in favour of what was given up.
      if (this.#hubClaims.length > 0) this.claims.replace({ kind: "hub" }, this.#hubClaims);
      this.claimsChanged();
    }
    this.uplink?.reconfigured(before.hubUrls);
    return [];
  }

  /** What this router shows of its links, and others of theirs; undefined when it shows none. */
  get report(): LinkReport | undefined {
    return this.#report;
  }

  /** No hub above: its time is the federation's, and what nobody claims is its own. */
  get isRoot(): boolean {
    return this.uplink === undefined;
  }

  /** Router ids from this one to the root, as far as it knows. */
  get path(): readonly string[] {
    return this.#path;
  }

  get hubLink(): PeerLink | LegacyHubLink | undefined {
    return this.uplink?.link;
  }

  leafLink(routerId: string): PeerLink | LegacyLeafLink | undefined {
    return this.#leaves.get(routerId);
  }

  /** All links that have a connection. */
  links(): readonly LinkHandle[] {
    const { hubLink } = this;
    return [...(hubLink === undefined ? [] : [hubLink]), ...this.#leaves.values()];
  }

  /** Ids of the leaves that are connected. */
  leafIds(): Iterable<string> {
    return this.#leaves.keys();
  }

  /** All links to leaves that are clasp-fed routers. */
  leafLinks(): readonly PeerLink[] {
    return [...this.#leaves.values()].filter((link) => link instanceof PeerLink);
  }

  /** This router's facts, for HELLO and WELCOME. */
  trailer(): RouterTrailer {
    const { routerId, bootId } = this.router.config;
    return { routerId, bootId, timeMicros: this.time.told(), timed: this.clock.timed };
  }

  /** Whether anybody is to be told of each version and event that comes by a link. */
  get wantsTraffic(): boolean {
    return this.#wantsTraffic();
  }

  emit(event: LinkEvent): void {
    if (event.type === "connected" && event.routerId === this.hubLink?.routerId) {
      this.uplink?.proven();
    }
    if (event.type === "refused") {
      const record = this.records.get(event.routerId);
      if (record !== undefined) record.counters.refused++;
    }
    if (event.type === "stateChanged" || event.type === "peerNamespaces") this.#report?.changed();
    this.#onEvent(event);
  }

  // FederationHook

  get isTimed(): boolean {
    return this.clock.timed;
  }

  timeMicros(): number {
    return this.clock.timeMicros(this.router.nowMicros);
  }

  route(address: string): WriteRoute {
    return this.writes.route(address);
  }

  requestWrite(
    set: SetMessage,
    session: string,
    answered: (answer: WriteAnswer) => void,
  ): void {
    this.writes.request(set, session, answered);
  }

  explain(address: string): RouteFacts {
    return explainRoute(this, address);
  }

  ownerOf(address: string): string {
    return this.shares.ownerOf(address);
  }

  shareProblem(share: BundleShare): Refusal | undefined {
    return this.shares.problem(share);
  }

  requestShare(share: BundleShare, answers: ShareAnswers): () => void {
    return this.shares.request(share, answers);
  }

  sessionEnded(session: string): void {
    this.leases.sessionEnded(session);
    this.p2p.sessionEnded(session);
  }

  grantRevoked(): void {
    this.shares.takeBackOver();
  }

  p2pJoined(session: string): void {
    this.p2p.joined(session);
  }

  signal(signal: OutgoingSignal, answered: SignalAnswered): void {
    this.p2p.send(signal, answered);
  }

  requestGet(address: string, answered: (answer: GetAnswer) => void): void {
    this.gets.ask(address, answered);
  }

  interestProblem(pattern: Pattern): Refusal | undefined {
    return this.interest.problem(pattern);
  }

  whenKnown(pattern: Pattern, act: () => void): void {
    this.interest.whenKnown(pattern, act);
  }

  missed(publication: Publication): void {
    this.receiver.missed(publication);
  }

  acceptPeer(connection: Connection, hello: HelloMessage): ConnectionHandler | undefined {
    const { router: peer } = hello;
    if (peer === undefined) return this.#acceptLegacy(connection, hello);
    const { routerId } = peer;
    const problem = routerIdProblem(routerId);
    if (problem !== undefined) {
      connection.closeWith({
        code: ERROR_CODE.invalidMessage,
        message: `Cannot read HELLO: ${problem}`,
      }, CLOSE_CODE.policy);
      return undefined;
    }
    if (routerId === this.router.config.routerId) {
      connection.closeWith({
        code: ERROR_CODE.conflict,
        message: `Router id "${routerId}" is that of the hub itself; set --federation-id`,
      }, CLOSE_CODE.policy);
      return undefined;
    }
    const refusal = this.identityProblem(routerId, connection.grant);
    if (refusal !== undefined) {
      connection.closeWith(refusal, CLOSE_CODE.policy);
      return undefined;
    }
    this.#endSquatters(routerId, connection);
    const old = this.#leaves.get(routerId);
    if (old instanceof PeerLink) return this.#newcomers.decide(connection, hello, old);
    // A legacy leaf has no boot id to tell it by: it gives way.
    old?.end({
      kind: "refused",
      reason: `Superseded by a new connection of router "${routerId}" from ` +
        `${connection.remoteAddress}; if that is another machine, give each its --federation-id`,
    }, ERROR_CODE.conflict);
    return this.#join(connection, hello);
  }

  stop(): void {
    this.uplink?.stop();
    this.leases.stop();
    this.router.flush(this.router.nowMicros);
  }

  // For links

  /** Merges a version that came by a link, and says so when there is no room for it. */
  merge(
    address: string,
    version: Version,
    cause: ArrivalCause<PeerLink>,
  ): void {
    if (!this.mirrors(address)) {
      // Nobody would keep it up to date here. What comes from below is for those who want it.
      if (cause.from.side === "hub") this.router.params.passOn(address, version, cause);
      return;
    }
    const outcome = this.router.params.merge(address, version, cause);
    if (outcome === "full") {
      cause.from.refuseForRoom(address);
    } else if (outcome === "applied") {
      if (isShared(address)) this.#report?.heard(address);
      if (!this.wantsTraffic) return;
      const { value, revision, origin } = version;
      // Nothing was set when it had expired before it came.
      const isSet = value !== undefined && isLive(this.router.params.get(address));
      if (isSet) this.#onEvent({ type: "remoteSet", address, value, revision, origin });
    }
  }

  /** Whether this router keeps the address, for ever or as long as somebody here wants it. */
  mirrors(address: string): boolean {
    return this.mirrorsAlways(address) || this.interest.matches(address);
  }

  /**
   * Whether this router keeps the address whoever wants it: an import, or inside its own claims or
   * its leaves'.
   */
  mirrorsAlways(address: string): boolean {
    return this.isRoot || this.#importsAll || this.#imports.matches(address) ||
      this.claims.isClaimedHere(address) || this.#isOwnReport(address);
  }

  /** What clients and leaves want beyond the imports has changed: follows it when the turn ends. */
  interestChanged(): void {
    this.router.flushAtEndOfTurn(this.#follow);
  }

  /** The hub told what it knows. */
  hubDeclared(link: PeerLink, declaration: Declaration): void {
    const { routerId } = this.router.config;
    this.#path = [routerId, ...declaration.path];
    this.#hubClaims = declaration.claims;
    for (const { later, earlier } of this.claims.replace({ kind: "hub" }, declaration.claims)) {
      this.emit({
        type: "refused",
        routerId: link.routerId,
        code: ERROR_CODE.conflict,
        message: `"${later.pattern.text}" of router "${later.ownerId}" is left out: it overlaps ` +
          `"${earlier.pattern.text}" of router "${earlier.ownerId}"`,
      });
    }
    this.claimsChanged();
    this.emit({
      type: "peerNamespaces",
      routerId: link.routerId,
      patterns: declaration.claims.map(({ pattern }) => pattern.text),
    });
  }

  /**
   * The hub, or a router above it, refused a namespace that came from below: whoever declared it here
   * is told, router by router down to its owner.
   */
  claimRefusedAbove(pattern: string, reason: string): void {
    for (const leaf of [...this.#leaves.values()]) {
      const { routerId } = leaf;
      const claim = this.claims.of({ kind: "leaf", routerId })
        .find(({ pattern: { text } }) => text === pattern);
      if (claim === undefined) continue;
      if (claim.ownerId === routerId) leaf.end({ kind: "refused", reason }, ERROR_CODE.conflict);
      else leaf.refuse(ERROR_CODE.conflict, reason, pattern);
    }
  }

  /** The hub cannot be reached. */
  hubLost(): void {
    this.#path = [this.router.config.routerId];
    this.#hubClaims = [];
    this.gets.hubLost();
    this.interest.known();
    this.claims.markLost({ kind: "hub" });
    this.claimsChanged();
  }

  /**
   * Whether a router that is connected has this id. A legacy leaf does not take the place of the one
   * that has it: nothing shows that it is the same router.
   */
  isConnected(routerId: string): boolean {
    const { router, claims, hubLink } = this;
    return this.#leaves.has(routerId) || routerId === router.config.routerId ||
      routerId === hubLink?.routerId ||
      claims.declaredTo({ kind: "leaf", routerId })
        .some(({ ownerId, live }) => live && ownerId === routerId);
  }

  /** A legacy leaf has said who it is, and its namespaces are known. */
  legacyLeafJoined(link: LegacyLeafLink): void {
    this.#leaves.set(link.routerId, link);
    this.leafRegistered(link);
  }

  /** A leaf is a peer from now on: its router id is that of its credential. */
  leafRegistered({ routerId, grant }: Grantee): void {
    if (grant !== undefined) this.#identities.registered(routerId, grant.identity);
  }

  /**
   * Why a credential may not use a router id, or undefined: it is kept for another one, is that of
   * another one's link, or was not long ago, or of a router that is reached by another link and owns
   * more than this one may.
   */
  identityProblem(routerId: string, grant: SessionGrant | undefined): Refusal | undefined {
    if (grant === undefined) return undefined;
    const { grants, nowMicros } = this.router;
    const link = this.#leaves.get(routerId);
    const owner = grants?.keeperOf(routerId) ?? this.#identities.ownerOf(routerId, nowMicros);
    if (owner === grant.identity) return undefined;
    if (owner !== undefined) {
      return {
        code: ERROR_CODE.refused,
        message: `Router id "${routerId}" belongs to another credential (${owner}) than the ` +
          `token's (${grant.identity}); set --federation-id, or use a token of the same credential`,
      };
    }
    // It has not registered: nobody's yet, so whoever comes now is to try again.
    const isAskedFor = link !== undefined && link.grant?.identity !== grant.identity;
    const isOther = isAskedFor || routerId === this.hubLink?.routerId;
    if (!isOther && this.#mayOwnAsMuch(routerId, grant)) return undefined;
    return {
      code: ERROR_CODE.conflict,
      message: `Router id "${routerId}" is that of a router that is reached by another link; ` +
        "set --federation-id, or try again when that link is gone",
    };
  }

  /** A leaf's link is gone. */
  leafLost(link: PeerLink | LegacyLeafLink): void {
    if (this.#leaves.get(link.routerId) !== link) return;
    this.#leaves.delete(link.routerId);
    this.#identities.lost(link.routerId, this.router.nowMicros);
    this.claims.markLost({ kind: "leaf", routerId: link.routerId });
    // What the hub knows may have been left out in favour of this leaf's.
    if (this.#hubClaims.length > 0) this.claims.replace({ kind: "hub" }, this.#hubClaims);
    this.claimsChanged();
    this.#newcomers.left(link.routerId);
  }

  /** Not all that a peer has is kept here (any more). */
  linkDegraded(): void {
    this.#report?.changed();
  }

  /**
   * Whatever is known of claims or of the path has changed: tells the hub when the turn ends, and the
   * leaves then, or later when that is much.
   */
  claimsChanged(): void {
    this.leases.ownersChanged();
    this.router.flushAtEndOfTurn(this.#declareUp);
    this.#pace.changed();
  }

  /** A link is registered at this end. */
  linkRegistered(link: PeerLink): void {
    this.signals.linkRegistered(link);
    this.p2p.linkRegistered(link);
  }

  /** A link's connection ended, from whatever side. */
  linkEnded(link: PeerLink, end: LinkEnd): void {
    this.router.subscriptions.removeAll(link);
    this.leases.linkLost(link);
    this.signals.linkLost(link);
    this.p2p.linkLost(link);
    link.record.disconnected(link);
    if (!link.record.hasLink) this.records.wentAway(link.record);
    this.writes.linkLost(link, end.reason);
    this.shares.linkLost(link, end.reason);
    if (link.routerId !== "") {
      this.emit({ type: "disconnected", routerId: link.routerId, reason: end.reason });
    }
  }

  syncCompleted(link: LinkHandle, patterns: readonly string[]): void {
    for (const pattern of patterns) {
      this.emit({ type: "syncComplete", routerId: link.routerId, pattern });
    }
  }

  /** The uplink has no connection and changed state. */
  uplinkChanged(
    state: PeerState,
    { reason, nextAttemptMs }: {
      readonly reason: string | undefined;
      readonly nextAttemptMs: number | undefined;
    },
  ): void {
    this.emit({
      type: "stateChanged",
      routerId: "",
      state,
      ...(reason === undefined ? {} : { reason }),
      ...(nextAttemptMs === undefined ? {} : { nextAttemptMs }),
    });
  }

  /** Links of a router id that is kept for another credential than theirs, which is here now. */
  #endSquatters(routerId: string, { grant, remoteAddress }: Connection): void {
    if (grant === undefined) return;
    // One that waited for the end of the first takes its place at once, and no third.
    for (let count = 0; count < 2; count++) {
      const link = this.#leaves.get(routerId);
      if (link === undefined || link.grant?.identity === grant.identity) return;
      link.end({
        kind: "refused",
        reason:
          `Router id "${routerId}" is kept for another credential (${grant.identity}), which ` +
          `has connected from ${remoteAddress}; set --federation-id`,
      }, ERROR_CODE.conflict);
    }
  }

  #join(connection: Connection, hello: HelloMessage): PeerLink {
    const { routerId = "", bootId = 0 } = hello.router ?? {};
    // Whoever says HELLO and no more takes nobody's place, and nothing that waits for it.
    const record = this.records.unregistered(routerId);
    const link = new PeerLink(this, connection, record);
    link.routerId = routerId;
    link.bootId = bootId;
    const role = new HubRole(this, link);
    link.role = role;
    this.#leaves.set(routerId, link);
    link.start();
    role.welcome(hello);
    return link;
  }

  /**
   * Whether a credential allows all that a router owns which is reached by another link. A site that
   * comes over from another hub is not to wait until that one has noticed.
   */
  #mayOwnAsMuch(routerId: string, grant: SessionGrant): boolean {
    return this.claims.declaredTo({ kind: "leaf", routerId }).every(({ pattern, ownerId, live }) =>
      !live || ownerId !== routerId || grant.patternProblem("write", pattern) === undefined
    );
  }

  #claimsOf(namespaces: readonly string[]): readonly Claim[] {
    const { routerId: ownerId } = this.router.config;
    return namespaces.map((text) => ({ pattern: parsePattern(text), ownerId, live: true }));
  }

  // A leaf that speaks the public protocol says who it is when it declares its namespaces.
  #acceptLegacy(connection: Connection, hello: HelloMessage): LegacyLeafLink {
    const link = new LegacyLeafLink(this, connection, hello);
    connection.handler = link;
    link.welcome();
    return link;
  }

  /** What this router shows of its own links, wherever it may be wanted. */
  #isOwnReport(address: string): boolean {
    if (isLocal(address)) return true;
    return isShared(address) &&
      this.router.params.store.get(address)?.origin === this.router.config.routerId;
  }

  #declareDown(): number {
    for (const link of this.#leaves.values()) link.declare();
    return this.#leaves.size * this.claims.size;
  }
}
