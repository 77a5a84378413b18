import { parsePattern } from "../address/pattern.ts";
import type { Connection, ConnectionHandler } from "../router/connection.ts";
import { CLOSE_CODE, ERROR_CODE } from "../router/error_code.ts";
import type { FederationHook, WriteAnswer, WriteRoute } from "../router/federation_hook.ts";
import type { RouterCore } from "../router/router_core.ts";
import type { Version } from "../state/version.ts";
import type { HelloMessage, RouterTrailer, SetMessage } from "../wire/message.ts";
import { type Claim, Claims } from "./claims.ts";
import type { Declaration } from "./declaration.ts";
import { type FederationCoreConfig, validateFederationCoreConfig } from "./federation_config.ts";
import { FederationClock } from "./federation_clock.ts";
import { ForwardReceiver } from "./forward_receiver.ts";
import { HubRole } from "./hub_role.ts";
import { type LinkEnd, PeerLink } from "./link.ts";
import type { LinkEvent, PeerState } from "./link_event.ts";
import { PatternSet } from "./pattern_set.ts";
import { routerIdProblem } from "./router_id.ts";
import { Uplink } from "./uplink.ts";
import { WriteRouter } from "./write_router.ts";

/**
 * A router's part in the federation: its links, the claims it knows, and federation time. It has no
 * socket or timer of its own; it is stepped through the {@linkcode RouterCore} it belongs to.
 */
