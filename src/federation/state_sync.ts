import type { Pattern } from "../address/pattern.ts";
import { ERROR_CODE } from "../router/error_code.ts";
import type { OutboxSource } from "../router/outbox.ts";
import { isLocal, isReserved } from "../router/reserved.ts";
import { DigestTree } from "../state/digest_tree.ts";
import { isLive } from "../state/version.ts";
import type { DigestMessage } from "../wire/message.ts";
import { encodeFrame } from "../wire/frame.ts";
import { DigestExchange, type DigestView } from "./digest_exchange.ts";
import type { FederationCore } from "./federation_core.ts";
import type { LinkRole, PeerLink } from "./link.ts";
import { PatternSet } from "./pattern_set.ts";
import { syncRequest } from "./sync_request.ts";
import { VersionSource } from "./version_source.ts";

const EVERYTHING = "/**";
/** Of the sources of a link: one of each waits at most. */
const COMPLETION = "completion";
const VERSIONS = "versions";

/**
 * Brings the states of both ends of a link together: compares them by digest, sends what the other
 * lacks, and SyncComplete. A union: what one side does not have means nothing.
 */
export class StateSync {
  readonly #core: FederationCore;
  readonly #link: PeerLink;
  readonly #role: LinkRole;
  #exchange: DigestExchange | undefined;
  /** What is still to be sent: an address waits once, however often the other side lacks it. */
  readonly #lacked = new Set<string>();
  #lastId = 0;
  /** What a comparison was begun for whose SyncComplete has not come yet. */
  #awaited: readonly Pattern[] | undefined;

  constructor(core: FederationCore, link: PeerLink, role: LinkRole) {
    this.#core = core;
    this.#link = link;
    this.#role = role;
  }

  /** Whether a comparison is under way. */
  get isRunning(): boolean {
    return this.#exchange !== undefined;
  }

  /** Begins a comparison of what these patterns match; one that is under way ends. */
  start(scope: readonly Pattern[]): void {
    this.#awaited = scope;
    const exchange = this.#newExchange(++this.#lastId, scope);
    exchange.start();
  }

  /** Says that a comparison that was asked for is over: there is no room for what it would bring. */
  skip(scope: readonly Pattern[]): void {
    this.#complete(scope);
  }

  /**
   * The peer says that a comparison that began here is over. Returns which of the patterns it names
   * that was about: none, when no such word was awaited.
   */
  completed(texts: readonly string[]): readonly string[] {
    const named = new Set(texts);
    const awaited = this.#awaited ?? [];
    this.#awaited = undefined;
    return awaited.filter(({ text }) => named.delete(text)).map(({ text }) => text);
  }

  /** Takes in a step of a comparison that began here. */
  received(message: DigestMessage): void {
    if (message.exchangeId === this.#exchange?.id) this.#exchange.received(message);
  }

  /** Takes in a step of a comparison that the other side began; its first one begins it here. */
  joined(message: DigestMessage, scope: readonly Pattern[]): void {
    if (message.root !== undefined) this.#newExchange(message.exchangeId, scope);
    this.received(message);
  }

  #newExchange(id: number, scope: readonly Pattern[]): DigestExchange {
    const within = new PatternSet(scope);
    const exchange = new DigestExchange(id, this.#viewOf(scope), {
      send: (message) => this.#link.sendMessage(this.#withoutForbidden(message)),
      // The peer may ask for anything: only what is compared is for it.
      lacks: (addresses) =>
        this.#send(addresses.filter((address) => within.matches(address) && !isLocal(address))),
      finished: () => {
        this.#exchange = undefined;
        this.#complete(scope);
      },
      broken: (why) => this.#link.end({ kind: "refused", reason: why }, ERROR_CODE.invalidMessage),
    });
    this.#exchange = exchange;
    return exchange;
  }

  #viewOf(scope: readonly Pattern[]): DigestView {
    const { params } = this.#core.router;
    const tree = scope.some(({ text }) => text === EVERYTHING)
      ? params.digests()
      : this.#digestsOf(new PatternSet(scope));
    return {
      digest: (node) => tree.digest(node),
      addresses: (node) => tree.addresses(node),
      summary: (address) => {
        const version = params.get(address);
        if (version === undefined) return undefined;
        const { revision, timestampMicros, origin } = version;
        const summary = { address, revision, timestampMicros, origin };
        return isLive(version) ? summary : { ...summary, tombstone: true };
      },
    };
  }

  // As things are now; what changes during the comparison travels as an update anyway.
  #digestsOf(scope: PatternSet): DigestTree {
    const tree = new DigestTree();
    const walk = this.#core.router.params.walk();
    for (let next = walk.next(); !next.done; next = walk.next()) {
      const { address, version } = next.value;
      if (scope.matches(address) && !isLocal(address)) tree.put(address, undefined, version);
    }
    return tree;
  }

  /** What would be refused again each time is not asked for. Other refusals tell the peer to give way. */
  #withoutForbidden(message: DigestMessage): DigestMessage {
    const { access } = this.#core;
    if (this.#link.grant === undefined || message.wants.length === 0) return message;
    const wants = message.wants.filter((address) =>
      !isReserved(address) || access.changeProblem(this.#link, address) === undefined
    );
    return { ...message, wants };
  }

  #send(addresses: readonly string[]): void {
    const { params } = this.#core.router;
    const isUnderWay = this.#lacked.size > 0;
    for (const address of addresses) {
      // What the peer asks for is its own word: it may name any address.
      if (!this.#core.access.mayRead(this.#link, address)) continue;
      if (params.get(address) !== undefined) this.#lacked.add(address);
    }
    if (isUnderWay || this.#lacked.size === 0) return;
    const source = new VersionSource({
      addresses: this.#lacked,
      get: (address) => params.get(address),
      kindOf: (address) => this.#role.kindOf(address),
    });
    this.#core.router.sendSource(this.#link.connection, source, VERSIONS);
  }

  #complete(scope: readonly Pattern[]): void {
    const { routerId } = this.#core.router.config;
    const request = syncRequest(routerId, scope.map(({ text }) => text));
    let isSent = false;
    const source: OutboxSource = {
      next: () => {
        if (isSent) return undefined;
        isSent = true;
        return encodeFrame({ ...request, op: "SyncComplete" });
      },
    };
    // The peer waits for the comparison that it asked for last: one that has not left yet is void.
    this.#core.router.sendSource(this.#link.connection, source, COMPLETION);
  }
}
