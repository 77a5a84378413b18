import { PeerLink } from "../../federation/link.ts";
import { STATUS_ENTRIES_MAX } from "../../limits.ts";
import type { PersistStatus } from "../param_keeper.ts";
import type { RouterHost } from "../router_host.ts";
import { VERSION } from "../version.ts";
import type { LinkErrors } from "./link_errors.ts";
import { isoTime, linkOf, linkStatuses } from "./link_status.ts";
import { readinessProblem } from "./readiness.ts";
import type { ClaimStatus, LinkRates, RouterStatus, TrafficTotals } from "./router_status.ts";
import { shownLinks } from "./shown_links.ts";
import { TrafficMeter, type TrafficSample } from "./traffic_meter.ts";

/** What a {@linkcode StatusReader} looks at. */
export interface StatusSources {
  readonly host: RouterHost;
  readonly mode: RouterStatus["mode"];
  readonly isAuthenticated: boolean;
  readonly readyWithoutHub: boolean;
  readonly errors: LinkErrors;
  readonly isStopping: () => boolean;
  readonly persistence: () => PersistStatus | undefined;
}

/** Gathers what a router tells about itself. Costs nothing while nobody asks, but a look a second. */
export class StatusReader {
  readonly #sources: StatusSources;
  readonly #meter: TrafficMeter;

  constructor(sources: StatusSources) {
    this.#sources = sources;
    this.#meter = new TrafficMeter(() => this.#sample());
  }

  /** Begins to count rates. */
  start(): void {
    this.#meter.start();
  }

  /** Ends it. Idempotent. */
  stop(): void {
    this.#meter.stop();
  }

  /** Why the router is not ready, or undefined. */
  get notReady(): string | undefined {
    const { host, isStopping, readyWithoutHub } = this.#sources;
    return readinessProblem({ host, isStopping: isStopping(), readyWithoutHub });
  }

  /** All there is to know, as it is now. */
  read({ withHistory }: { readonly withHistory: boolean }): RouterStatus {
    const { host: { core, federation } } = this.#sources;
    return {
      ...this.#identity(),
      ...this.#health(),
      path: federation?.path ?? [core.config.routerId],
      namespaces: federation?.config.namespaces ?? [],
      ...this.#lists(),
      ...this.#load(),
      ...(withHistory ? { history: this.#meter.history() } : {}),
    };
  }

  #identity(): Pick<RouterStatus, "version" | "name" | "routerId" | "bootId" | "mode"> {
    const { mode, host: { core: { config } } } = this.#sources;
    const { name, routerId, bootId } = config;
    return { version: VERSION, name, routerId, bootId, mode };
  }

  #health(): Pick<
    RouterStatus,
    "state" | "ready" | "notReady" | "security" | "uptimeSeconds" | "time" | "persistence"
  > {
    const { host: { core, federation }, isStopping, isAuthenticated } = this.#sources;
    const { notReady } = this;
    const timeMicros = core.timeMicros();
    return {
      state: isStopping() ? "draining" : "running",
      ready: notReady === undefined,
      notReady: notReady ?? "",
      security: isAuthenticated ? "authenticated" : "open",
      uptimeSeconds: Math.floor(performance.now() / 1_000 - core.startedMicros / 1_000_000),
      time: {
        now: isoTime(timeMicros),
        micros: timeMicros,
        timed: federation?.isTimed ?? true,
      },
      persistence: this.#persistence(),
    };
  }

  #persistence(): RouterStatus["persistence"] {
    const status = this.#sources.persistence();
    if (status === undefined) return null;
    const { path: file, isSaved: saved, problem = null } = status;
    return { file, saved, problem };
  }

