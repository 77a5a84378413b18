import { HttpError } from "../../../src/edge/http_error.ts";
import { type RequestHead, RequestHeadReader } from "../../../src/edge/http_request_head.ts";
import {
  REQUEST_HEAD_BYTES_MAX,
  REQUEST_HEADERS_MAX,
  REQUEST_TARGET_BYTES_MAX,
} from "../../../src/limits.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";

const ENCODER = new TextEncoder();

Deno.test("RequestHeadReader reads a request and leaves what follows it", () => {
  const text = "GET /a?b=c HTTP/1.1\r\nHost: hub:7330\r\nX-One:  two words \t\r\n\r\n";
  const { head, used } = readWhole(text + "\x82\x00more");
  assertEquals(used, text.length);
  assertEquals([head.method, head.minorVersion, head.target, head.host], [
    "GET",
    1,
    "/a?b=c",
    "hub:7330",
  ]);
  assertEquals(Object.fromEntries(head.headers), { host: "hub:7330", "x-one": "two words" });
});

Deno.test("RequestHeadReader reads the same however a request is cut", () => {
  const text = "HEAD /x HTTP/1.1\r\nHost: [::1]:80\r\nAccept: a\r\naccept: b\r\nEmpty:\r\n\r\n";
  const whole = readWhole(text).head;
  for (let at = 0; at <= text.length; at++) {
    const reader = new RequestHeadReader();
    const used = reader.push(ENCODER.encode(text.slice(0, at)));
    assertEquals(used, at === text.length ? at : undefined);
    if (used === undefined) {
      assertEquals(reader.push(ENCODER.encode(text.slice(at))), text.length - at);
    }
    assertEquals(reader.head(), whole);
  }
  const reader = new RequestHeadReader();
  for (let at = 0; at < text.length; at++) {
    const used = reader.push(ENCODER.encode(text[at] ?? ""));
    assertEquals(used, at + 1 === text.length ? 1 : undefined);
  }
  assertEquals(reader.head(), whole);
  assertEquals(whole.headers.get("accept"), "a, b");
  assertEquals(whole.headers.get("empty"), "");
});

Deno.test("RequestHeadReader reads what health checks and proxies send", () => {
  assertEquals(readWhole("GET / HTTP/1.0\r\n\r\n").head.host, undefined);
  assertEquals(readWhole("GET / HTTP/1.0\r\n\r\n").head.minorVersion, 0);
  const { head } = readWhole("GET http://hub:1/x?y HTTP/1.1\r\nHost: other\r\n\r\n");
  assertEquals([head.host, head.target], ["hub:1", "/x?y"]);
  assertEquals(readWhole("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").head.host, "a");
  assertEquals(readWhole("GET / HTTP/1.2\r\nHost: a\r\n\r\n").head.minorVersion, 1);
});

