import { isShared, PEERS_ROOT, UPLINK_ADDRESS } from "../router/reserved.ts";
import { isLive, type LiveVersion, type Stamp, type Version } from "../state/version.ts";
import { encodeTtl } from "../wire/ttl.ts";
import { decodeValue } from "../wire/value_codec.ts";
import type { FederationCore } from "./federation_core.ts";
import { PeerLink } from "./link.ts";
import type { PeerState } from "./link_event.ts";
import { isDrift, isNews, type LinkFacts, valueOf } from "./link_facts.ts";
import type { LinkHandle } from "./link_handle.ts";
import type { PeerCounters, PeerRecord } from "./peer_record.ts";
import { reportAddress } from "./report_address.ts";
import { ShownAddresses } from "./shown_addresses.ts";
import type { Uplink } from "./uplink.ts";

/** Numbers that change all the time are told no more often. */
const DRIFT_INTERVAL_MICROS = 10_000_000;
const TICK_MS = 2_000;
/** A leaf that is forgotten is shown for so long. */
const FORGOTTEN_TTL = encodeTtl({ kind: "absolute", seconds: 3_600 });
const REASON_UNITS_MAX = 512;
const CONTRADICTIONS_MAX = 3;
const NOTHING_COUNTED: PeerCounters = {
  ...{ expired: 0, unknown: 0, dropped: 0 },
  ...{ conflated: 0, refused: 0 },
};

/** What a hub shows of one of its leaves. */
export interface ShownLink {
  readonly address: string;
  readonly version: LiveVersion;
}

interface Told {
  readonly facts: LinkFacts;
  readonly stamp: Stamp;
  readonly atMicros: number;
  /** How often it was told again since then, because somebody told otherwise. */
  readonly contradicted: number;
}

/**
 * Shows the state of every link as a param: a hub its leaves at `/clasp/federation/peers/<id>`, which
 * every router mirrors, and a leaf its way to the hub at `/clasp/federation/link`, which stays here and
 * so is true when that way is cut. A change of state is told at once, numbers every ten seconds.
 */
export class LinkReport {
  readonly #core: FederationCore;
  readonly #told = new Map<string, Told>();
  /** Told by others, or by an earlier life of this router, since the last look. */
  readonly #heard = new Set<string>();
  /** Where links are shown, here or by other routers. */
  readonly #addresses: ShownAddresses;
  readonly #tell: () => void = () => this.#tellAll(false);

  constructor(core: FederationCore) {
    this.#core = core;
    const { params } = core.router;
    this.#addresses = new ShownAddresses((address) => params.store.get(address) !== undefined);
    this.#readStore();
    this.#planTick();
  }

  /** A link has another state, or what its peer declared has changed. */
  changed(): void {
    this.#core.router.flushAtEndOfTurn(this.#tell);
  }

  /** A version of a shown link came from a peer. */
  heard(address: string): void {
    this.#addresses.add(address);
    this.#heard.add(address);
  }

