import { covers } from "../address/coverage.ts";
import { parsePattern, type Pattern } from "../address/pattern.ts";
import { CLAIMS_MAX, PATH_ROUTERS_MAX } from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import { ERROR_CODE } from "../router/error_code.ts";
import { isReserved } from "../router/reserved.ts";
import {
  ALL_SIGNALS,
  type ErrorMessage,
  FEATURE,
  type Message,
  type NamespaceSyncMessage,
  type TimeMessage,
  type WelcomeMessage,
} from "../wire/message.ts";
import { DeclarationReader, declare, isRefusal, LastDeclared } from "./declaration.ts";
import type { FederationCore } from "./federation_core.ts";
import type { LinkEnd, LinkRole, PeerLink } from "./link.ts";
import { PatternSet } from "./pattern_set.ts";
import { PeerRequests } from "./peer_requests.ts";
import { routerIdProblem } from "./router_id.ts";
import { isForRole, type RoleMessage } from "./role_message.ts";
import { StateSync } from "./state_sync.ts";
import { syncRequest } from "./sync_request.ts";

/** Milliseconds that a leaf waits for its hub to go forward to what the leaf knows. */
const TIME_BACK_DELAY_MS = 5_000;
/** SYNC rounds before the leaf declares itself: the best of them sets its clock. */
const CLOCK_ROUNDS = 3;

/** Between comparisons that are asked for because more is followed. */
const SYNC_INTERVAL_MIN_MS = 1_000;

type Phase =
  | { readonly kind: "greeting" }
  | { readonly kind: "timing"; readonly roundsLeft: number }
  | { readonly kind: "declaring" }
  | { readonly kind: "registered" };

/** Who made a {@linkcode LeafRole}. */
export interface LeafRoleOwner {
  ended(end: LinkEnd): void;
  /** The hub speaks the public protocol only: it is not for this role. */
  isLegacy(welcome: WelcomeMessage): void;
}

/** The end of a link that dialled: says HELLO, measures the hub's clock, declares, syncs. */
export class LeafRole implements LinkRole {
  readonly side = "leaf";
  readonly #core: FederationCore;
  readonly #link: PeerLink;
  readonly #requests: PeerRequests;
  readonly #sync: StateSync;
  readonly #owner: LeafRoleOwner;
  readonly #declarations = new DeclarationReader(CLAIMS_MAX);
  readonly #lastDeclared = new LastDeclared();
  #phase: Phase = { kind: "greeting" };
  /** What this router subscribed to at the hub, by id. */
  readonly #followed = new Map<number, Pattern>();
  /** What the hub does not let it follow, on this link. */
  readonly #refusedPatterns = new Set<string>();
  #lastFollowed = 0;
  /** What the comparison that was asked for last is about, and the one that was completed last. */
  #asked: readonly Pattern[] = [];
  #known: readonly Pattern[] = [];
  #askedForMoreAtMicros = -Infinity;
  #isAwaited = false;
  /** Something was forgotten since the comparison under way began. */
  #isMoreWanted = false;
  #declared = new PatternSet([]);
  #isHubTimed = false;
  #registeredMicros = 0;
  #nextSync: Appointment | undefined;
  #moreSync: Appointment | undefined;

  constructor(core: FederationCore, link: PeerLink, owner: LeafRoleOwner) {
    this.#core = core;
    this.#link = link;
    this.#owner = owner;
    this.#sync = new StateSync(core, link, this);
    this.#requests = new PeerRequests(core, link, this.#sync);
  }