Deno.test("RequestHeadReader refuses what could be read in two ways, and all it does not answer", () => {
  const host = "Host: a\r\n";
  const refused: readonly (readonly [string, number, RegExp])[] = [
    ["GET / HTTP/1.1\n", 400, /CR LF/],
    ["GET / HTTP/1.1\r\nHost: a\n\r\n", 400, /CR LF/],
    ["GET / HTTP/1.1\rX", 400, /CR LF/],
    ["GET / HTTP/1.1\r\n\rX", 400, /CR LF/],
    ["\r\n", 400, /HTTP\/1\.1/],
    ["\x16\x03\x01", 400, /without TLS/],
    ["get / HTTP/1.1\r\n", 400, /without TLS/],
    ["GET  / HTTP/1.1\r\n", 400, /request line/],
    ["GET / HTTP/1.1 \r\n", 400, /request line/],
    ["GET / HTTP/11\r\n", 400, /request line/],
    ["GET /\r\n", 400, /request line/],
    ["GET /\x00 HTTP/1.1\r\n", 400, /request line/],
    ["GET /\xff HTTP/1.1\r\n", 400, /request line/],
    [`GET / HTTP/1.1\r\n${host} folded\r\n`, 400, /header is malformed/],
    ["GET / HTTP/1.1\r\nHost : a\r\n", 400, /header is malformed/],
    ["GET / HTTP/1.1\r\n: a\r\n", 400, /header is malformed/],
    ["GET / HTTP/1.1\r\nHost\r\n", 400, /header is malformed/],
    ["GET / HTTP/1.1\r\nX: a\x00b\r\n", 400, /header is malformed/],
    ["GET / HTTP/1.1\r\nX: a\x7fb\r\n", 400, /header is malformed/],
    ["GET / HTTP/1.1\r\nX(: a\r\n", 400, /header is malformed/],
    [`GET / HTTP/1.1\r\n${host}host: b\r\n`, 400, /two host headers/],
    [`GET / HTTP/1.1\r\n${host}Origin: b\r\norigin: b\r\n`, 400, /two origin/],
    ["GET / HTTP/1.1\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Key: a\r\n", 400, /two sec/],
    ["GET / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n", 400, /two content-length/],
    ["GET / HTTP/1.1\r\n\r\n", 400, /no Host/],
    ["GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, /names no host/],
    ["GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, /names no host/],
    ["GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, /names no host/],
    [`GET * HTTP/1.1\r\n${host}\r\n`, 400, /no path/],
    [`GET a:80 HTTP/1.1\r\n${host}\r\n`, 400, /no path/],
    [`GET ftp://a/ HTTP/1.1\r\n${host}\r\n`, 400, /no path/],
    [`POST / HTTP/1.1\r\n${host}\r\n`, 405, /Only GET and HEAD/],
    [`OPTIONS * HTTP/1.1\r\n${host}\r\n`, 405, /Only GET and HEAD/],
    [`POST / HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\n`, 413, /with a body/],
    [`GET / HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\n`, 413, /with a body/],
    [`GET / HTTP/1.1\r\n${host}Content-Length: +5\r\n\r\n`, 400, /no number/],
    [`GET / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`, 413, /with a body/],
    [
      `GET / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n`,
      400,
      /two lengths/,
    ],
    ["GET / HTTP/2.0\r\n\r\n", 505, /speaks HTTP\/1\.1/],
    ["PRI * HTTP/2.0\r\n\r\n", 505, /speaks HTTP\/1\.1/],
    [`GET /${"a".repeat(REQUEST_TARGET_BYTES_MAX)}`, 414, /more than 4096 bytes/],
    [`GET / HTTP/1.1\r\nX: ${"a".repeat(REQUEST_HEAD_BYTES_MAX)}`, 431, /more than 16384 bytes/],
    [`GET / HTTP/1.1\r\n${"a:\r\n".repeat(REQUEST_HEADERS_MAX + 1)}`, 431, /more than 100 headers/],
  ];
  for (const [text, status, message] of refused) {
    const error = errorOf(text);
    assertEquals(error?.status, status, JSON.stringify(text.slice(0, 60)));
    assertMatch(error?.message ?? "", message);
    assert(!error?.message.includes("\n"), "one line");
  }
});

Deno.test("RequestHeadReader takes a head of the largest size", () => {
  const start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const text = `${start}${"a".repeat(REQUEST_HEAD_BYTES_MAX - start.length - 4)}\r\n\r\n`;
  assertEquals(readWhole(text).used, REQUEST_HEAD_BYTES_MAX);
});

Deno.test("RequestHeadReader throws nothing but its own error, and reads broken heads alike however they are cut", () => {
  const text = "GET /a?b HTTP/1.1\r\nHost: a:1\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n";
  const outcomes = new Set<string>();
  for (let seed = 1; seed <= 4_000; seed++) {
    const prng = createPrng(seed);
    const bytes = ENCODER.encode(text);
    for (let flips = prng.nextInt(3); flips >= 0; flips--) {
      const byte = prng.pick([prng.nextInt(256), 0x0a, 0x0d, 0x20, 0x3a, 0]);
      bytes[prng.nextInt(bytes.length)] = byte;
    }
    const whole = outcomeOf([bytes]);
    const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
    assertEquals(outcomeOf(pieces), whole, `seed ${seed}`);
    outcomes.add(whole.slice(0, 3));
  }
  for (const outcome of ["GET", "400"]) assert(outcomes.has(outcome), outcome);
});

/** The head, the status of the error, or undefined when more is to come. */
function outcomeOf(pieces: readonly Uint8Array[]): string {
  const reader = new RequestHeadReader();
  try {
    for (const piece of pieces) {
      if (reader.push(piece) === undefined) continue;
      const { method, target, host, headers } = reader.head();
      return `${method} ${target} ${host} ${JSON.stringify([...headers])}`;
    }
    return "undefined";
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return `${error.status} ${error.message}`;
  }
}

function errorOf(text: string): HttpError | undefined {
  const reader = new RequestHeadReader();
  try {
    if (reader.push(latin1(text)) !== undefined) reader.head();
  } catch (error) {
    if (error instanceof HttpError) return error;
    throw error;
  }
  return undefined;
}

function readWhole(text: string): { head: RequestHead; used: number } {
  const reader = new RequestHeadReader();
  const used = reader.push(latin1(text));
  assert(used !== undefined, "the head is not complete");
  return { head: reader.head(), used };
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
