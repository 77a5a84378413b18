import type { ByteConnection } from "./byte_connection.ts";
import { writeAll } from "./write_all.ts";

/** How {@linkcode writeResponse} writes. */
export interface ResponseForm {
  /** The answer to HEAD: what GET would get, without the body. */
  readonly isHeadOnly: boolean;
}

/** Headers about the connection, which are not for whoever makes the response to say. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "date",
]);
const STATUS_TEXTS: Readonly<Record<number, string>> = {
  200: "OK",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  414: "URI Too Long",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};
const NOTHING = new Uint8Array(0);

/**
 * Writes a response as the only one of its connection. A body that is there at once gets its length
 * said; another is written piece by piece and ends with the connection.
 *
 * @returns Whether the connection took all of it.
 * @throws What the body throws.
 */
export async function writeResponse(
  connection: ByteConnection,
  response: Response,
  { isHeadOnly }: ResponseForm,
): Promise<boolean> {
  if (isHeadOnly || response.body === null) {
    await response.body?.cancel();
    const isLengthKnown = !isHeadOnly && response.status !== 204 && response.status !== 304;
    return await writeAll(connection, headOf(response, isLengthKnown ? 0 : undefined));
  }
  const reader = response.body.getReader();
  try {
    return await writeBody(connection, response, reader);
  } finally {
    // Whoever makes the body is to stop when nobody takes it any more.
    await reader.cancel().catch(() => {});
  }
}

async function writeBody(
  connection: ByteConnection,
  response: Response,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<boolean> {
  const first = (await reader.read()).value ?? NOTHING;
  const next = reader.read();
  const isWhole = await Promise.race([next.then(({ done }) => done), later()]);
  const head = headOf(response, isWhole ? first.length : undefined);
  if (!await writeAll(connection, joined(head, first))) return false;
  for (let part = await next; !part.done; part = await reader.read()) {
    if (!await writeAll(connection, part.value)) return false;
  }
  return true;
}

/** False, when what is there at once has been looked at. */
function later(): Promise<false> {
  return new Promise((resolve) => {
    setImmediate(() => resolve(false));
  });
}

function headOf(response: Response, bodyBytes: number | undefined): Uint8Array {
  const { status, headers } = response;
  const text = response.statusText === "" ? STATUS_TEXTS[status] ?? "" : response.statusText;
  const lines = [`HTTP/1.1 ${status} ${text}`];
  for (const [name, value] of headers) {
    if (OWN_HEADERS.has(name) || (name === "content-length" && bodyBytes !== undefined)) continue;
    lines.push(`${name}: ${value}`);
  }
  lines.push(`date: ${new Date().toUTCString()}`, "connection: close");
  if (bodyBytes !== undefined) lines.push(`content-length: ${bodyBytes}`);
  return latin1(`${lines.join("\r\n")}\r\n\r\n`);
}

/** Header values are strings of bytes already. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
