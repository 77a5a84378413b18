import {
  REQUEST_HEAD_BYTES_MAX,
  REQUEST_HEADERS_MAX,
  REQUEST_TARGET_BYTES_MAX,
} from "../limits.ts";
import { HttpError } from "./http_error.ts";

/** The request line and the headers of an HTTP/1 request that has no body. */
export interface RequestHead {
  readonly method: "GET" | "HEAD";
  /** 0 or 1, of HTTP/1.0 and HTTP/1.1. */
  readonly minorVersion: number;
  /** Path and query, from its slash on. */
  readonly target: string;
  /** What the client calls this server; undefined where HTTP/1.0 leaves it out. */
  readonly host: string | undefined;
  /** By lower-case name; those said several times joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
}

const BYTES_MIN = 1_024;
const CR = 0x0d;
const LF = 0x0a;
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21-\\x7e]+) HTTP/([0-9])\\.([0-9])$`);
/** No space before the colon, no continued lines, no control characters: nothing two can read as two. */
const HEADER_LINE = new RegExp(`^(${TOKEN}):[\\t ]*([\\t\\x20-\\x7e\\x80-\\xff]*?)[\\t ]*$`);
const HOST = /^(?:[0-9A-Za-z._~%!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?$/;
/** Said twice, these could mean two things. */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  "host",
  "origin",
  "content-length",
  "transfer-encoding",
  "authorization",
  "sec-websocket-key",
  "sec-websocket-version",
]);

/**
 * Reads the head of a request out of bytes that come in any pieces (RFC 9112). Strict: what servers
 * are known to read in several ways is refused.
 */
export class RequestHeadReader {
  #bytes = new Uint8Array(BYTES_MIN);
  #length = 0;
  /** Where the line starts that is being read. */
  #lineStart = 0;
  #requestLine: RegExpExecArray | undefined;
  readonly #headers: Map<string, string> = new Map();
  #headerCount = 0;

  /** Whether anything came at all. */
  get hasBegun(): boolean {
    return this.#length > 0;
  }

  /**
   * Takes the next bytes.
   *
   * @returns How many of them belong to the head, once it is complete: what follows is something
   * else. Undefined before.
   * @throws {HttpError} When it is no request that is answered here.
   */
  push(chunk: Uint8Array): number | undefined {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      this.#append(byte);
      if (this.#length === 1) refuseOtherProtocols(byte);
      const before = this.#bytes[this.#length - 2];
      if ((byte === LF) !== (before === CR && this.#length - 1 > this.#lineStart)) {
        throw new HttpError(400, "Bad request: each line ends with CR LF");
      }
      if (byte === LF && this.#endLine()) return at + 1;
    }
    return undefined;
  }

  /**
   * What was read; once `push` has said that it is complete.
   *
   * @throws {HttpError} When it is no request that is answered here.
   */
  head(): RequestHead {
    const [, method = "", target = "", major, minor] = this.#requestLine ?? [];
    if (major !== "1") throw new HttpError(505, "This port speaks HTTP/1.1");
    const minorVersion = minor === "0" ? 0 : 1;
    refuseBody(this.#headers);
    if (method !== "GET" && method !== "HEAD") {
      throw new HttpError(405, "Only GET and HEAD are answered here", { allow: "GET, HEAD" });
    }
    const named = this.#headers.get("host");
    if (named === undefined && minorVersion === 1) {
      throw new HttpError(400, "Bad request: it has no Host header");
    }
    if (named !== undefined && !HOST.test(named)) {
      throw new HttpError(400, "Bad request: its Host header names no host");
    }
    const { host, path } = parseTarget(target);
    return { method, minorVersion, target: path, host: host ?? named, headers: this.#headers };
  }

  #append(byte: number): void {
    if (this.#length === REQUEST_HEAD_BYTES_MAX) {
      throw new HttpError(431, `The request has more than ${REQUEST_HEAD_BYTES_MAX} bytes`);
    }
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#length++] = byte;
    if (this.#requestLine === undefined && this.#length > REQUEST_TARGET_BYTES_MAX) {
      throw new HttpError(414, `The address has more than ${REQUEST_TARGET_BYTES_MAX} bytes`);
    }
  }

  /** Whether that was the empty line that ends the head. */
  #endLine(): boolean {
    const line = latin1(this.#bytes.subarray(this.#lineStart, this.#length - 2));
    this.#lineStart = this.#length;
    if (this.#requestLine === undefined) {
      this.#requestLine = REQUEST_LINE.exec(line) ?? undefined;
      if (this.#requestLine === undefined) {
        throw new HttpError(400, "Bad request: it does not start with a request line of HTTP/1.1");
      }
      return false;
    }
    if (line === "") return true;
    this.#readHeader(line);
    return false;
  }

  #readHeader(line: string): void {
    const [, name, value = ""] = HEADER_LINE.exec(line) ?? [];
    if (name === undefined) throw new HttpError(400, "Bad request: a header is malformed");
    if (++this.#headerCount > REQUEST_HEADERS_MAX) {
      throw new HttpError(431, `The request has more than ${REQUEST_HEADERS_MAX} headers`);
    }
    const key = name.toLowerCase();
    const before = this.#headers.get(key);
    if (before !== undefined && SINGLE_HEADERS.has(key)) {
      throw new HttpError(400, `Bad request: it has two ${key} headers`);
    }
    this.#headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
}

/** So that a client of another kind is not waited for, as it may be waiting for us: TLS, for one. */
function refuseOtherProtocols(first: number): void {
  if (first < 0x41 || first > 0x5a) {
    throw new HttpError(400, "Bad request: this port speaks HTTP/1.1, without TLS");
  }
}

function refuseBody(headers: ReadonlyMap<string, string>): void {
  const length = headers.get("content-length");
  if (headers.has("transfer-encoding")) {
    if (length !== undefined) {
      throw new HttpError(400, "Bad request: its body has two lengths");
    }
    throw new HttpError(413, "Requests with a body are not read here");
  }
  if (length === undefined) return;
  if (!/^[0-9]+$/.test(length)) throw new HttpError(400, "Bad request: its length is no number");
  if (!/^0+$/.test(length)) throw new HttpError(413, "Requests with a body are not read here");
}

/** Of a whole URL, as proxies are asked for, the host in it counts. */
function parseTarget(target: string): { readonly host: string | undefined; readonly path: string } {
  if (target.startsWith("/")) return { host: undefined, path: target };
  if (/^https?:\/\//i.test(target) && URL.canParse(target)) {
    const { host, pathname, search } = new URL(target);
    return { host, path: pathname + search };
  }
  throw new HttpError(400, "Bad request: its target is no path");
}

function latin1(bytes: Uint8Array): string {
  // Not TextDecoder: its "latin1" is windows-1252.
  return String.fromCharCode(...bytes);
}