export class FederationCore implements FederationHook {
  readonly router: RouterCore;
  readonly config: FederationCoreConfig;
  readonly claims: Claims = new Claims();
  readonly clock: FederationClock;
  readonly receiver: ForwardReceiver;
  readonly writes: WriteRouter;
  readonly uplink: Uplink | undefined;
  readonly #leaves = new Map<string, PeerLink>();
  readonly #onEvent: (event: LinkEvent) => void;
  readonly #declareAll: () => void = () => this.#declare();
  readonly #imports: PatternSet;
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
  }) {
    validateFederationCoreConfig(options.config);
    const { router, config } = options;
    this.router = router;
    this.config = config;
    this.#onEvent = options.onEvent ?? (() => {});
    this.#path = [router.config.routerId];
    this.#imports = new PatternSet(config.imports.map(parsePattern));
    this.clock = new FederationClock({
      offsetMicros: router.wallOffsetMicros,
      isRoot: !options.isLeaf,
    });
    this.receiver = new ForwardReceiver(this);
    this.writes = new WriteRouter(this);
    this.uplink = options.isLeaf ? new Uplink(this) : undefined;
    this.claims.replace(
      { kind: "self" },
      config.namespaces.map((text) => ({
        pattern: parsePattern(text),
        ownerId: router.config.routerId,
        live: true,
      })),
    );
    router.federation = this;
  }

  /** Starts to dial the hub, when there is one to dial. */
  start(nowMicros: number): void {
    this.router.wake(nowMicros);
    if (this.config.hubUrls.length > 0) this.uplink?.dial();
  }

  /** No hub above: its time is the federation's, and what nobody claims is its own. */
  get isRoot(): boolean {
    return this.uplink === undefined;
  }

  /** Router ids from this one to the root, as far as it knows. */
  get path(): readonly string[] {
    return this.#path;
  }

  get hubLink(): PeerLink | undefined {
    return this.uplink?.link;
  }

  leafLink(routerId: string): PeerLink | undefined {
    return this.#leaves.get(routerId);
  }

  /** All links that have a connection. */
  links(): readonly PeerLink[] {
    const { hubLink } = this;
    return [...(hubLink === undefined ? [] : [hubLink]), ...this.#leaves.values()];
  }

  /** This router's facts, for HELLO and WELCOME. */
  trailer(): RouterTrailer {
    const { routerId, bootId } = this.router.config;
    return { routerId, bootId, timeMicros: this.timeMicros(), timed: this.clock.timed };
  }

  emit(event: LinkEvent): void {
    if (event.type === "connected" && event.routerId === this.hubLink?.routerId) {
      this.uplink?.proven();
    }
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

  requestWrite(set: SetMessage, answered: (answer: WriteAnswer) => void): void {
    this.writes.request(set, answered);
  }

  acceptPeer(connection: Connection, hello: HelloMessage): ConnectionHandler | undefined {
    const { router: peer } = hello;
    if (peer === undefined) return undefined;
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
    this.#leaves.get(routerId)?.end({
      kind: "refused",
      reason: `Superseded by a new connection of router "${routerId}" from ` +
        `${connection.remoteAddress}; if that is another machine, give each its --federation-id`,
    }, ERROR_CODE.conflict);
    const link = new PeerLink(this, connection);
    link.routerId = routerId;
    const role = new HubRole(this, link);
    link.role = role;
    this.#leaves.set(routerId, link);
    link.start();
    role.welcome(hello);
    return link;
  }

  stop(): void {
    this.uplink?.stop();
  }

  // For links

  /** A round trip to the hub was measured and its time is taken. */
  adoptTime(): void {
    const wasTimed = this.clock.timed;
    this.clock.adopt();
    if (wasTimed || !this.clock.timed) return;
    this.router.params.becameTimed((nowMicros) => this.clock.timeMicros(nowMicros));
    // They took nothing from a router that did not know the time; now they can.
    for (const leaf of [...this.#leaves.values()]) {
      leaf.close({ kind: "lost", reason: "Federation time is known here now; connect again" });
    }
  }

  /** Merges a version that came by a link, and says so when there is no room for it. */
  merge(
    address: string,
    version: Version,
    cause: { readonly from: PeerLink; readonly except?: PeerLink | undefined },
  ): void {
    const outcome = this.router.params.merge(address, version, cause);
    if (outcome === "full") {
      cause.from.refuse(
        ERROR_CODE.overload,
        `Version of "${address}" not kept: the router keeps ` +
          `${this.router.config.paramsMax} params, its limit`,
        address,
      );
    } else if (outcome === "applied") {
      const { value, revision, origin } = version;
      this.#onEvent({ type: "remoteSet", address, value, revision, origin });
    }
  }

  /** Whether this router keeps the address: an import, or inside its own claims or its leaves'. */
  mirrors(address: string): boolean {
    return this.isRoot || this.#imports.matches(address) || this.claims.isClaimedHere(address);
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
    this.claims.markLost({ kind: "hub" });
    this.claimsChanged();
  }

  /** A leaf's link is gone. */
  leafLost(link: PeerLink): void {
    if (this.#leaves.get(link.routerId) !== link) return;
    this.#leaves.delete(link.routerId);
    this.claims.markLost({ kind: "leaf", routerId: link.routerId });
    // What the hub knows may have been left out in favour of this leaf's.
    if (this.#hubClaims.length > 0) this.claims.replace({ kind: "hub" }, this.#hubClaims);
    this.claimsChanged();
  }

  /** Whatever is known of claims or of the path has changed: tells all peers when the turn ends. */
  claimsChanged(): void {
    this.router.flushAtEndOfTurn(this.#declareAll);
  }

  /** A link's connection ended, from whatever side. */
  linkEnded(link: PeerLink, end: LinkEnd): void {
    this.router.subscriptions.removeAll(link);
    this.writes.linkLost(link, end.reason);
    if (link.routerId !== "") {
      this.emit({ type: "disconnected", routerId: link.routerId, reason: end.reason });
    }
  }

  syncCompleted(link: PeerLink, patterns: readonly string[]): void {
    for (const pattern of patterns) {
      this.emit({ type: "syncComplete", routerId: link.routerId, pattern });
    }
  }

  /** The uplink has no connection and changed state. */
  uplinkChanged(state: PeerState, reason: string | undefined): void {
    this.#onEvent({
      type: "stateChanged",
      routerId: "",
      state,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  #declare(): void {
    for (const link of this.links()) link.declare();
  }
}
