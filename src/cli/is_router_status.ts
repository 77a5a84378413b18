import type { RouterStatus } from "../edge/http/router_status.ts";

type Kind = "string" | "number" | "boolean";

const FIELDS: Readonly<Record<string, Kind>> = {
  version: "string",
  name: "string",
  routerId: "string",
  mode: "string",
  state: "string",
  ready: "boolean",
  notReady: "string",
  security: "string",
  uptimeSeconds: "number",
  sessions: "number",
  connections: "number",
  subscriptions: "number",
  params: "number",
  paramsMax: "number",
  queuedBytes: "number",
};
const RATES: Readonly<Record<string, Kind>> = { messagesIn: "number", messagesOut: "number" };
const CLAIM: Readonly<Record<string, Kind>> = {
  pattern: "string",
  owner: "string",
  live: "boolean",
  way: "string",
  via: "string",
};
const SHOWN: Readonly<Record<string, Kind>> = {
  router: "string",
  hub: "string",
  state: "string",
  forSeconds: "number",
  reason: "string",
};
const LINK: Readonly<Record<string, Kind>> = {
  peer: "string",
  role: "string",
  endpoint: "string",
  state: "string",
  forSeconds: "number",
  reason: "string",
  degraded: "string",
  claims: "number",
  queued: "number",
};

/** Whether an object has what is shown of a router's status. Later versions may add to it. */
export function isRouterStatus(value: unknown): value is RouterStatus {
  return has(value, FIELDS) &&
    has(value["time"], { now: "string", timed: "boolean" }) &&
    has(value["rates"], RATES) &&
    has(value["memory"], { rssBytes: "number" }) &&
    has(value["omitted"], { claims: "number", links: "number", federation: "number" }) &&
    isListOf(value["path"], (item) => typeof item === "string") &&
    isListOf(value["namespaces"], (item) => typeof item === "string") &&
    isListOf(value["claims"], (item) => has(item, CLAIM)) &&
    isListOf(value["federation"], (item) => has(item, SHOWN)) &&
    isListOf(value["links"], isLink);
}

function isLink(value: unknown): boolean {
  if (!has(value, LINK)) return false;
  const { rttMs, clockOffsetMs, downSeconds, lastError } = value;
  return isNumberOrNull(downSeconds) && isNumberOrNull(rttMs) && isNumberOrNull(clockOffsetMs) &&
    (lastError === null || has(lastError, { code: "number", message: "string" })) &&
    has(value["rates"], { updatesIn: "number", updatesOut: "number" });
}

function isNumberOrNull(value: unknown): boolean {
  return value === null || typeof value === "number";
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

function isOf(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case "string":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
  }
}

function has(
  value: unknown,
  fields: Readonly<Record<string, Kind>>,
): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const own = new Map<string, unknown>(Object.entries(value));
  return Object.entries(fields).every(([name, kind]) => isOf(kind, own.get(name)));
}