  /** Every link of this router as it is now, that to the hub first. */
  facts(): readonly (LinkFacts & { readonly side: "hub" | "leaf" })[] {
    const { records, uplink } = this.#core;
    const leaves = [...this.#leafIds()].map((routerId) => ({
      ...this.#leafFacts(routerId, records.get(routerId)),
      side: "leaf" as const,
    }));
    if (uplink === undefined) return leaves;
    return [{ ...this.#uplinkFacts(uplink), side: "hub" }, ...leaves];
  }

  /** What all hubs show of their leaves, as it is kept here; of no other router's link to its hub. */
  shown(): readonly ShownLink[] {
    const links: ShownLink[] = [];
    for (const address of this.#addresses) {
      const version = this.#core.router.params.get(address);
      if (isLive(version)) links.push({ address, version });
    }
    return links;
  }

  /** What is kept from an earlier life is looked at like what others tell. */
  #readStore(): void {
    const walk = this.#core.router.params.store.walk();
    for (let next = walk.next(); !next.done; next = walk.next()) {
      if (isShared(next.value.address)) this.heard(next.value.address);
    }
  }

  #planTick(): void {
    this.#core.router.after(TICK_MS, () => {
      this.#tellAll(true);
      this.#planTick();
    });
  }

  #tellAll(isTick: boolean): void {
    const { records, uplink } = this.#core;
    if (uplink !== undefined) this.#tellOne(UPLINK_ADDRESS, this.#uplinkFacts(uplink), isTick);
    const gone = new Set(this.#told.keys());
    gone.delete(UPLINK_ADDRESS);
    for (const routerId of this.#leafIds()) {
      const address = reportAddress(routerId);
      gone.delete(address);
      this.#tellOne(address, this.#leafFacts(routerId, records.get(routerId)), isTick);
    }
    for (const address of gone) {
      if (!this.#isToldByOther(address)) {
        this.#write(address, this.#lostFacts(address, "Not heard of for long"), FORGOTTEN_TTL);
      }
      this.#told.delete(address);
    }
    if (isTick) this.#correct();
  }

  /** Leaves that are here or were here; public routers among them only while they are. */
  #leafIds(): Set<string> {
    const { records } = this.#core;
    const ids = new Set(this.#core.leafIds());
    for (const record of records.all()) if (record !== records.hub) ids.add(record.routerId);
    return ids;
  }

  #tellOne(address: string, facts: LinkFacts, isTick: boolean): void {
    const told = this.#told.get(address);
    const { nowMicros } = this.#core.router;
    // Whoever says HELLO and no more is no peer yet.
    const isPeer = address === UPLINK_ADDRESS || facts.state === "Syncing" ||
      facts.state === "Active";
    if (told === undefined && !isPeer) return;
    if (this.#isToldByOther(address)) return;
    const isDue = told === undefined || isNews(facts, told.facts) ||
      (isTick && nowMicros - told.atMicros >= DRIFT_INTERVAL_MICROS && isDrift(facts, told.facts));
    if (isDue) this.#write(address, facts);
  }

  /** A leaf that is not here went to another hub, which knows better how it is. */
  #isToldByOther(address: string): boolean {
    if (address === UPLINK_ADDRESS || this.#core.leafLink(idOf(address)) !== undefined) {
      return false;
    }
    const { params, config } = this.#core.router;
    const shown = params.get(address);
    return isLive(shown) && shown.origin !== config.routerId;
  }

  /** Another hub, or this one before it crashed, may have told what is not so (any more). */
  #correct(): void {
    const { params } = this.#core.router;
    for (const address of this.#heard) {
      const told = this.#told.get(address);
      const shown = params.get(address);
      if (shown === undefined || told?.stamp.timestampMicros === shown.timestampMicros) continue;
      const routerId = idOf(address);
      const { records } = this.#core;
      const isHere = this.#core.leafLink(routerId) !== undefined;
      if (isHere) this.#write(address, this.#leafFacts(routerId, records.get(routerId)));
      else if (this.#isOfHere(shown)) this.#writeGone(address, told);
      else if (told !== undefined) this.#contradict(address, told, hubOf(shown));
    }
    this.#heard.clear();
  }

  /** Whether this router tells it, in this life or an earlier one, or another one in its name. */
  #isOfHere(shown: Version): boolean {
    const { routerId } = this.#core.router.config;
    return shown.origin === routerId || hubOf(shown) === routerId;
  }

  /**
   * Another router tells of a leaf that is away here. It may well be there by now, unless nobody knows
   * that other router. That one may be a hub further away that owns nothing: it has the last word.
   */
  #contradict(address: string, told: Told, hub: string): void {
    const isElsewhere = (hub !== "" && this.#core.isConnected(hub)) ||
      this.#core.isConnected(idOf(address));
    if (isElsewhere || told.contradicted >= CONTRADICTIONS_MAX) return;
    this.#write(address, told.facts, 0, told.contradicted + 1);
  }

  #write(address: string, facts: LinkFacts, ttl: number = 0, contradicted: number = 0): void {
    const { params, nowMicros } = this.#core.router;
    const write = { address, value: valueOf(facts), holder: "", ttl };
    // A router that is full shows what it showed before.
    if (params.problem(write) !== undefined) return;
    const stamp = params.stamp(write);
    if (address !== UPLINK_ADDRESS) this.#addresses.add(address);
    this.#told.set(address, { facts, stamp, atMicros: nowMicros, contradicted });
  }

  #leafFacts(routerId: string, record: PeerRecord | undefined): LinkFacts {
    const { router, claims } = this.#core;
    const link = this.#core.leafLink(routerId);
    const state = link?.state ?? "Disconnected";
    return {
      router: routerId,
      hub: router.config.routerId,
      ...this.#since(reportAddress(routerId), state),
      reason: shortReason(record?.reason),
      degraded: degradedOf(link),
      claims: claims.of({ kind: "leaf", routerId }).length,
      rttMs: roundTripMs(link),
      ...countersOf(record),
    };
  }

  #uplinkFacts(uplink: Uplink): LinkFacts {
    const { claims, records } = this.#core;
    const { link } = uplink;
    return {
      router: link?.routerId ?? records.hub?.routerId ?? "",
      hub: uplink.hubUrl,
      ...this.#since(UPLINK_ADDRESS, uplink.state),
      reason: shortReason(uplink.reason ?? records.hub?.reason),
      degraded: degradedOf(link),
      claims: claims.of({ kind: "hub" }).length,
      rttMs: roundTripMs(link),
      clockOffsetMs: this.#clockOffsetMs(),
      ...countersOf(records.hub),
    };
  }

  /** A leaf that this router had a link with, in this life or before it. */
  #lostFacts(address: string, reason: string): LinkFacts {
    return {
      router: idOf(address),
      hub: this.#core.router.config.routerId,
      ...this.#since(address, "Disconnected"),
      reason,
      degraded: "",
      claims: 0,
      rttMs: 0,
      ...countersOf(undefined),
    };
  }

  /** Of an earlier life of this router: what is not back is not here. */
  #writeGone(address: string, told: Told | undefined): void {
    if (told !== undefined) return this.#write(address, told.facts);
    this.#write(
      address,
      this.#lostFacts(address, "Not back since this hub started"),
      FORGOTTEN_TTL,
    );
    this.#told.delete(address);
  }

  #since(address: string, state: PeerState): Pick<LinkFacts, "state" | "since"> {
    const told = this.#told.get(address)?.facts;
    return { state, since: told?.state === state ? told.since : this.#core.timeMicros() };
  }

  #clockOffsetMs(): number {
    const { router, clock } = this.#core;
    const wallMicros = router.nowMicros + router.wallOffsetMicros;
    return clock.timed ? Math.round((wallMicros - this.#core.timeMicros()) / 1_000) : 0;
  }
}

