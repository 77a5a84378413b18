import decoder from "./page/clasp_decoder.js" with { type: "text" };
import script from "./page/status_page.js" with { type: "text" };
import style from "./page/status_page.css" with { type: "text" };
import template from "./page/status_page.html" with { type: "text" };

/** The status page: one file that needs nothing else. */
export interface StatusPage {
  readonly html: string;
  /** What a Content-Security-Policy names the only script and the only style by. */
  readonly scriptHash: string;
  readonly styleHash: string;
}

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
  // Modules while they are tested, one script in the page.
  const joined = `"use strict";\n{\n${withoutModules(decoder)}\n${withoutModules(script)}\n}\n`;
  const html = template
    .replace("/* style */", () => style)
    .replace("/* script */", () => joined);
  return { html, scriptHash: await hashOf(joined), styleHash: await hashOf(style) };
}

function withoutModules(source: string): string {
  return source.replace(/^import [^;]+;$/gm, "").replace(/^export /gm, "");
}

async function hashOf(source: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(source));
  return `sha256-${new Uint8Array(digest).toBase64()}`;
}
