/** Where pages come from that may connect when nobody says otherwise; see {@linkcode OriginPolicy}. */
const LOCAL = "local";
const ANY = "*";
const OPAQUE = "null";
/** Names that no public name server answers for, so that no page of the internet can have one. */
const LOCAL_NAME = /^[^.:]+$|(^|\.)(localhost|local|lan|internal|home\.arpa)$/;
/** Loopback, private and link-local addresses. */
const LOCAL_IPV4 = /^(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\./;
const LOCAL_IPV6 = /^\[(::1|f[cd][0-9a-f]{2}:.*|fe[89ab][0-9a-f]:.*)\]$/;
const ADDRESS = /^(\d+\.\d+\.\d+\.\d+|\[.*\])$/;

/**
 * Which web pages may open a WebSocket to this router. A browser lets any page on the internet connect
 * to `ws://localhost:7330` of whoever looks at it, or to any router of their network, and says in the
 * header Origin where the page is from. What sends no Origin is no browser and is never refused.
 *
 * Allowed are the origins that are named, `*` for all, and what the word `local` stands for:
 *
 * - pages of this machine or of the local network: their host is a loopback, private or link-local
 *   address, or a name without a dot or under `.local`, `.lan`, `.internal`, `.home.arpa` or
 *   `.localhost`. An attacker's page on the internet has none of these;
 * - pages of the address that the router was reached by. Not of its name, which an attacker's own
 *   name server may have pointed here;
 * - what is not from the web: origins with another scheme than http and https, as those of installed
 *   apps, extensions and, in some browsers, files (`file://`).
 *
 * `null` is not local: it is what other browsers send for files, but also what any page on the internet
 * gets by a sandboxed frame.
 */
export class OriginPolicy {
  readonly #allowed: ReadonlySet<string>;

  /**
   * @param allowed Origins as `https://panel.example`, and the words above.
   * @throws {TypeError} When one is none.
   */
  constructor(allowed: readonly string[] = [LOCAL]) {
    this.#allowed = new Set(allowed.map(parseOrigin));
  }

  /**
   * Why a page may not connect, or undefined.
   *
   * @param origin The header Origin; null when there is none.
   * @param host The header Host.
   */
  problem(origin: string | null, host: string | null): string | undefined {
    if (origin === null || this.#allowed.has(ANY)) return undefined;
    const normal = originOf(origin);
    if (normal !== undefined && this.#allowed.has(normal)) return undefined;
    if (this.#allowed.has(LOCAL) && normal !== undefined && isLocal(normal, host)) return undefined;
    const shown = JSON.stringify(origin.slice(0, 200));
    return `Web pages of origin ${shown} may not connect to this router; start it with ` +
      `--allow-origin ${normal ?? "ORIGIN"} to allow them`;
  }
}

function parseOrigin(text: string): string {
  if (text === LOCAL || text === ANY) return text;
  const origin = originOf(text);
  if (origin !== undefined) return origin;
  throw new TypeError(
    `Cannot allow origin "${text}": it is none like https://panel.example:8080 (no path), ` +
      '"local", "null" or "*"',
  );
}

/** Scheme, host and port in one spelling; undefined when it is no origin. */
function originOf(text: string): string | undefined {
  if (text === OPAQUE) return text;
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#\s@,]*)$/i.exec(text);
  if (match === null || !URL.canParse(text)) return undefined;
  const { protocol, origin } = new URL(text);
  if (protocol === "http:" || protocol === "https:") return origin;
  return text.toLowerCase();
}

function isLocal(origin: string, host: string | null): boolean {
  if (origin === OPAQUE) return false;
  const { protocol, hostname } = new URL(origin);
  if (protocol !== "http:" && protocol !== "https:") return true;
  // A name may end with the dot of the root.
  const name = hostname.replace(/\.$/, "");
  if (LOCAL_IPV4.test(name) && ADDRESS.test(name)) return true;
  if (ADDRESS.test(name)) return LOCAL_IPV6.test(name) || name === hostnameOf(host);
  return LOCAL_NAME.test(name);
}

function hostnameOf(host: string | null): string | undefined {
  const url = `http://${host}`;
  return host !== null && URL.canParse(url) ? new URL(url).hostname : undefined;
}
