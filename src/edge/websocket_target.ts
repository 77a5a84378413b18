/** Where a WebSocket URL leads, in the forms that sockets and HTTP take. */
export interface WebSocketTarget {
  readonly isSecure: boolean;
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
  /** The value of the Host header: no standard port, brackets where they belong. */
  readonly host: string;
  /** Path and query. */
  readonly path: string;
  /** The value of the Authorization header, when the URL has a user or a password. */
  readonly authorization: string | undefined;
}

/**
 * Reads a URL as `WebSocket` does: `http:` and `https:` stand for `ws:` and `wss:`, a user and a
 * password are sent as HTTP Basic. A fragment means nothing here and is dropped.
 *
 * @throws {TypeError} When it is no such URL. The message does not repeat it.
 */
export function parseWebSocketUrl(url: string): WebSocketTarget {
  if (!URL.canParse(url)) throw new TypeError("this is not a URL");
  const { protocol, hostname, port, host, pathname, search, username, password } = new URL(url);
  const isSecure = isSecureScheme(protocol);
  return {
    isSecure,
    hostname: hostname.replace(/^\[(.+)\]$/, "$1"),
    port: port === "" ? (isSecure ? 443 : 80) : Number(port),
    host,
    path: pathname + search,
    authorization: basicAuthorization(username, password),
  };
}

function isSecureScheme(protocol: string): boolean {
  switch (protocol) {
    case "wss:":
    case "https:":
      return true;
    case "ws:":
    case "http:":
      return false;
    default:
      throw new TypeError(`the scheme is "${protocol.slice(0, -1)}", not "ws" or "wss"`);
  }
}

function basicAuthorization(username: string, password: string): string | undefined {
  if (username === "" && password === "") return undefined;
  const text = `${percentDecoded(username)}:${percentDecoded(password)}`;
  return `Basic ${new TextEncoder().encode(text).toBase64()}`;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TypeError("the user or the password is not percent-encoded UTF-8");
  }
}
