import { DEFINITION_REPEAT_MS, DEFINITIONS_MAX } from "../limits.ts";
import {
  type DefinitionSource,
  isSameDefinition,
  type KnownDefinition,
} from "../router/signal_registry.ts";
import type { SignalDefinition, SignalsMessage } from "../wire/message.ts";
import { definitionFrames } from "./definition_frames.ts";
import type { FederationCore } from "./federation_core.ts";
import { PeerLink } from "./link.ts";
import { OfferedDefinitions } from "./offered_definitions.ts";

/** Addresses that wait for a link that is behind; more of them are told at once, as they change. */
const LATE_MAX = 2 * DEFINITIONS_MAX;
const HUB: DefinitionSource = { kind: "hub", id: "" };

/** What was shown of an address: to all, and to the one who told that. */
interface Shown {
  readonly first: KnownDefinition | undefined;
  readonly second: KnownDefinition | undefined;
}

/** What a peer is told. */
interface News {
  readonly offered: readonly SignalDefinition[];
  readonly withdrawn: readonly string[];
}

/**
 * Mirrors definitions of signals: each router tells each peer what it knows and does not have from
 * that peer, all of it when the link registers, then each change when the turn ends.
 */
export class SignalExchange {
  readonly #core: FederationCore;
  /** Addresses that changed in this turn, with what was shown before. */
  readonly #changed = new Map<string, Shown>();
  /** Addresses that changed while a link was behind. */
  readonly #late = new WeakMap<PeerLink, Set<string>>();
  readonly #tell: () => void = () => this.#tellAll();

  constructor(core: FederationCore) {
    this.#core = core;
    core.router.signals.observer = (address) => this.#changing(address);
  }

  /** A peer told what is offered by it. */
  told(link: PeerLink, { offered, withdrawn }: News): void {
    const { signals } = this.#core.router;
    const source = sourceOf(link);
    let isRefused = false;
    for (const definition of offered) {
      const refusal = this.#core.access.changeProblem(link, definition.address) ??
        signals.offered(source, definition);
      // One of a kind tells enough: there may be thousands in a message.
      if (refusal !== undefined && !isRefused) {
        link.refuse(refusal.code, refusal.message, refusal.address);
        isRefused = true;
      }
    }
    for (const address of withdrawn) signals.withdrawn(source, address);
  }

  /** A link can be used from now on. What its peer does not tell again is gone there. */
  linkRegistered(link: PeerLink): void {
    const { router } = this.#core;
    const source = sourceOf(link);
    router.signals.sourceLost(source, DEFINITION_REPEAT_MS);
    if (router.signals.size === 0) return;
    // Behind what registers the link at the other end, which leaves with this turn.
    router.flushAtEndOfTurn(() => {
      if (link.isDone) return;
      const mayRead = (address: string) => this.#core.access.mayRead(link, address);
      const offered = new OfferedDefinitions(router.signals, { peer: source, mayRead });
      router.sendSource(link.connection, offered);
    }, link.connection);
  }

  linkLost(link: PeerLink): void {
    // Another connection of the same router may have taken its place.
    const source = sourceOf(link);
    const isReplaced = this.#links().some((other) =>
      other !== link && isSame(sourceOf(other), source)
    );
    if (link.isRegistered && !isReplaced) this.#core.router.signals.sourceLost(source);
  }

  #changing(address: string): void {
    if (this.#changed.has(address)) return;
    this.#changed.set(address, this.#shownAt(address));
    this.#core.router.flushAtEndOfTurn(this.#tell);
  }

  #shownAt(address: string): Shown {
    const { signals } = this.#core.router;
    const first = signals.best(address);
    const second = first === undefined ? undefined : signals.best(address, first.source);
    return { first, second };
  }

  #tellAll(): void {
    const changes = [...this.#changed].map(([address, before]) => ({
      address,
      before,
      after: this.#shownAt(address),
    }));
    this.#changed.clear();
    // Most peers told nothing of what changed, and are all told the same.
    const concerned = new Set<string>();
    for (const { before, after } of changes) {
      for (const known of [before.first, after.first]) {
        if (known !== undefined) concerned.add(nameOf(known.source));
      }
    }
    let common: readonly SignalsMessage[] | undefined;
    for (const link of this.#links()) {
      if (this.#isToldLater(link, changes)) continue;
      const source = sourceOf(link);
      const messages = concerned.has(nameOf(source)) || link.grant !== undefined
        ? [...definitionFrames(newsFor(source, this.#readable(link, changes)))]
        : common ??= [...definitionFrames(newsFor(undefined, changes))];
      for (const message of messages) link.sendMessage(message);
    }
  }

  #readable<T extends { readonly address: string }>(
    link: PeerLink,
    changes: readonly T[],
  ): readonly T[] {
    if (link.grant === undefined) return changes;
    return changes.filter(({ address }) => this.#core.access.mayRead(link, address));
  }

  /** A link that is behind is told of each address once, when there is room. */
  #isToldLater(link: PeerLink, changes: readonly { readonly address: string }[]): boolean {
    const late = this.#late.get(link) ?? new Set<string>();
    if (late.size === 0 && !link.connection.outbox.isBehind) return false;
    if (late.size + changes.length > LATE_MAX) return false;
    const wasEmpty = late.size === 0;
    for (const { address } of changes) late.add(address);
    this.#late.set(link, late);
    if (wasEmpty) {
      const { router, access } = this.#core;
      const source = new OfferedDefinitions(router.signals, {
        peer: sourceOf(link),
        mayRead: (address) => access.mayRead(link, address),
        changed: takenFrom(late),
      });
      router.sendSource(link.connection, source);
    }
    return true;
  }

  #links(): PeerLink[] {
    return this.#core.links().flatMap((link) =>
      link instanceof PeerLink && link.isRegistered && !link.isDone ? [link] : []
    );
  }
}

function* takenFrom(addresses: Set<string>): Generator<string, undefined> {
  for (const address of addresses) {
    addresses.delete(address);
    yield address;
  }
  return undefined;
}

function nameOf({ kind, id }: DefinitionSource): string {
  return `${kind} ${id}`;
}

/** What a hub told is the hub's, whichever router that is: a leaf has one at a time. */
function sourceOf(link: PeerLink): DefinitionSource {
  return link.side === "leaf" ? HUB : { kind: "leaf", id: link.routerId };
}

function isSame(a: DefinitionSource | undefined, b: DefinitionSource | undefined): boolean {
  return a?.kind === b?.kind && a?.id === b?.id;
}

function newsFor(
  source: DefinitionSource | undefined,
  changes: readonly { readonly address: string; readonly before: Shown; readonly after: Shown }[],
): News {
  const offered: SignalDefinition[] = [];
  const withdrawn: string[] = [];
  for (const { address, before, after } of changes) {
    const known = shownTo(source, before);
    const now = shownTo(source, after);
    if (now === undefined && known !== undefined) withdrawn.push(address);
    if (now === undefined || (known !== undefined && isSameDefinition(known, now))) continue;
    offered.push(now);
  }
  return { offered, withdrawn };
}

function shownTo(
  source: DefinitionSource | undefined,
  { first, second }: Shown,
): SignalDefinition | undefined {
  const isFromThere = source !== undefined && isSame(first?.source, source);
  return (isFromThere ? second : first)?.definition;
}
