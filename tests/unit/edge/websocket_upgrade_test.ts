import { parseWebSocketUrl } from "../../../src/edge/websocket_target.ts";
import {
  acceptOfKey,
  UpgradeError,
  upgradeRequest,
  UpgradeResponseReader,
} from "../../../src/edge/websocket_upgrade.ts";
import { UPGRADE_RESPONSE_BYTES_MAX } from "../../../src/limits.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";

const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const STATUS = "HTTP/1.1 101 Switching Protocols";
const HEADERS = ["Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${ACCEPT}`];

Deno.test("upgradeRequest() asks for a WebSocket and offers clasp", () => {
  const request = upgradeRequest(parseWebSocketUrl("ws://hub:7330/a?b=c"), "KEY");
  assertEquals(new TextDecoder().decode(request).split("\r\n"), [
    "GET /a?b=c HTTP/1.1",
    "Host: hub:7330",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: KEY",
    "Sec-WebSocket-Protocol: clasp",
    "",
    "",
  ]);
});

Deno.test("upgradeRequest() sends the user and the password of the URL", () => {
  const request = upgradeRequest(parseWebSocketUrl("ws://ann:secret@hub/"), "KEY");
  const lines = new TextDecoder().decode(request).split("\r\n");
  assertEquals(lines.slice(7), ["Authorization: Basic YW5uOnNlY3JldA==", "", ""]);
});

Deno.test("acceptOfKey() gives the example of RFC 6455", async () => {
  assertEquals(await acceptOfKey("dGhlIHNhbXBsZSBub25jZQ=="), ACCEPT);
});

Deno.test("UpgradeResponseReader hands on what follows the answer, however it is cut", () => {
  const bytes = concat(answer(STATUS, ...HEADERS), Uint8Array.of(0x82, 1, 13, 10, 13, 10));
  for (let size = 1; size <= bytes.length; size++) {
    assertEquals(read(bytes, size), Uint8Array.of(0x82, 1, 13, 10, 13, 10), `pieces of ${size}`);
  }
  assertEquals(read(answer(STATUS, ...HEADERS), 1_000), new Uint8Array(0));
});

Deno.test("UpgradeResponseReader waits for the end of the answer", () => {
  const bytes = answer(STATUS, ...HEADERS);
  const reader = new UpgradeResponseReader(ACCEPT);
  assertEquals(reader.push(bytes.subarray(0, -1)), undefined);
  assertEquals(reader.push(bytes.subarray(-1)), new Uint8Array(0));
});

Deno.test("UpgradeResponseReader hands on bytes that nothing writes to later", () => {
  const bytes = concat(answer(STATUS, ...HEADERS), Uint8Array.of(1, 2, 3));
  const rest = new UpgradeResponseReader(ACCEPT).push(bytes);
  bytes.fill(0);
  assertEquals(rest, Uint8Array.of(1, 2, 3));
});

Deno.test("UpgradeResponseReader takes headers in every allowed spelling", () => {
  for (
    const lines of [
      ["UPGRADE:WebSocket", "connection:\t keep-alive , UPGRADE \t", HEADERS[2]],
      [...HEADERS, "Sec-WebSocket-Protocol: clasp", "Sec-WebSocket-Extensions:"],
      [...HEADERS, "Connection: keep-alive", "Server: caf\u00e9", "Date: x", "Date: y", "X-Empty:"],
    ] as string[][]
  ) {
    assertEquals(read(answer(STATUS, ...lines)), new Uint8Array(0), lines.join("; "));
  }
  assertEquals(read(answer("HTTP/1.1 101", ...HEADERS)), new Uint8Array(0));
  assertEquals(read(answer("HTTP/1.1 101 ", ...HEADERS)), new Uint8Array(0));
});

Deno.test("UpgradeResponseReader names the status of a refusal, before the headers are there", () => {
  for (const [line, status] of [["HTTP/1.1 503 Full", 503], ["HTTP/1.0 404", 404]] as const) {
    assertRefused(latin1(`${line}\r\n`), `the server answered with HTTP status ${status}`);
  }
  assertRefused(answer("HTTP/1.1 200 OK", ...HEADERS), "the server answered with HTTP status 200");
});

Deno.test("UpgradeResponseReader knows at once that a server speaks something else", () => {
  for (const text of ["SSH-2.0-OpenSSH_9.6", "\x15\x03\x03", "HTTP/2", "h", "\r\nHTTP/1.1 101"]) {
    assertRefused(latin1(text), "the server does not speak HTTP/1.1");
  }
  assertRefused(answer("HTTP/1.0 101 x", ...HEADERS), "the server does not speak HTTP/1.1");
});

Deno.test("UpgradeResponseReader refuses an answer that is not one to its request", () => {
  const [upgrade = "", connection = "", accept = ""] = HEADERS;
  const cases: readonly (readonly [string, ...string[]])[] = [
    ["the server does not switch to WebSocket"],
    ["the server does not switch to WebSocket", connection, accept],
    ["the server does not switch to WebSocket", upgrade, accept],
    ["the server does not switch to WebSocket", "Upgrade: h2c", connection, accept],
    ["the server does not switch to WebSocket", upgrade, "Connection: close", accept],
    ["the server does not switch to WebSocket", upgrade, "Connection: upgraded", accept],
    ["the server's answer does not belong to this request", upgrade, connection],
    [
      "the server's answer does not belong to this request",
      upgrade,
      connection,
      accept.toLowerCase(),
    ],
    [
      "the server chose a subprotocol that was not offered",
      ...HEADERS,
      "Sec-WebSocket-Protocol: mqtt",
    ],
    [
      "the server chose a subprotocol that was not offered",
      ...HEADERS,
      "Sec-WebSocket-Protocol: clasp, mqtt",
    ],
    [
      "the server uses an extension that was not offered",
      ...HEADERS,
      "Sec-WebSocket-Extensions: permessage-deflate",
    ],
  ];
  for (const [reason, ...lines] of cases) assertRefused(answer(STATUS, ...lines), reason);
});

Deno.test("UpgradeResponseReader refuses answers that could be read in two ways", () => {
  const malformed = "the server's answer has a malformed header";
  for (
    const line of [
      "X : y",
      " folded",
      "\tfolded",
      "no colon",
      ": no name",
      "X: a\rY: b",
      "X: a\nSec-WebSocket-Protocol: clasp",
      "X: a\0b",
      "X: a\x7f",
      "X(: y",
    ]
  ) {
    assertRefused(answer(STATUS, ...HEADERS, line), malformed, JSON.stringify(line));
  }
  for (const line of HEADERS.filter((line) => !line.startsWith("Connection"))) {
    const name = line.split(":")[0]?.toLowerCase();
    const reason = `the server's answer has two ${name} headers`;
    assertRefused(answer(STATUS, ...HEADERS, line), reason);
  }
  for (
    const status of ["HTTP/1.1 1010 x", "HTTP/1.1  101 x", "HTTP/1.1 101\tx", "HTTP/1.1 101 \n"]
  ) {
    assertRefused(answer(status, ...HEADERS), "the server's answer has a malformed status");
  }
});

Deno.test("UpgradeResponseReader reads no line that only a line feed ends", () => {
  const bytes = latin1([STATUS, ...HEADERS, "", ""].join("\n"));
  assertEquals(new UpgradeResponseReader(ACCEPT).push(bytes), undefined);
});

Deno.test("UpgradeResponseReader keeps no more than its limit of an answer", () => {
  const reason = `the server's answer is longer than ${UPGRADE_RESPONSE_BYTES_MAX} bytes`;
  const line = latin1(`X-Flood: ${"x".repeat(88)}\r\n`);
  const reader = new UpgradeResponseReader(ACCEPT);
  reader.push(latin1(`${STATUS}\r\n`));
  let sent = STATUS.length + 2;
  const flood = () => {
    for (; sent < 10 * UPGRADE_RESPONSE_BYTES_MAX; sent += line.length) reader.push(line);
  };
  assertEquals(assertThrows(flood, UpgradeError).message, reason);
  assert(sent <= UPGRADE_RESPONSE_BYTES_MAX, "at the limit, not long after");
  assertRefused(latin1(`HTTP/1.1 101 ${"x".repeat(2 * UPGRADE_RESPONSE_BYTES_MAX)}`), reason);

  const filler = UPGRADE_RESPONSE_BYTES_MAX - answer(STATUS, ...HEADERS, "X: ").length;
  const longest = answer(STATUS, ...HEADERS, `X: ${"x".repeat(filler)}`);
  assertEquals(longest.length, UPGRADE_RESPONSE_BYTES_MAX);
  const frames = new Uint8Array(UPGRADE_RESPONSE_BYTES_MAX);
  assertEquals(read(concat(longest, frames), 1e9)?.length, frames.length);
  assertRefused(answer(STATUS, ...HEADERS, `X: ${"x".repeat(filler + 1)}`), reason);
});

Deno.test("UpgradeResponseReader throws nothing but its own error on broken answers", () => {
  const valid = answer(STATUS, ...HEADERS, "Sec-WebSocket-Protocol: clasp");
  for (let seed = 1; seed <= 3_000; seed++) {
    const prng = createPrng(seed);
    const bytes = valid.slice();
    for (let flips = 1 + prng.nextInt(4); flips > 0; flips--) {
      bytes[prng.nextInt(bytes.length)] = prng.nextInt(256);
    }
    const whole = outcome(bytes, bytes.length);
    // Whether the last line is whole decides what is found first, not whether it is taken.
    assertEquals(outcome(bytes, 1) instanceof Uint8Array, whole instanceof Uint8Array, `${seed}`);
  }
});

function answer(...lines: string[]): Uint8Array {
  return latin1(`${lines.join("\r\n")}\r\n\r\n`);
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

/** What is handed on of bytes that come in pieces of `size`, and all that comes after it. */
function read(bytes: Uint8Array, size: number = bytes.length): Uint8Array | undefined {
  const reader = new UpgradeResponseReader(ACCEPT);
  for (let at = 0; at < bytes.length; at += size) {
    const rest = reader.push(bytes.subarray(at, at + size));
    if (rest !== undefined) return concat(rest, bytes.subarray(at + size));
  }
  return undefined;
}

function outcome(bytes: Uint8Array, size: number): Uint8Array | string | undefined {
  try {
    return read(bytes, size);
  } catch (error) {
    if (!(error instanceof UpgradeError)) throw error;
    return error.message;
  }
}

function assertRefused(bytes: Uint8Array, reason: string, what: string = reason): void {
  assertEquals(outcome(bytes, bytes.length), reason, what);
  assertEquals(outcome(bytes, 1), reason, `${what}, byte by byte`);
}
