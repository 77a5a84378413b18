import { addressProblem } from "../address/address.ts";
import { LEASE_HOPS_MAX, LEASE_LIFE_MS, LEASE_RENEWAL_MS, LEASES_MAX } from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import { ERROR_CODE, type Refusal } from "../router/error_code.ts";
import { isReserved, reservedFor } from "../router/reserved.ts";
import type { LeaseEntry, LeaseMessage, RequestEntry, SetMessage } from "../wire/message.ts";
import type { FederationCore } from "./federation_core.ts";
import { leaseFrames } from "./lease_frames.ts";
import { leaseHolder, leaseSessionProblem } from "./lease_holder.ts";
import { LeaseKeeper, type LockAnswer } from "./lease_keeper.ts";
import { Leases } from "./leases.ts";
import type { PeerLink } from "./link.ts";
import { OriginWays } from "./origin_ways.ts";
import { routerIdProblem } from "./router_id.ts";

const SWEEP_INTERVAL_MS = 250;

type Head = Omit<LeaseMessage, "entries">;

/**
 * Locks across routers. A SET with a lock goes to the owner as any write request does; what this does
 * is the rest: the session's router renews its locks, routers on the way pass that on, the owner lets
 * go of what is not renewed.
 */
export class LeaseRouter {
  readonly #core: FederationCore;
  readonly #given: Leases;
  readonly #kept = new LeaseKeeper();
  readonly #origins: OriginWays;
  #renewal: Appointment | undefined;
  #sweep: Appointment | undefined;

  constructor(core: FederationCore) {
    this.#core = core;
    this.#given = new Leases(core.router.locks);
    this.#origins = new OriginWays(core, { lifeMs: LEASE_LIFE_MS, graceMs: 0 });
  }

  /** Locks of other routers' sessions that this router, as the owner, knows. */
  get given(): number {
    return this.#given.size;
  }

  /** Locks that sessions of this router hold or ask for elsewhere. */
  get kept(): number {
    return this.#kept.size;
  }

  /** Whether a session of this router has a lock elsewhere, as far as its owner confirmed it. */
  holds(address: string, session: string, nowMicros: number): boolean {
    return this.#kept.isHeld({ address, holder: session }, nowMicros);
  }

  // The session's router

  /**
   * A session's write is about to be sent to its owner. Returns as whom: the session when locks are
   * concerned, else empty; or why it cannot be sent. `ended` is to be called with the answer.
   */
  began(set: SetMessage, session: string): string | Refusal {
    const entry = { address: set.address, holder: session };
    if (!set.lock && !set.unlock) {
      return this.#kept.has(entry, this.#core.router.nowMicros) ? session : "";
    }
    if (!this.#kept.began(entry)) {
      return {
        code: ERROR_CODE.overload,
        message: `Cannot lock "${set.address}": clients of this router hold ${LEASES_MAX} locks ` +
          "at other routers, its limit",
        address: set.address,
      };
    }
    this.#planRenewal();
    return session;
  }

