import type { Appointment } from "../router/agenda.ts";
import type { Connection } from "../router/connection.ts";
import type { WelcomeMessage } from "../wire/message.ts";
import type { FederationCore } from "./federation_core.ts";
import { LeafRole } from "./leaf_role.ts";
import { legacyHubId } from "./legacy_hub_id.ts";
import { LegacyHubLink } from "./legacy_hub_link.ts";
import { type LinkEnd, PeerLink } from "./link.ts";
import type { PeerState } from "./link_event.ts";
import type { PeerRecord } from "./peer_record.ts";
import { redialDelayMs } from "./redial.ts";
import { UnsentParams } from "./unsent_params.ts";

/** A link that was Active for so long counts as stable. */
const STABLE_MS = 60_000;

/**
 * A leaf's way to its hub: dials, and dials again when the link is lost, in turn over the hubs it
 * was given, staying with the one that works.
 */
export class Uplink {
  readonly #core: FederationCore;
  readonly #record: PeerRecord;
  #link: PeerLink | LegacyHubLink | undefined;
  #role: LeafRole | undefined;
  /** Of the legacy hub that was connected last. */
  #unsent: UnsentParams | undefined;
  #state: PeerState = "Disconnected";
  #reason: string | undefined;
  #hubIndex = 0;
  #attempt = 0;
  #refusals = 0;
  #downSinceMicros: number;
  #activeSinceMicros: number | undefined;
  #redial: Appointment | undefined;
  #isStopped = false;
  /** The hub of the dial that is under way, or of the link. */
  #dialledUrl: string | undefined;
  #wasActive = false;

  /** `record` is that of the hub, whichever router it is. */
  constructor(core: FederationCore, record: PeerRecord) {
    this.#core = core;
    this.#record = record;
    this.#downSinceMicros = core.router.nowMicros;
  }

  /** The link, from the opening of its connection to its end. */
  get link(): PeerLink | LegacyHubLink | undefined {
    return this.#link;
  }

  /** This end of the link. */
  get role(): LeafRole | undefined {
    return this.#role;
  }

  get state(): PeerState {
    return this.#link?.state ?? this.#state;
  }

  /** Whether the link was Active in this process: all that the hub has was here once. */
  get wasActive(): boolean {
    return this.#wasActive;
  }

  /** Why it is not up. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** The hub that is tried, or connected to. */
  get hubUrl(): string {
    const { hubUrls } = this.#core.config;
    return hubUrls[this.#hubIndex % hubUrls.length] ?? "";
  }

  /** Takes over a connection that was opened by somebody else. */
  attach(connection: Connection): PeerLink {
    return this.#opened(connection);
  }

  dial(): void {
    if (this.#isStopped) return;
    this.#redial = undefined;
    this.#dialledUrl = this.hubUrl;
    this.#enter("Connecting");
    this.#core.router.dial(this.hubUrl, {
      opened: (connection) => {
        this.#opened(connection);
        this.#leaveOldHub();
      },
      failed: (reason) => this.#ended({ kind: "lost", reason }),
    });
  }

  /** Nothing is dialled any more; an open link is closed by the router. */
  stop(): void {
    this.#isStopped = true;
    this.#core.router.agenda.cancel(this.#redial);
  }