  #lists(): Pick<RouterStatus, "claims" | "links" | "federation" | "omitted"> {
    const { host: { federation }, errors } = this.#sources;
    if (federation === undefined) {
      return {
        ...{ claims: [], links: [], federation: [] },
        omitted: { claims: 0, links: 0, federation: 0 },
      };
    }
    const rates = (peer: string): LinkRates => this.#meter.linkRates(peer);
    const claims = this.#claims();
    const totals = (peer: string): LinkRates => this.#linkTotals(peer);
    const nowMs = performance.now();
    const links = linkStatuses({ federation, errors, rates, totals, nowMs });
    const shown = shownLinks(federation);
    return {
      claims: claims.slice(0, STATUS_ENTRIES_MAX),
      links: links.slice(0, STATUS_ENTRIES_MAX),
      federation: shown.slice(0, STATUS_ENTRIES_MAX),
      omitted: {
        claims: Math.max(0, claims.length - STATUS_ENTRIES_MAX),
        links: Math.max(0, links.length - STATUS_ENTRIES_MAX),
        federation: Math.max(0, shown.length - STATUS_ENTRIES_MAX),
      },
    };
  }

  #claims(): ClaimStatus[] {
    const { host: { core, federation } } = this.#sources;
    const own = core.config.routerId;
    return (federation?.claims.all() ?? []).map(({ pattern, ownerId, live, source }) => ({
      pattern: pattern.text,
      owner: ownerId,
      live,
      way: source.kind,
      via: source.kind === "self"
        ? own
        : source.kind === "leaf"
        ? source.routerId
        : federation?.records.hub?.routerId ?? "",
    })).sort((a, b) => a.pattern < b.pattern ? -1 : a.pattern > b.pattern ? 1 : 0);
  }

  #load(): Pick<
    RouterStatus,
    | "sessions"
    | "connections"
    | "subscriptions"
    | "params"
    | "paramsMax"
    | "tombstones"
    | "rates"
    | "totals"
    | "counts"
    | "queuedBytes"
    | "unsent"
    | "refused"
    | "memory"
  > {
    const { host: { core } } = this.#sources;
    const { params, subscriptions } = core;
    const { rss, heapUsed } = Deno.memoryUsage();
    return {
      sessions: core.clientSessions,
      connections: core.connections,
      subscriptions: subscriptions.size,
      params: params.size,
      paramsMax: core.config.paramsMax,
      tombstones: params.tombstones,
      rates: this.#meter.rates(),
      totals: this.#totals(),
      counts: {
        changes: params.changes,
        paramDeliveries: params.deliveries,
        publications: core.publications,
        eventDeliveries: core.eventDeliveries,
      },
      queuedBytes: core.queuedBytes,
      unsent: { ...core.unsent },
      refused: Object.fromEntries(core.refusals.entries()),
      memory: { rssBytes: rss, heapUsedBytes: heapUsed },
    };
  }

  #totals(): TrafficTotals {
    const { flowIn, flowOut } = this.#sources.host.core;
    return {
      messagesIn: flowIn.messages,
      messagesOut: flowOut.messages,
      bytesIn: flowIn.bytes,
      bytesOut: flowOut.bytes,
    };
  }

  #sample(): TrafficSample {
    const { host: { federation } } = this.#sources;
    const links = new Map<string, LinkRates>();
    for (const { routerId } of federation?.links() ?? []) {
      if (routerId !== "") links.set(routerId, this.#linkTotals(routerId));
    }
    return { atMs: performance.now(), totals: this.#totals(), links };
  }

  #linkTotals(peer: string): LinkRates {
    const { federation } = this.#sources.host;
    const link = federation && linkOf(federation, peer);
    const { connection } = link ?? {};
    const messagesIn = connection?.received.messages ?? 0;
    const messagesOut = connection?.outbox.sent.messages ?? 0;
    const { updatesIn = 0, updatesOut = 0 } = federation?.records.get(peer)?.traffic ?? {};
    // On a link to a legacy router there is a message for each update.
    const isLegacy = !(link instanceof PeerLink);
    return {
      ...{ messagesIn, messagesOut },
      bytesIn: connection?.received.bytes ?? 0,
      bytesOut: connection?.outbox.sent.bytes ?? 0,
      updatesIn: isLegacy ? messagesIn : updatesIn,
      updatesOut: isLegacy ? messagesOut : updatesOut,
    };
  }
}
