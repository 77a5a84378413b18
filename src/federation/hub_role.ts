import { CLAIMS_MAX } from "../limits.ts";
import { ERROR_CODE } from "../router/error_code.ts";
import {
  ALL_SIGNALS,
  FEATURE,
  type HelloMessage,
  type Message,
  type RouterTrailer,
} from "../wire/message.ts";
import type { ClaimConflict } from "./claims.ts";
import {
  type Declaration,
  DeclarationReader,
  declare,
  isRefusal,
  LastDeclared,
} from "./declaration.ts";
import { declarationRateProblem } from "./declaration_cost.ts";
import type { FederationCore } from "./federation_core.ts";
import type { LinkEnd, LinkRole, PeerLink } from "./link.ts";
import { PatternSet } from "./pattern_set.ts";
import { PeerRequests } from "./peer_requests.ts";
import { permittedClaims } from "./permitted_claims.ts";
import { isForRole, type RoleMessage } from "./role_message.ts";
import { StateSync } from "./state_sync.ts";

/** Ids of the subscriptions to a leaf's namespaces start here, as in the public router. */
export const NAMESPACE_SUBSCRIPTION_ID: number = 50_000;
/** A hub keeps all that its leaves know, and passes on all that they publish. */
const EVERYTHING = "/**";
const EVERYTHING_SUBSCRIPTION_ID = NAMESPACE_SUBSCRIPTION_ID - 1;

/** The end of a link that accepted: registers what the leaf declares, and serves it. */
export class HubRole implements LinkRole {
  readonly side = "hub";
  readonly #core: FederationCore;
  readonly #link: PeerLink;
  readonly #requests: PeerRequests;
  readonly #sync: StateSync;
  readonly #declarations = new DeclarationReader();
  readonly #lastDeclared = new LastDeclared();
  #isRegistered = false;
  /** What the leaf's HELLO said, and when it came. */
  #greeting: RouterTrailer | undefined;
  #greetedMicros = 0;
  #declared = new PatternSet([]);

  constructor(core: FederationCore, link: PeerLink) {
    this.#core = core;
    this.#link = link;
    this.#sync = new StateSync(core, link, this);
    this.#requests = new PeerRequests(core, link, this.#sync);
  }

