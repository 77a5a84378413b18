import type {
  ClaimStatus,
  LinkStatus,
  RouterStatus,
  ShownLinkStatus,
} from "../edge/http/router_status.ts";
import { oneLine } from "./output.ts";

/** How a status is drawn. */
export interface StatusStyle {
  /** Whether escape sequences for colours are understood. */
  readonly hasColor: boolean;
  /** Lines of each list; what is left out is said. */
  readonly rowsMax: number;
}

interface Cell {
  readonly text: string;
  readonly color?: Color;
}

type Color = "red" | "yellow" | "green" | "gray" | "bold";

const CODES: Readonly<Record<Color, number>> = {
  red: 31,
  yellow: 33,
  green: 32,
  gray: 90,
  bold: 1,
};
const STATE_COLORS: Readonly<Record<string, Color>> = {
  Active: "green",
  Syncing: "yellow",
  Handshaking: "yellow",
  Connecting: "yellow",
  Disconnected: "red",
  Failed: "red",
};

/** A router's status for people, in lines. */
export function statusText(status: RouterStatus, server: string, style: StatusStyle): string {
  return [
    ...headLines(status, server, style),
    ...linkLines(status, style),
    ...claimLines(status, style),
    ...shownLines(status, style),
    ...loadLines(status, style),
  ].join("\n");
}