  /** Says HELLO. */
  greet(): void {
    const { config } = this.#core;
    this.#link.sendMessage({
      type: "HELLO",
      version: 1,
      features: config.features | FEATURE.federation | FEATURE.envelope,
      name: config.clientName,
      token: config.token,
      router: this.#core.trailer(),
    });
  }

  /** Declares this router's claims and those of its leaves to the hub, if they can be by now. */
  declare(): void {
    if (this.#phase.kind !== "declaring" && this.#phase.kind !== "registered") return;
    const { routerId } = this.#core.router.config;
    const claims = this.#core.claims.declaredTo({ kind: "hub" });
    const declaration = { claims, path: [routerId] };
    if (!this.#lastDeclared.isNews(declaration)) return;
    this.#declared = new PatternSet(claims.map(({ pattern }) => pattern));
    for (const message of declare(routerId, declaration)) this.#link.sendMessage(message);
    this.follow();
  }

  /** Subscribes at the hub to what is wanted by now, and no more to what is not. */
  follow(): void {
    if (this.#phase.kind === "registered" && this.#subscribe()) this.#askForMore();
  }

  /** Whether the hub has sent all that a pattern matches, once. */
  knows(pattern: Pattern): boolean {
    return this.#known.some((known) => covers(known, pattern));
  }

  kindOf(address: string): "update" | "offer" {
    return this.#declared.matches(address) ? "update" : "offer";
  }

  mayUpdate(): boolean {
    return true;
  }

  timed(exchange: { readonly t1: number; readonly t2: number; readonly t3: number }): void {
    const { clock, router } = this.#core;
    if (this.#isHubTimed) clock.measure({ ...exchange, nowMicros: router.nowMicros });
    if (this.#phase.kind === "timing" && this.#phase.roundsLeft > 0) {
      this.#phase = { kind: "timing", roundsLeft: this.#phase.roundsLeft - 1 };
      return this.#link.sendSync();
    }
    if (!clock.timed || clock.isBehind || this.#mayGoBack()) this.#core.time.measured();
    if (this.#phase.kind !== "timing") return;
    this.#phase = { kind: "declaring" };
    this.declare();
  }

  /**
   * Who knows the time does not go back before it is registered: a root that started anew with a wrong
   * clock goes forward then. Nor soon after: the root may hear of it by several hubs.
   */
  #mayGoBack(): boolean {
    return this.#isSettled || (this.#phase.kind === "registered" && !this.#core.clock.isAhead);
  }

  get #isSettled(): boolean {
    const sinceMicros = this.#core.router.nowMicros - this.#registeredMicros;
    return this.#phase.kind === "registered" && sinceMicros >= TIME_BACK_DELAY_MS * 1_000;
  }

  ended(end: LinkEnd): void {
    this.#core.router.agenda.cancel(this.#nextSync);
    this.#core.router.agenda.cancel(this.#moreSync);
    this.#core.hubLost();
    this.#owner.ended(end);
  }

  handle(message: Message): void {
    if (this.#phase.kind === "greeting" && !isGreeting(message)) {
      return this.#link.refuse(
        ERROR_CODE.refused,
        `${message.type} refused: answer this router's HELLO with WELCOME first`,
      );
    }
    switch (message.type) {
      case "WELCOME":
        return this.#welcome(message);
      case "ERROR":
        return this.#core.gets.refused(message) ? undefined : this.#refused(message);
      case "ACK":
        if (this.#phase.kind === "declaring") this.#registered();
        return;
      case "SUBSCRIBE":
        return this.#requests.subscribe(message);
      case "UNSUBSCRIBE":
        return this.#requests.unsubscribe(message.id);
      case "SNAPSHOT":
        return message.params.forEach((param) => this.#core.gets.found(param));
      case "FEDERATION_SYNC":
        if (isForRole(message)) this.#federationSync(message);
        return;
      default:
        this.#link.refuse(ERROR_CODE.invalidMessage, `${message.type} is not spoken on a link`);
    }
  }

  #welcome(message: WelcomeMessage): void {
    const { features, router } = message;
    if (this.#phase.kind !== "greeting") {
      return this.#link.refuse(
        ERROR_CODE.invalidMessage,
        "WELCOME was already said on this connection; to become another hub, close it",
      );
    }
    if ((features & FEATURE.envelope) === 0 || router === undefined) {
      return this.#owner.isLegacy(message);
    }
    const problem = routerIdProblem(router.routerId);
    if (problem !== undefined) {
      return this.#link.close({ kind: "refused", reason: `Cannot read WELCOME: ${problem}` });
    }
    if (router.routerId === this.#core.router.config.routerId) {
      return this.#link.close({
        kind: "refused",
        reason: `ring: the hub has this router's id "${router.routerId}"; set --federation-id`,
      });
    }
    this.#link.routerId = router.routerId;
    this.#link.record.identified(router.routerId, router.bootId);
    this.#isHubTimed = router.timed;
    this.#core.clock.restart();
    this.#phase = { kind: "timing", roundsLeft: CLOCK_ROUNDS - 1 };
    this.#link.sendSync();
  }

  #refused({ code, message, address }: ErrorMessage): void {
    this.#core.emit({ type: "refused", routerId: this.#link.routerId, code, message });
    // About one pattern, of a router below this one: the rest of the declaration stands.
    if (code === ERROR_CODE.conflict && address !== undefined) {
      return this.#core.claimRefusedAbove(address, message);
    }
    if (code === ERROR_CODE.refused && address !== undefined && this.#isGreeted) {
      return this.#forbidden(address, `${code}: ${message}`);
    }
    if (this.#phase.kind === "registered" && code !== ERROR_CODE.conflict) return;
    const isTokenProblem = code >= ERROR_CODE.unauthorized && code <= ERROR_CODE.tokenExpired;
    this.#link.close({
      kind: isTokenProblem || code === ERROR_CODE.refused ? "failed" : "refused",
      reason: `${code}: ${message}`,
    });
  }

  get #isGreeted(): boolean {
    return this.#phase.kind === "declaring" || this.#phase.kind === "registered";
  }

  /** The hub does not let this router do something: the rest of what it does there goes on. */
  #forbidden(address: string, reason: string): void {
    // What it owns it would go on deciding alone.
    if (this.#core.config.namespaces.includes(address)) {
      return this.#link.close({ kind: "failed", reason });
    }
    if (this.#refusedPatterns.has(address)) return;
    const followed = [...this.#followed].find(([, { text }]) => text === address);
    // One that is known was not refused: it is an address as well.
    if (followed === undefined || this.knows(followed[1])) return this.#reconsider(address);
    this.#followed.delete(followed[0]);
    this.#refusedPatterns.add(address);
    this.#asked = this.#asked.filter(({ text }) => text !== address);
    this.#subscribe();
    if (!this.#isAwaited || this.#asked.length > 0) this.#askForMore();
    else if (this.#followed.size > 0) this.#requestSync();
    else this.#syncCompleted();
  }

  /** A version that the hub does not take gives way to the hub's, if there is one. */
  #reconsider(address: string): void {
    const { gets, router: { params } } = this.#core;
    const offered = params.get(address);
    if (offered === undefined || isReserved(address) || this.#declared.matches(address)) return;
    gets.ask(address, (answer) => {
      const isOpen = answer.kind === "refused" && answer.refusal.code === ERROR_CODE.unavailable;
      const isSame = answer.kind === "found" && answer.param.writer === offered.origin &&
        answer.param.timestampMicros === offered.timestampMicros;
      if (isOpen || isSame || params.get(address) !== offered) return;
      params.forget(address);
      this.#isMoreWanted = true;
      this.#askForMore();
    });
  }

  #registered(): void {
    this.#phase = { kind: "registered" };
    this.#registeredMicros = this.#core.router.nowMicros;
    this.#subscribe();
    this.#requestSync();
    this.#planSync();
    this.#link.beginSync(1);
    // Heard from a leaf since the HELLO.
    const { clock, time } = this.#core;
    if (clock.timed && (!this.#isHubTimed || clock.isAhead)) time.tellHub();
  }

  /**
   * Follows the imports, the claims that this router answers for (a router that started anew gets
   * its state back from the hub, and hears what is published in its namespaces elsewhere), and what
   * is wanted here beyond them. Returns whether there was any that was not followed yet.
   */
  #subscribe(): boolean {
    const { config, interest } = this.#core;
    const wanted = [
      ...config.imports.map(parsePattern),
      ...this.#declared.patterns,
      ...interest.patterns,
    ];
    const texts = new Set(wanted.map(({ text }) => text));
    const followed = new Map<string, Pattern>();
    for (const [id, pattern] of this.#followed) {
      if (texts.has(pattern.text)) {
        followed.set(pattern.text, pattern);
      } else {
        this.#followed.delete(id);
        this.#link.sendMessage({ type: "UNSUBSCRIBE", id });
      }
    }
    let isMore = false;
    for (const pattern of wanted) {
      if (followed.has(pattern.text) || this.#refusedPatterns.has(pattern.text)) continue;
      if ([...followed.values()].some((known) => covers(known, pattern))) continue;
      followed.set(pattern.text, pattern);
      const id = ++this.#lastFollowed;
      this.#followed.set(id, pattern);
      this.#link.sendMessage({
        type: "SUBSCRIBE",
        id,
        pattern: pattern.text,
        types: ALL_SIGNALS,
      });
      isMore = true;
    }
    return isMore;
  }

  /** Asks for a comparison of all that is followed; one that is under way ends. */
  #requestSync(): void {
    const { router } = this.#core;
    this.#asked = [...this.#followed.values()];
    this.#isAwaited = true;
    this.#isMoreWanted = false;
    const texts = this.#asked.map(({ text }) => text);
    this.#link.sendMessage(syncRequest(router.config.routerId, texts));
  }

  /** Asks for what is followed since the last comparison: after that one, and not too often. */
  #askForMore(): void {
    if (this.#isAwaited || this.#moreSync !== undefined) return;
    const { router } = this.#core;
    const sinceMs = (router.nowMicros - this.#askedForMoreAtMicros) / 1_000;
    this.#moreSync = router.after(Math.max(0, SYNC_INTERVAL_MIN_MS - sinceMs), () => {
      this.#moreSync = undefined;
      this.#askedForMoreAtMicros = router.nowMicros;
      this.#requestSync();
    });
  }

  #syncCompleted(): void {
    if (!this.#isAwaited) return;
    this.#known = this.#asked;
    this.#isAwaited = false;
    this.#core.syncCompleted(this.#link, this.#asked.map(({ text }) => text));
    this.#link.syncCompleted();
    this.#core.interest.known();
    const isMore = this.#isMoreWanted ||
      [...this.#followed.values()].some((pattern) => !this.knows(pattern));
    if (isMore) this.#askForMore();
  }

  #planSync(): void {
    this.#nextSync = this.#core.router.after(this.#core.config.syncIntervalMs, () => {
      // A comparison brings nothing new to a router that has no room for it.
      if (!this.#sync.isRunning && this.#link.degraded === undefined) this.#requestSync();
      this.#planSync();
    });
  }

  #federationSync(message: RoleMessage): void {
    switch (message.op) {
      case "DeclareNamespaces":
        return this.#hubDeclared(message);
      case "Digest":
        return this.#sync.joined(message, this.#asked);
      case "Time":
        return this.#hubTold(message);
      case "RequestSync":
        return this.#link.refuse(
          ERROR_CODE.refused,
          "RequestSync is asked by leaves: a hub compares both states in its answer",
        );
      case "SyncComplete":
        return this.#syncCompleted();
      case "RevisionVector":
        return this.#link.refuse(
          ERROR_CODE.unavailable,
          "RevisionVector is not used between clasp-fed routers",
        );
    }
  }

  #hubTold(message: TimeMessage): void {
    this.#isHubTimed = true;
    this.#core.time.toldBy(this.#link, message.timeMicros, this.#isSettled);
    this.#link.sendSync();
  }

  #hubDeclared(message: NamespaceSyncMessage): void {
    const declaration = this.#declarations.read(message);
    if (declaration === undefined) return;
    if (isRefusal(declaration)) {
      return this.#link.end({ kind: "refused", reason: declaration.message }, declaration.code);
    }
    const { routerId } = this.#core.router.config;
    if (declaration.path.includes(routerId)) {
      return this.#link.close({
        kind: "refused",
        reason: `ring: this router is already above its hub (${declaration.path.join(" > ")})`,
      });
    }
    if (declaration.path.length >= PATH_ROUTERS_MAX) {
      return this.#link.close({
        kind: "refused",
        reason: `too deep: ${declaration.path.length} routers up to the root, ` +
          `at most ${PATH_ROUTERS_MAX - 1} are allowed above a router`,
      });
    }
    this.#core.hubDeclared(this.#link, declaration);
    // A hub subscribes before it declares.
    this.#link.record.handOver();
  }
}

/** What a hub may say to a HELLO, and what is never answered. */
function isGreeting({ type }: Message): boolean {
  return type === "WELCOME" || type === "ERROR" || type === "ACK";
}
