import { UPGRADE_RESPONSE_BYTES_MAX } from "../limits.ts";
import { CLASP_SUBPROTOCOL } from "./websocket_subprotocol.ts";
import type { WebSocketTarget } from "./websocket_target.ts";

/** A server did not open the WebSocket it was asked for. The message says why, for people. */
export class UpgradeError extends Error {
  override readonly name: string = "UpgradeError";
}

/**
 * The HTTP request that asks for a WebSocket and offers the subprotocol `clasp` (RFC 6455,
 * section 4.1).
 *
 * @param key 16 random bytes in base64, new for each connection.
 */
export function upgradeRequest(target: WebSocketTarget, key: string): Uint8Array {
  const { path, host, authorization } = target;
  // A URL has no line breaks and no spaces left in what is used here.
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${key}`,
    `Sec-WebSocket-Protocol: ${CLASP_SUBPROTOCOL}`,
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
  ];
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}

/** What a server has to answer to a key, to show that it speaks WebSocket. */
export async function acceptOfKey(key: string): Promise<string> {
  const text = new TextEncoder().encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  return new Uint8Array(await crypto.subtle.digest("SHA-1", text)).toBase64();
}

const HTTP_START = new TextEncoder().encode("HTTP/1.");
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/** No space before the colon, no continued lines, no control characters: nothing two can read as two. */
const HEADER_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/;
/** Said twice, these could mean two things. */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  "upgrade",
  "sec-websocket-accept",
  "sec-websocket-protocol",
]);

/** Reads the answer to an upgrade request out of bytes that come in any pieces. */
export class UpgradeResponseReader {
  readonly #expectedAccept: string;
  readonly #bytes = new Uint8Array(UPGRADE_RESPONSE_BYTES_MAX);
  #length = 0;
  /** Where the line starts that is being read. */
  #lineStart = 0;
  #hasStatus = false;
  readonly #headers: Map<string, string> = new Map();

  constructor(expectedAccept: string) {
    this.#expectedAccept = expectedAccept;
  }

  /**
   * Takes the next bytes.
   *
   * @returns A copy of what follows the answer, the first frames; undefined while the answer is not
   * complete.
   * @throws {UpgradeError} When the server refuses, or its answer is not one to this request.
   */
  push(chunk: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    const room = this.#bytes.length - this.#length;
    const kept = chunk.subarray(0, room);
    this.#bytes.set(kept, this.#length);
    const searchFrom = Math.max(this.#lineStart, this.#length - 1);
    this.#length += kept.length;
    this.#refuseOtherProtocols();
    if (this.#readLines(searchFrom)) {
      this.#check();
      const used = kept.length - (this.#length - this.#lineStart);
      return chunk.slice(used);
    }
    if (this.#length === this.#bytes.length) {
      throw new UpgradeError(
        `the server's answer is longer than ${UPGRADE_RESPONSE_BYTES_MAX} bytes`,
      );
    }
    return undefined;
  }

  /** So that a server of another kind is not waited for, as it may be waiting for us. */
  #refuseOtherProtocols(): void {
    const count = Math.min(this.#length, HTTP_START.length);
    for (let i = 0; i < count; i++) {
      if (this.#bytes[i] !== HTTP_START[i]) {
        throw new UpgradeError("the server does not speak HTTP/1.1");
      }
    }
  }

  /** Whether the empty line that ends the answer was read. */
  #readLines(searchFrom: number): boolean {
    let from = searchFrom;
    while (true) {
      const end = indexOfLineEnd(this.#bytes, from, this.#length);
      if (end === undefined) return false;
      const isEmpty = end === this.#lineStart;
      if (!isEmpty) this.#readLine(latin1(this.#bytes.subarray(this.#lineStart, end)));
      from = this.#lineStart = end + 2;
      if (isEmpty) return true;
    }
  }

  #readLine(line: string): void {
    if (!this.#hasStatus) {
      checkStatus(line);
      this.#hasStatus = true;
      return;
    }
    const [, name = "", value = ""] = HEADER_LINE.exec(line) ?? [];
    if (name === "") throw new UpgradeError("the server's answer has a malformed header");
    const key = name.toLowerCase();
    const before = this.#headers.get(key);
    if (before !== undefined && SINGLE_HEADERS.has(key)) {
      throw new UpgradeError(`the server's answer has two ${key} headers`);
    }
    this.#headers.set(key, before === undefined ? value : `${before},${value}`);
  }

  #check(): void {
    const upgrade = this.#headers.get("upgrade")?.toLowerCase();
    const connection = this.#headers.get("connection")?.toLowerCase().split(",") ?? [];
    if (upgrade !== "websocket" || !connection.some((item) => item.trim() === "upgrade")) {
      throw new UpgradeError("the server does not switch to WebSocket");
    }
    if (this.#headers.get("sec-websocket-accept") !== this.#expectedAccept) {
      throw new UpgradeError("the server's answer does not belong to this request");
    }
    const protocol = this.#headers.get("sec-websocket-protocol");
    if (protocol !== undefined && protocol !== CLASP_SUBPROTOCOL) {
      throw new UpgradeError("the server chose a subprotocol that was not offered");
    }
    if ((this.#headers.get("sec-websocket-extensions") ?? "") !== "") {
      throw new UpgradeError("the server uses an extension that was not offered");
    }
  }
}

function checkStatus(line: string): void {
  const [, minor, status] = STATUS_LINE.exec(line) ?? [];
  if (status === undefined) throw new UpgradeError("the server's answer has a malformed status");
  if (status !== "101") throw new UpgradeError(`the server answered with HTTP status ${status}`);
  if (minor !== "1") throw new UpgradeError("the server does not speak HTTP/1.1");
}

/** Where CR LF starts; a lone one of the two ends no line, and no line may contain it. */
function indexOfLineEnd(bytes: Uint8Array, from: number, end: number): number | undefined {
  for (let i = from; i + 1 < end; i++) {
    if (bytes[i] === 0x0d && bytes[i + 1] === 0x0a) return i;
  }
  return undefined;
}

function latin1(bytes: Uint8Array): string {
  // Not TextDecoder: its "latin1" is windows-1252.
  return String.fromCharCode(...bytes);
}