/** A time span for people, in the two largest units that count. */
export function spanText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)} h ${Math.floor(whole / 60) % 60} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor(whole / 3_600) % 24} h`;
}

function headLines(status: RouterStatus, server: string, style: StatusStyle): string[] {
  const { routerId, name, mode, version, security, notReady, ready, state, time } = status;
  const who: Cell = { text: routerId, color: "bold" };
  const health: Cell = state === "draining"
    ? { text: "stopping", color: "red" }
    : ready
    ? { text: "ready", color: "green" }
    : { text: `not ready: ${notReady}`, color: "red" };
  const clock: Cell = time.timed
    ? { text: "time known" }
    : { text: "federation time not known", color: "yellow" };
  return [
    [
      paint(who, style),
      oneLine(mode),
      `"${oneLine(name)}"`,
      `clasp-fed ${oneLine(version)}`,
      `up ${spanText(status.uptimeSeconds)}`,
      oneLine(server),
    ].join("  "),
    [paint(health, style), paint(clock, style), oneLine(security)].join("  "),
    ...persistenceLines(status, style),
    ...(status.path.length > 1 ? [`way to the root: ${status.path.map(oneLine).join(" > ")}`] : []),
  ];
}

/** Nothing as long as params are saved. */
function persistenceLines({ persistence }: RouterStatus, style: StatusStyle): string[] {
  const problem = persistence?.problem ?? null;
  if (problem === null) return [];
  const text = `not saved to ${oneLine(persistence?.file ?? "")}: ${oneLine(problem)}`;
  return [paint({ text, color: "red" }, style)];
}

function linkLines({ links, omitted, mode }: RouterStatus, style: StatusStyle): string[] {
  if (mode === "router") return [];
  if (links.length === 0) {
    return ["", paint({ text: "No leaf has connected", color: "gray" }, style)];
  }
  const head = ["STATE", "PEER", "IS", "FOR", "ROUND TRIP", "IN/s", "OUT/s", "QUEUED", "CLAIMS"];
  return [
    "",
    ...table([...head, "NOTE"], links.map(linkRow), { ...style, omitted: omitted.links }),
  ];
}

function linkRow(link: LinkStatus): Cell[] {
  const isUp = link.state === "Active";
  return [
    stateCell(link.state),
    { text: link.peer === "" ? link.endpoint : link.peer },
    { text: link.role },
    { text: spanText(link.downSeconds ?? link.forSeconds) },
    { text: isUp && link.rttMs !== null ? `${link.rttMs.toFixed(2)} ms` : "-" },
    { text: isUp ? rateText(link.rates.updatesIn) : "-" },
    { text: isUp ? rateText(link.rates.updatesOut) : "-" },
    { text: String(link.queued), ...(link.queued > 0 ? { color: "yellow" as const } : {}) },
    { text: String(link.claims) },
    noteCell(link),
  ];
}

function noteCell({ state, reason, degraded, lastError }: LinkStatus): Cell {
  if (state !== "Active" && reason !== "") return { text: reason, color: "red" };
  if (degraded !== "") return { text: degraded, color: "yellow" };
  if (lastError !== null) {
    return { text: `last refused (${lastError.code}): ${lastError.message}`, color: "gray" };
  }
  return { text: reason === "" ? "" : `before: ${reason}`, color: "gray" };
}

function claimLines({ claims, omitted }: RouterStatus, style: StatusStyle): string[] {
  if (claims.length === 0) return [];
  return [
    "",
    ...table(["NAMESPACE", "OWNER", "", "KNOWN FROM"], claims.map(claimRow), {
      ...style,
      omitted: omitted.claims,
    }),
  ];
}

function claimRow({ pattern, owner, live, way, via }: ClaimStatus): Cell[] {
  return [
    { text: pattern },
    { text: owner },
    live ? { text: "reachable", color: "green" } : { text: "unreachable", color: "red" },
    { text: way === "self" ? "this router" : `${way} ${via}` },
  ];
}

/** What other hubs show; of its own leaves a hub has said more above. */
function shownLines(status: RouterStatus, style: StatusStyle): string[] {
  const elsewhere = status.federation.filter(({ hub, router }) =>
    hub !== status.routerId && router !== status.routerId
  );
  if (elsewhere.length === 0) return [];
  return [
    "",
    ...table(["STATE", "ROUTER", "AT HUB", "FOR", "NOTE"], elsewhere.map(shownRow), {
      ...style,
      omitted: status.omitted.federation,
    }),
  ];
}

function shownRow({ router, hub, state, forSeconds, reason }: ShownLinkStatus): Cell[] {
  return [
    stateCell(state),
    { text: router },
    { text: hub },
    { text: spanText(forSeconds) },
    { text: state === "Active" ? "" : reason, color: "red" },
  ];
}

function loadLines(status: RouterStatus, _style: StatusStyle): string[] {
  const { sessions, subscriptions, params, paramsMax, rates, queuedBytes, memory } = status;
  return [
    "",
    `${count(sessions, "client")}, ${count(subscriptions, "subscription")}, ` +
    `${grouped(params)} of ${grouped(paramsMax)} params`,
    `messages a second: ${rateText(rates.messagesIn)} in, ${rateText(rates.messagesOut)} out; ` +
    `${grouped(queuedBytes)} bytes wait; memory ${Math.round(memory.rssBytes / 1_000_000)} MB`,
  ];
}

function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  { omitted, rowsMax, ...rest }: StatusStyle & { readonly omitted: number },
): string[] {
  const style = { ...rest, rowsMax };
  const shown = rows.slice(0, rowsMax);
  const cells = [head.map((text): Cell => ({ text, color: "gray" })), ...shown]
    .map((row) => row.map((cell) => ({ ...cell, text: oneLine(cell.text) })));
  const widths = head.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.text.length ?? 0))
  );
  const lines = cells.map((row) =>
    row.map((cell, column) =>
      paint(cell, style) + " ".repeat(Math.max(0, (widths[column] ?? 0) - cell.text.length))
    ).join("  ").trimEnd()
  );
  const more = rows.length - shown.length + omitted;
  return more === 0 ? lines : [...lines, `and ${grouped(more)} more`];
}

function stateCell(state: string): Cell {
  return { text: state, color: STATE_COLORS[state] ?? "yellow" };
}

function paint({ text, color }: Cell, { hasColor }: StatusStyle): string {
  const shown = oneLine(text);
  if (!hasColor || color === undefined || shown === "") return shown;
  return `\x1b[${CODES[color]}m${shown}\x1b[0m`;
}

function rateText(rate: number): string {
  return rate >= 100 ? grouped(Math.round(rate)) : rate.toFixed(1);
}

function count(number: number, what: string): string {
  return `${grouped(number)} ${what}${number === 1 ? "" : "s"}`;
}

function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}