  /** Answers the leaf's HELLO. */
  welcome(hello: HelloMessage): void {
    const { router } = this.#core;
    this.#greeting = hello.router;
    this.#greetedMicros = router.nowMicros;
    this.#link.sendMessage({
      type: "WELCOME",
      version: 1,
      features: hello.features | FEATURE.federation | FEATURE.envelope,
      timeMicros: this.#core.timeMicros(),
      session: router.port.newId(),
      name: router.config.name,
      router: this.#core.trailer(),
    });
  }

  /** Declares all that this router knows beside what the leaf itself declared. */
  declare(): void {
    if (!this.#isRegistered) return;
    const { routerId } = this.#core.router.config;
    const source = { kind: "leaf", routerId: this.#link.routerId } as const;
    const declaration = {
      claims: this.#core.claims.declaredTo(source),
      path: this.#core.path,
    };
    if (!this.#lastDeclared.isNews(declaration)) return;
    const messages = declare(routerId, { ...declaration, unclaimed: EVERYTHING });
    for (const message of messages) this.#link.sendMessage(message);
  }

  kindOf(): "update" {
    return "update";
  }

  mayUpdate(address: string): boolean {
    return this.#declared.matches(address);
  }

  // The leaf measures; the hub's time is the one that counts.
  timed(): void {}

  ended(_end: LinkEnd): void {
    this.#core.leafLost(this.#link);
  }

  handle(message: Message): void {
    if (!this.#isRegistered && !isDeclaration(message)) {
      // Never answered: two ends that answer each other's answers would not stop.
      if (message.type === "ERROR" || message.type === "ACK") return;
      return this.#link.refuse(
        ERROR_CODE.refused,
        `${message.type} refused: declare your namespaces first`,
      );
    }
    switch (message.type) {
      case "SUBSCRIBE":
        return this.#requests.subscribe(message);
      case "UNSUBSCRIBE":
        return this.#requests.unsubscribe(message.id);
      case "GET":
        return this.#requests.get(message.address);
      case "ERROR":
        return this.#core.emit({
          type: "refused",
          routerId: this.#link.routerId,
          code: message.code,
          message: message.message,
        });
      case "ACK":
        return;
      case "FEDERATION_SYNC":
        if (isForRole(message)) this.#federationSync(message);
        return;
      default:
        this.#link.refuse(ERROR_CODE.invalidMessage, `${message.type} is not spoken on a link`);
    }
  }

  #federationSync(message: RoleMessage): void {
    switch (message.op) {
      case "DeclareNamespaces": {
        const declaration = this.#declarations.read(message);
        if (declaration === undefined) return;
        if (isRefusal(declaration)) {
          return this.#link.end(
            { kind: "refused", reason: declaration.message },
            declaration.code,
          );
        }
        return this.#leafDeclared(declaration);
      }
      case "Digest":
        return this.#sync.received(message);
      case "Time":
        return this.#core.time.toldByLeaf(this.#link, message.timeMicros);
      case "RequestSync":
        // A leaf subscribes before it asks for the state.
        this.#link.record.handOver();
        return this.#requests.requestSync(message, this.#declared.patterns);
      case "SyncComplete":
        this.#core.syncCompleted(this.#link, this.#sync.completed(message.patterns));
        return this.#link.syncCompleted();
      case "RevisionVector":
        return this.#link.refuse(
          ERROR_CODE.unavailable,
          "RevisionVector is not used between clasp-fed routers",
        );
    }
  }

  #leafDeclared(declaration: Declaration): void {
    const { routerId } = this.#link;
    const { claims } = this.#core;
    const source = { kind: "leaf", routerId } as const;
    const tooOften = declarationRateProblem(
      this.#core,
      this.#link.connection,
      declaration.claims.length,
    );
    if (tooOften !== undefined) {
      return this.#link.end({ kind: "refused", reason: tooOften.message }, tooOften.code);
    }
    const declared = permittedClaims(
      this.#link.grant,
      declaration.claims,
      ({ code, message }, { pattern }) =>
        this.#link.refuse(code, `Namespace refused: ${message}`, pattern.text),
    );
    if (!claims.makeRoom(source, declared.length)) {
      return this.#link.end({
        kind: "refused",
        reason: `Cannot keep ${declared.length} namespaces of router "${routerId}": ` +
          `the hub knows ${claims.size}, its limit is ${CLAIMS_MAX}`,
      }, ERROR_CODE.overload);
    }
    const own = claims.conflictsOf(source, declared)
      .find(({ later }) => later.ownerId === routerId);
    if (own !== undefined) {
      return this.#link.end(
        { kind: "refused", reason: describeConflict(own) },
        ERROR_CODE.conflict,
      );
    }
    for (const conflict of claims.replace(source, declared)) {
      // With its pattern, which tells the leaf that the link itself is not refused.
      const { text } = conflict.later.pattern;
      this.#link.refuse(ERROR_CODE.conflict, describeConflict(conflict), text);
    }
    this.#declared = new PatternSet(claims.of(source).map(({ pattern }) => pattern));
    const isFirst = !this.#isRegistered;
    if (isFirst) this.#remember();
    this.#link.sendMessage({ type: "ACK" });
    this.#isRegistered = true;
    this.#subscribe();
    this.#core.claimsChanged();
    // One that is new waits for it, whenever the others are told.
    if (isFirst) this.#core.router.flushAtEndOfTurn(() => this.declare());
    this.#core.emit({
      type: "peerNamespaces",
      routerId,
      patterns: this.#declared.patterns.map(({ text }) => text),
    });
    // Its state comes with the comparison that its RequestSync begins.
    if (isFirst) this.#link.beginSync(1);
  }

  /** The leaf is a peer from now on. Its time comes first: what it stamps is to follow it. */
  #remember(): void {
    this.#core.leafRegistered(this.#link);
    this.#link.remember(this.#core.records.leaf(this.#link.routerId));
    if (this.#greeting === undefined) return;
    this.#core.time.registered(this.#link, this.#greeting, this.#greetedMicros);
  }

  #subscribe(): void {
    const patterns = [EVERYTHING, ...this.#declared.patterns.map(({ text }) => text)];
    for (const [index, pattern] of patterns.entries()) {
      this.#link.sendMessage({
        type: "SUBSCRIBE",
        id: EVERYTHING_SUBSCRIPTION_ID + index,
        pattern,
        types: ALL_SIGNALS,
      });
    }
  }
}

function isDeclaration(message: Message): boolean {
  return message.type === "FEDERATION_SYNC" && message.op === "DeclareNamespaces";
}

/** Tells a conflict to the router that came later. */
export function describeConflict({ later, earlier }: ClaimConflict): string {
  return `Namespace conflict: "${later.pattern.text}" of router "${later.ownerId}" overlaps ` +
    `"${earlier.pattern.text}" of router "${earlier.ownerId}", which was there first; ` +
    "change one of them";
}