  /**
   * The settings are others. A hub that is still in the list stays; a link to another one ends, and what
   * was given up, or waits for its next attempt, is tried at once.
   */
  reconfigured(before: readonly string[]): void {
    const { hubUrls } = this.#core.config;
    if (hubUrls.length === 0 || this.#isStopped) return;
    const current = before[this.#hubIndex % before.length] ?? "";
    this.#hubIndex = Math.max(0, hubUrls.indexOf(current));
    if (this.#link !== undefined) return this.#leaveOldHub();
    if (this.#state === "Connecting") return;
    this.#core.router.agenda.cancel(this.#redial);
    this.#attempt = 0;
    this.#refusals = 0;
    this.#downSinceMicros = this.#core.router.nowMicros;
    this.dial();
  }

  #leaveOldHub(): void {
    const { hubUrls } = this.#core.config;
    const url = this.#dialledUrl;
    // A connection that somebody else opened is no concern of the list.
    if (url === undefined || hubUrls.length === 0 || hubUrls.includes(url)) return;
    // The next attempt is at the first of the list.
    this.#hubIndex = hubUrls.length - 1;
    this.#link?.close({ kind: "lost", reason: `${url} is no hub of this router any more` });
  }

  /** The link became Active. */
  proven(): void {
    this.#wasActive = true;
    this.#activeSinceMicros = this.#core.router.nowMicros;
    this.#reason = undefined;
    if (this.#link instanceof PeerLink) this.#forgetUnsent();
  }

  #opened(connection: Connection): PeerLink {
    const link = new PeerLink(this.#core, connection, this.#record);
    const role = new LeafRole(this.#core, link, {
      ended: (end) => this.#ended(end),
      isLegacy: (welcome) => this.#goOnAsLegacy(link, welcome),
    });
    link.role = role;
    connection.handler = link;
    this.#link = link;
    this.#role = role;
    this.#enter("Handshaking");
    role.greet();
    link.start();
    return link;
  }

  /** The hub speaks no envelope: another kind of link takes the connection over. */
  #goOnAsLegacy(before: PeerLink, { name }: WelcomeMessage): void {
    const routerId = legacyHubId(this.hubUrl, name);
    if (routerId === this.#core.router.config.routerId) {
      return before.close({
        kind: "refused",
        reason: `ring: the hub has this router's id "${routerId}"; set --federation-id`,
      });
    }
    const { connection } = before;
    const link = new LegacyHubLink(this.#core, {
      connection,
      routerId,
      name,
      unsent: () => this.#unsentFor(routerId),
      ended: (end) => this.#ended(end),
    });
    before.release();
    // It sends events itself, once each: nothing is kept for it.
    this.#record.release();
    connection.handler = link;
    this.#link = link;
    this.#role = undefined;
    link.start();
  }

  #unsentFor(hubId: string): UnsentParams {
    if (this.#unsent?.hubId === hubId) return this.#unsent;
    this.#forgetUnsent();
    this.#unsent = new UnsentParams(this.#core.router, hubId);
    return this.#unsent;
  }

  #forgetUnsent(): void {
    this.#unsent?.stop();
    this.#unsent = undefined;
  }

  #ended(end: LinkEnd): void {
    const { router, config } = this.#core;
    const wasStable = this.#activeSinceMicros !== undefined &&
      router.nowMicros - this.#activeSinceMicros >= STABLE_MS * 1_000;
    // Counts from the last stable minute, so a flapping link keeps backing off.
    if (wasStable) this.#downSinceMicros = router.nowMicros;
    if (this.#activeSinceMicros !== undefined) this.#attempt = 0;
    this.#activeSinceMicros = undefined;
    this.#link = undefined;
    this.#role = undefined;
    this.#attempt++;
    this.#refusals = end.kind === "refused" ? this.#refusals + 1 : 0;
    this.#reason = end.reason;
    this.#dialledUrl = undefined;
    if (end.kind === "failed") return this.#enter("Failed", end.reason);
    const { maxReconnectAttempts } = config;
    if (maxReconnectAttempts > 0 && this.#attempt > maxReconnectAttempts) {
      return this.#enter(
        "Failed",
        `${end.reason}; given up after ${maxReconnectAttempts} attempts`,
      );
    }
    this.#enter("Disconnected", end.reason, this.#planRedial());
  }

  /** Returns how long it is until then, undefined when nothing is dialled any more. */
  #planRedial(): number | undefined {
    const { autoReconnect, hubUrls } = this.#core.config;
    if (this.#isStopped || !autoReconnect || hubUrls.length === 0) return undefined;
    const { router, config } = this.#core;
    this.#hubIndex++;
    const delayMs = redialDelayMs({
      refusals: this.#refusals,
      downMs: (router.nowMicros - this.#downSinceMicros) / 1_000,
      reconnectDelayMs: config.reconnectDelayMs,
      random: router.port.random(),
    });
    this.#redial = router.after(delayMs, () => this.dial());
    return delayMs;
  }

  #enter(state: PeerState, reason?: string, nextAttemptMs?: number): void {
    this.#state = state;
    if (state !== "Handshaking") this.#reason = reason;
    this.#record.changed(state, reason);
    this.#core.uplinkChanged(state, { reason, nextAttemptMs });
  }
}