function roundTripMs(link: LinkHandle | undefined): number {
  const micros = link instanceof PeerLink ? link.roundTripMicros ?? 0 : 0;
  return Math.round(micros / 10) / 100;
}

/** A peer's words may be as long as a frame. */
function shortReason(reason: string = ""): string {
  return reason.length <= REASON_UNITS_MAX ? reason : `${reason.slice(0, REASON_UNITS_MAX)}…`;
}

function degradedOf(link: LinkHandle | undefined): string {
  return link instanceof PeerLink ? link.degraded ?? "" : "";
}

function countersOf(record: PeerRecord | undefined): PeerCounters & { queued: number } {
  const { counters = NOTHING_COUNTED, lane } = record ?? {};
  return { queued: lane?.waiting ?? 0, ...counters };
}

/** The hub that tells of a link; empty when what is shown is not what hubs tell. */
function hubOf({ value }: Version): string {
  const shown = value === undefined ? undefined : decodeValue(value);
  const isMap = typeof shown === "object" && shown !== null && !Array.isArray(shown) &&
    !(shown instanceof Uint8Array);
  const hub = isMap ? Object.entries(shown).find(([key]) => key === "hub")?.[1] : undefined;
  return typeof hub === "string" ? hub : "";
}

function idOf(address: string): string {
  return address.slice(PEERS_ROOT.length + 1).replace(
    /%([0-9a-f]{2})/gu,
    (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
