import type { PeerState } from "../../federation/link_event.ts";
import { METRICS_PEERS_MAX } from "../../limits.ts";
import type { MetricFamily, MetricSample } from "./open_metrics.ts";
import type { LinkStatus, RouterStatus } from "./router_status.ts";

const STATES: readonly PeerState[] = [
  "Connecting",
  "Handshaking",
  "Syncing",
  "Active",
  "Disconnected",
  "Failed",
];
const ROLES = ["hub", "leaf"] as const;

/** What a router tells of itself, as metric families. */
export function routerMetrics(status: RouterStatus): MetricFamily[] {
  return [...aboutRouter(status), ...aboutTraffic(status), ...aboutLinks(status)];
}

function aboutRouter(status: RouterStatus): MetricFamily[] {
  const { version, routerId, name, mode, memory } = status;
  return [
    {
      name: "clasp_router",
      type: "info",
      help: "Which router this is.",
      samples: [{ labels: { router_id: routerId, name, mode, version }, value: 1 }],
    },
    {
      ...gauge("clasp_uptime_seconds", "Since the start.", status.uptimeSeconds),
      unit: "seconds",
    },
    gauge("clasp_ready", "1 when /readyz says so.", status.ready ? 1 : 0),
    gauge("clasp_timed", "1 when federation time is known here.", status.time.timed ? 1 : 0),
    gauge("clasp_sessions", "Clients that are connected.", status.sessions),
    gauge("clasp_connections", "Open connections, peers included.", status.connections),
    gauge("clasp_subscriptions", "Subscriptions, of peers too.", status.subscriptions),
    gauge("clasp_params", "Params kept, own and mirrored.", status.params),
    gauge("clasp_params_limit", "Params that may be kept.", status.paramsMax),
    gauge(
      "clasp_persist_failing",
      "1 when params could not be saved the last time; 0 without --persist.",
      (status.persistence?.problem ?? null) === null ? 0 : 1,
    ),
    gauge("clasp_tombstones", "Expired params that are remembered.", status.tombstones),
    {
      ...gauge("clasp_memory_resident_bytes", "Memory of the process.", memory.rssBytes),
      unit: "bytes",
    },
    {
      ...gauge("clasp_memory_heap_bytes", "Heap in use.", memory.heapUsedBytes),
      unit: "bytes",
    },
  ];
}

function aboutTraffic(status: RouterStatus): MetricFamily[] {
  const { totals, counts, unsent, refused } = status;
  return [
    counter("clasp_messages", "WebSocket messages, of clients and peers.", [
      { labels: { direction: "in" }, value: totals.messagesIn },
      { labels: { direction: "out" }, value: totals.messagesOut },
    ]),
    {
      ...counter("clasp_message_bytes", "Bytes of these messages.", [
        { labels: { direction: "in" }, value: totals.bytesIn },
        { labels: { direction: "out" }, value: totals.bytesOut },
      ]),
      unit: "bytes",
    },
    counter("clasp_param_changes", "Versions that were stamped here or taken from peers.", [
      { value: counts.changes },
    ]),
    counter("clasp_publications", "What clients of this router published.", [
      { value: counts.publications },
    ]),
    counter("clasp_deliveries", "How often a subscriber, client or peer, was told of one.", [
      { labels: { kind: "param" }, value: counts.paramDeliveries },
      { labels: { kind: "event" }, value: counts.eventDeliveries },
    ]),
    counter(
      "clasp_refused",
      "ERRORs that were sent, by code.",
      Object.entries(refused).map(([code, value]) => ({ labels: { code }, value })),
    ),
    counter("clasp_unsent", "What was not sent to those who were behind, and why.", [
      { labels: { why: "conflated" }, value: unsent.conflated },
      { labels: { why: "dropped" }, value: unsent.dropped },
      { labels: { why: "expired" }, value: unsent.expired },
    ]),
    {
      ...gauge("clasp_queued_bytes", "Bytes that wait for sockets.", status.queuedBytes),
      unit: "bytes",
    },
  ];
}

function aboutLinks(status: RouterStatus): MetricFamily[] {
  const { claims } = status;
  const links = status.links.filter(({ peer }) => peer !== "").slice(0, METRICS_PEERS_MAX);
  const perLink = (value: (link: LinkStatus) => number): MetricSample[] =>
    links.map((link) => ({ labels: labelsOf(link), value: value(link) }));
  const live = claims.filter((claim) => claim.live).length;
  return [
    {
      name: "clasp_claims",
      type: "gauge",
      help: "Namespaces known, by whether their owners can be reached.",
      samples: [
        { labels: { live: "true" }, value: live },
        { labels: { live: "false" }, value: claims.length - live },
      ],
    },
    {
      name: "clasp_links",
      type: "gauge",
      help: "Links by what the peer is, and by state.",
      samples: ROLES.flatMap((role) => STATES.map((state) => stateSample(status, role, state))),
    },
    {
      name: "clasp_link_up",
      type: "gauge",
      help: "1 when the link is Active.",
      samples: perLink(({ state }) => state === "Active" ? 1 : 0),
    },
    {
      name: "clasp_link_round_trip_seconds",
      type: "gauge",
      unit: "seconds",
      help: "Of the last answered heartbeat.",
      samples: links.flatMap((link) =>
        link.rttMs === null ? [] : [{ labels: labelsOf(link), value: link.rttMs / 1_000 }]
      ),
    },
    {
      name: "clasp_link_clock_offset_seconds",
      type: "gauge",
      unit: "seconds",
      help: "This machine's wall clock less federation time.",
      samples: links.flatMap((link) =>
        link.clockOffsetMs === null
          ? []
          : [{ labels: labelsOf(link), value: link.clockOffsetMs / 1_000 }]
      ),
    },
    {
      name: "clasp_link_queued_events",
      type: "gauge",
      help: "Events that wait for the peer.",
      samples: perLink(({ queued }) => queued),
    },
    counter(
      "clasp_link_updates",
      "Versions and events that passed between this router and the peer.",
      links.flatMap((link) => [
        { labels: { ...labelsOf(link), direction: "in" }, value: link.totals.updatesIn },
        { labels: { ...labelsOf(link), direction: "out" }, value: link.totals.updatesOut },
      ]),
    ),
    ...lossesOf(links),
  ];
}

function lossesOf(links: readonly LinkStatus[]): MetricFamily[] {
  const whys = ["expired", "unknown", "dropped"] as const;
  return [
    counter(
      "clasp_link_lost_events",
      "Events that did not reach the peer, or may not have, and why.",
      links.flatMap((link) =>
        whys.map((why) => ({ labels: { ...labelsOf(link), why }, value: link[why] }))
      ),
    ),
    counter(
      "clasp_link_conflated",
      "Versions that newer ones took the place of while the link was behind.",
      links.map((link) => ({ labels: labelsOf(link), value: link.conflated })),
    ),
    counter(
      "clasp_link_refused",
      "What the peer refused, and what was refused of it.",
      links.map((link) => ({ labels: labelsOf(link), value: link.refused })),
    ),
  ];
}

function stateSample(
  { links }: RouterStatus,
  role: LinkStatus["role"],
  state: PeerState,
): MetricSample {
  const count = links.filter((link) => link.role === role && link.state === state).length;
  return { labels: { role, state }, value: count };
}

function labelsOf({ peer, role }: LinkStatus): Readonly<Record<string, string>> {
  return { peer, role };
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, type: "gauge", help, samples: [{ value }] };
}

function counter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: "counter", help, samples };
}
