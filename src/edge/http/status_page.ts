import claspFrames from "./page/clasp_frames.js" with { type: "text" };
import format from "./page/format.js" with { type: "text" };
import owners from "./page/owners.js" with { type: "text" };
import paramFeed from "./page/param_feed.js" with { type: "text" };
import paramStore from "./page/param_store.js" with { type: "text" };
import paramTable from "./page/param_table.js" with { type: "text" };
import problems from "./page/problems.js" with { type: "text" };
import ratesDrawing from "./page/rates_drawing.js" with { type: "text" };
import statusScript from "./page/status_page.js" with { type: "text" };
import svg from "./page/svg.js" with { type: "text" };
import topology from "./page/topology.js" with { type: "text" };
import topologyDrawing from "./page/topology_drawing.js" with { type: "text" };
import style from "./page/status_page.css" with { type: "text" };
import template from "./page/status_page.html" with { type: "text" };
import { joinModules } from "./join_modules.ts";

/** The status page: one file that needs nothing else. */
export interface StatusPage {
  readonly html: string;
  /** What a Content-Security-Policy names the only script and the only style by. */
  readonly scriptHash: string;
  readonly styleHash: string;
}

/** Each behind those that it imports. */
const MODULES: readonly string[] = [
  claspFrames,
  format,
  owners,
  problems,
  topology,
  svg,
  topologyDrawing,
  ratesDrawing,
  paramStore,
  paramTable,
  paramFeed,
  statusScript,
];

let made: Promise<StatusPage> | undefined;

/** The page, put together when it is first asked for. */
export function statusPage(): Promise<StatusPage> {
  made ??= makePage();
  return made;
}

/** What the page may do: run its own script, and talk to where it came from. */
export function pagePolicy({ scriptHash, styleHash }: StatusPage, host: string): string {
  // Not all browsers count WebSockets to the page's own host as 'self'.
  const sockets = /^[a-z0-9.:[\]-]+$/i.test(host) ? ` ws://${host} wss://${host}` : "";
  return [
    "default-src 'none'",
    `script-src '${scriptHash}'`,
    `style-src '${styleHash}'`,
    `connect-src 'self'${sockets}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

async function makePage(): Promise<StatusPage> {
  const joined = joinModules(MODULES);
  // Hashes are of all that stands between the tags.
  const html = template
    .replace(/\s*\/\* style \*\/\s*/, () => style)
    .replace(/\s*\/\* script \*\/\s*/, () => joined);
  return { html, scriptHash: await hashOf(joined), styleHash: await hashOf(style) };
}

async function hashOf(source: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(source));
  return `sha256-${new Uint8Array(digest).toBase64()}`;
}