  /** The answer to a write for which `began` gave the session. */
  ended(
    set: SetMessage,
    session: string,
    result: { readonly answer: LockAnswer; readonly sentMicros: number },
  ): void {
    if (!set.lock && !set.unlock) return;
    const entry = { address: set.address, holder: session };
    if (this.#kept.ended(entry, set, result)) this.#send(this.#head("release"), [entry]);
  }

  /**
   * Owners have changed. What is this router's own by now it locks itself: at once, so that nobody
   * writes there meanwhile, and the client's next unlock finds the lock.
   */
  ownersChanged(): void {
    const { router, writes } = this.#core;
    for (const entry of [...this.#kept.held(router.nowMicros)]) {
      if (writes.directionOf(entry.address).kind === "here") this.#takeOver(entry);
    }
  }

  /** A client is gone: its locks are free at once. */
  sessionEnded(session: string): void {
    this.#send(this.#head("release"), this.#kept.sessionEnded(session));
  }

  /** The router stops: no session of it wants a lock any more. */
  stop(): void {
    this.#send(this.#head("release"), this.#kept.takeAll());
  }

  // The owner

  /** Why a request of a peer cannot be taken on as far as locks are concerned, or undefined. */
  requestProblem(
    link: PeerLink,
    origin: string,
    { holder }: Pick<RequestEntry, "holder">,
    { address, lock, unlock }: Pick<SetMessage, "address" | "lock" | "unlock">,
  ): Refusal | undefined {
    if (holder === "" && !lock && !unlock) return undefined;
    const problem = leaseSessionProblem(holder);
    if (problem !== undefined) {
      return {
        code: ERROR_CODE.invalidMessage,
        message: `Cannot lock "${address}": ${problem}`,
        address,
      };
    }
    const refusal = this.#originProblem(link, origin);
    return refusal === undefined ? undefined : { ...refusal, address };
  }

  /** Why the owner, which is here, cannot give a lock beside others just before, or undefined. */
  roomProblem({ address, lock }: SetMessage, before = 0): Refusal | undefined {
    if (!lock || this.#given.hasRoomFor(address, before)) return undefined;
    return {
      code: ERROR_CODE.overload,
      message: `Cannot lock "${address}": sessions of other routers hold ${LEASES_MAX} locks ` +
        "here, the limit",
      address,
    };
  }

  /** The owner, which is here, stamped a write of a holder. Returns whether it has the lock now. */
  written(address: string, holder: string): boolean {
    this.#planSweep();
    return this.#given.written(address, holder, this.#core.router.nowMicros);
  }

  // Messages

  received(link: PeerLink, message: LeaseMessage): void {
    const { kind, origin, hops } = message;
    const problem = routerIdProblem(origin);
    if (problem !== undefined) {
      return link.refuse(
        ERROR_CODE.invalidMessage,
        `Locks of router "${origin}" refused: ${problem}`,
      );
    }
    if (hops >= LEASE_HOPS_MAX) {
      return link.refuse(
        ERROR_CODE.unavailable,
        `Locks of router "${origin}" not passed on: ${hops} routers passed, they go round`,
      );
    }
    const entries = message.entries.filter((entry) => this.#isWellFormed(link, entry));
    switch (kind) {
      case "renew":
      case "release":
        return this.#asked(link, { ...message, entries });
      case "confirmed":
      case "denied":
        return this.#answered(link, { ...message, entries });
    }
  }

  linkLost(link: PeerLink): void {
    this.#origins.linkLost(link);
  }

  #asked(link: PeerLink, message: LeaseMessage): void {
    const { kind, origin, hops } = message;
    const refusal = this.#originProblem(link, origin);
    if (refusal !== undefined) return link.refuse(refusal.code, refusal.message);
    const here = this.#send({ ...message, hops: hops + 1 }, message.entries, link);
    if (kind === "release") {
      for (const { address, holder } of here) {
        this.#given.release(address, leaseHolder(origin, holder));
      }
      return;
    }
    const { nowMicros } = this.#core.router;
    const confirmed: LeaseEntry[] = [];
    const denied: LeaseEntry[] = [];
    for (const entry of here) {
      const holder = leaseHolder(origin, entry.holder);
      const isRenewed = this.#given.renew(entry.address, holder, nowMicros);
      (isRenewed ? confirmed : denied).push(entry);
    }
    // Parts of what came in one frame: each fits one.
    const head = { ...message, hops: 0 };
    if (confirmed.length > 0) {
      link.sendMessage({ ...head, kind: "confirmed", entries: confirmed });
    }
    if (denied.length > 0) link.sendMessage({ ...head, kind: "denied", entries: denied });
  }

  #answered(link: PeerLink, message: LeaseMessage): void {
    const { origin, bootId, hops } = message;
    // Only who is asked about an address answers about it; what changed its owner is out of date.
    const entries = message.entries.filter(({ address }) => {
      const direction = this.#core.writes.directionOf(address);
      return direction.kind === "link" && direction.link === link;
    });
    if (entries.length === 0) return;
    const { routerId, bootId: ownBootId } = this.#core.router.config;
    if (origin === routerId) {
      // One to an earlier process says nothing about the locks of this one.
      if (bootId === ownBootId) this.#learn(link, { ...message, entries });
      return;
    }
    const back = this.#origins.linkTo(origin);
    if (back !== undefined && back !== link) {
      back.sendMessage({ ...message, hops: hops + 1, entries });
    }
  }

  #learn(link: PeerLink, { kind, sentMicros, entries }: LeaseMessage): void {
    const { nowMicros } = this.#core.router;
    for (const entry of entries) {
      if (kind === "confirmed") this.#kept.confirmed(entry, Math.min(sentMicros, nowMicros));
      else if (this.#kept.forget(entry)) this.#lost(entry, "its owner denied it", link.routerId);
    }
  }

  /** Sends each entry towards its owner. Returns those that this router owns. */
  #send(head: Head, entries: readonly LeaseEntry[], from?: PeerLink): LeaseEntry[] {
    const here: LeaseEntry[] = [];
    const byLink = new Map<PeerLink, LeaseEntry[]>();
    for (const entry of entries) {
      const direction = this.#core.writes.directionOf(entry.address);
      if (direction.kind === "here") here.push(entry);
      if (direction.kind !== "link" || direction.link === from) continue;
      const together = byLink.get(direction.link);
      if (together === undefined) byLink.set(direction.link, [entry]);
      else together.push(entry);
    }
    for (const [link, together] of byLink) {
      for (const part of leaseFrames(together)) link.sendMessage({ ...head, entries: part });
    }
    return here;
  }

  #renew(): void {
    this.#renewal = undefined;
    const { router } = this.#core;
    const { renewed, lapsed } = this.#kept.due(router.nowMicros);
    for (const entry of lapsed) this.#lost(entry, "its owner did not answer in time", "");
    for (const entry of this.#send(this.#head("renew"), renewed)) this.#takeOver(entry);
    if (this.#kept.size > 0) this.#planRenewal();
  }

  #takeOver(entry: LeaseEntry): void {
    const { locks } = this.#core.router;
    locks.acquire(entry.address, entry.holder);
    this.#kept.forget(entry);
    const holder = locks.holder(entry.address);
    if (holder === entry.holder) return;
    this.#lost(entry, `this router owns it now, and ${holder} was first to lock it here`, "");
  }

  #planRenewal(): void {
    this.#renewal ??= this.#core.router.after(LEASE_RENEWAL_MS, () => this.#renew());
  }

  #expire(): void {
    this.#sweep = undefined;
    const { nowMicros } = this.#core.router;
    this.#given.expire(nowMicros);
    this.#origins.expire(nowMicros);
    if (this.#given.size + this.#origins.size > 0) this.#planSweep();
  }

  #planSweep(): void {
    this.#sweep ??= this.#core.router.after(SWEEP_INTERVAL_MS, () => this.#expire());
  }

  #originProblem(link: PeerLink, origin: string): Refusal | undefined {
    this.#planSweep();
    if (origin === this.#core.router.config.routerId) {
      return {
        code: ERROR_CODE.refused,
        message: "Lock refused: its message says that it is this router's own",
      };
    }
    const problem = this.#origins.problem(link, origin);
    if (problem === undefined) return undefined;
    return { code: problem.code, message: `Lock refused: ${problem.why}` };
  }

  #head(kind: LeaseMessage["kind"]): Head {
    const { config: { routerId: origin, bootId }, nowMicros } = this.#core.router;
    const sentMicros = Math.floor(nowMicros);
    return { type: "FEDERATION_SYNC", op: "Lease", kind, origin, bootId, sentMicros, hops: 0 };
  }

  #isWellFormed(link: PeerLink, { address, holder }: LeaseEntry): boolean {
    const refuse = (code: Refusal["code"], why: string): false => {
      link.refuse(code, `Lock of "${address}" refused: ${why}`, address);
      return false;
    };
    const problem = addressProblem(address);
    if (problem !== undefined) return refuse(ERROR_CODE.invalidAddress, problem);
    const holderProblem = leaseSessionProblem(holder);
    if (holderProblem !== undefined) return refuse(ERROR_CODE.invalidMessage, holderProblem);
    if (isReserved(address)) {
      return refuse(ERROR_CODE.refused, reservedFor(address));
    }
    const forbidden = this.#core.access.changeProblem(link, address);
    if (forbidden !== undefined) return refuse(forbidden.code, forbidden.message);
    return true;
  }

  // There is no message that tells a client; its operator sees it.
  #lost({ address, holder }: LeaseEntry, why: string, routerId: string): void {
    this.#core.emit({
      type: "refused",
      routerId: routerId || (this.#core.claims.ownerOf(address)?.ownerId ?? ""),
      code: ERROR_CODE.lockHeld,
      message: `Lock of "${address}" by session ${holder} is lost: ${why}`,
    });
  }
}
