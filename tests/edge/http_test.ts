import type { Listener } from "../../src/edge/transport.ts";
import { type ListenOptions, listenWebSocket } from "../../src/edge/websocket_listener.ts";
import { CLOSE_GRACE_MS, VISITS_PER_ADDRESS_MAX } from "../../src/limits.ts";
import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "../support/assert.ts";
import { pollUntil } from "../support/poll_until.ts";
import { RawHttp } from "../support/raw_http.ts";
import { RawWebSocket } from "../support/raw_websocket.ts";
import { TransportEnd } from "./transport_suite.ts";

const MIB = 1_048_576;
const GET = "GET /page?a=b HTTP/1.1\r\nHost: hub.local:7330\r\n\r\n";

Deno.test("a page gets the request, and goes out with its length and the end of the connection", async () => {
  const seen: string[] = [];
  await using server = new Pages((request) => {
    seen.push(`${request.method} ${request.url} ${request.headers.get("x-who")}`);
    return new Response("héllo", {
      status: 404,
      headers: { "x-a": "1", "connection": "keep-alive" },
    });
  });
  const answer = await server.ask(
    "GET /page?a=b HTTP/1.1\r\nHost: hub.local:7330\r\nX-Who: me\r\n\r\n",
  );
  assertMatch(answer, /^HTTP\/1\.1 404 Not Found\r\n/);
  assertMatch(answer, /\r\nx-a: 1\r\n/);
  assertMatch(answer, /\r\ncontent-length: 6\r\n/);
  assertMatch(answer, /\r\nconnection: close\r\n/);
  assertEquals(answer.match(/connection:/g)?.length, 1);
  assert(answer.endsWith("\r\n\r\nh\xc3\xa9llo"), answer);
  assertEquals(seen, ["GET http://hub.local:7330/page?a=b me"]);
});

Deno.test("HEAD gets the headers only, HTTP/1.0 needs no Host", async () => {
  await using server = new Pages((request) => new Response(`${request.method} ${request.url}`));
  const head = await server.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  assertMatch(head, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
  const old = await server.ask("GET /x HTTP/1.0\r\n\r\n");
  assertMatch(old, new RegExp(`\\r\\n\\r\\nGET http://127\\.0\\.0\\.1:${server.port}/x$`));
  const response = await fetch(`http://127.0.0.1:${server.port}/`, { method: "HEAD" });
  assertEquals([response.status, await response.text()], [200, ""]);
});

Deno.test("a page in pieces arrives piece by piece, and ends with the connection", async () => {
  const more = Promise.withResolvers<void>();
  await using server = new Pages(() => {
    const parts = async function* () {
      yield new TextEncoder().encode("one ");
      await more.promise;
      yield new TextEncoder().encode("two");
    };
    return new Response(ReadableStream.from(parts()));
  });
  using client = await RawHttp.connect(server.port);
  await client.say(GET);
  const first = await client.until((text) => text.endsWith("one "));
  assert(!/content-length/.test(first));
  more.resolve();
  assert((await client.end()).endsWith("one two"));
});

Deno.test("a page larger than all buffers arrives whole", async () => {
  await using server = new Pages(() => new Response(new Uint8Array(8 * MIB).fill(7)));
  const response = await fetch(`http://127.0.0.1:${server.port}/`);
  const bytes = await response.bytes();
  assertEquals([bytes.length, bytes.every((byte) => byte === 7)], [8 * MIB, true]);
});

Deno.test("a page without a body says so, and one that breaks is reported", async () => {
  const bug = new Error("a bug");
  const responses = [
    new Response(null, { status: 204 }),
    new Response(null, { status: 302, headers: { location: "/x" } }),
    new Response(new ReadableStream({ start: (controller) => controller.error(bug) })),
  ];
  await using server = new Pages(() => responses.shift() ?? new Response());
  assert(!/content-length/.test(await server.ask(GET)));
  assertMatch(await server.ask(GET), /302 Found[^]*content-length: 0\r\n\r\n$/);
  assertEquals(await server.ask(GET), "");
  assertEquals(server.errors, [bug]);
});

Deno.test("a client that says at once that nothing more comes gets its page", async () => {
  await using server = new Pages(() => new Response("page"));
  using client = await RawHttp.connect(server.port);
  await client.say("GET / HTTP/1.0\r\n\r\n");
  await client.closeWrite();
  assert((await client.end()).endsWith("page"));
});

Deno.test("an answer arrives though the client goes on talking", async () => {
  await using server = new Pages(() => new Response("page"));
  for (let times = 0; times < 20; times++) {
    using client = await RawHttp.connect(server.port);
    await client.say(
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n${"x".repeat(60_000)}`,
    );
    assertMatch(await client.end(), /^HTTP\/1\.1 413 [^]*with a body are not read here\n$/);
  }
});

Deno.test("requests that are none get one line that says why, and the connection ends", async () => {
  await using server = new Pages(() => new Response("page"));
  const upgrade =
    "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
  const key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
  const cases: readonly (readonly [string, RegExp])[] = [
    ["\x16\x03\x01\x02\x00", /^HTTP\/1\.1 400 Bad Request[^]*without TLS\n$/],
    ["GET / HTTP/1.1\n\n", /^HTTP\/1\.1 400 /],
    ["GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 [^]*no Host header\n$/],
    ["DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", /^HTTP\/1\.1 405 [^]*allow: GET, HEAD\r\n/],
    [`GET /${"a".repeat(5_000)}`, /^HTTP\/1\.1 414 /],
    [`GET / HTTP/1.1\r\nX: ${"a".repeat(17_000)}`, /^HTTP\/1\.1 431 /],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", /^HTTP\/1\.1 505 /],
    [`GET / HTTP/1.1\r\n${upgrade}\r\n`, /^HTTP\/1\.1 400 [^]*Sec-WebSocket-Key is not 16 bytes/],
    [
      `GET / HTTP/1.1\r\n${upgrade}Sec-WebSocket-Key: AAAA\r\n\r\n`,
      /^HTTP\/1\.1 400 [^]*Sec-WebSocket-Key is not 16 bytes/,
    ],
    [`GET / HTTP/1.1\r\n${upgrade}${key}${key}\r\n`, /^HTTP\/1\.1 400 [^]*two sec-websocket-key/],
    [`HEAD / HTTP/1.1\r\n${upgrade}${key}\r\n`, /^HTTP\/1\.1 405 /],
    [`GET / HTTP/1.0\r\n${upgrade}${key}\r\n`, /^HTTP\/1\.1 400 [^]*it takes HTTP\/1\.1\n$/],
    [
      `GET / HTTP/1.1\r\n${upgrade.replace("Upgrade\r", "close\r")}${key}\r\n`,
      /^HTTP\/1\.1 400 [^]*Connection does not say "upgrade"\n$/,
    ],
    [
      `GET / HTTP/1.1\r\n${upgrade.replace("13", "8")}${key}\r\n`,
      /^HTTP\/1\.1 426 [^]*\r\nsec-websocket-version: 13\r\n/,
    ],
  ];
  for (const [request, expected] of cases) {
    const answer = await server.ask(request);
    assertMatch(answer, expected);
    assertMatch(answer, /\r\nconnection: close\r\n/);
    const [, body = ""] = answer.split("\r\n\r\n");
    if (!request.startsWith("HEAD")) assertMatch(body, /^[^\n]+\n$/);
  }
  assertEquals(server.accepted, 0);
});

Deno.test("a WebSocket is answered as RFC 6455 shows, and its first frames may come with the request", async () => {
  await using server = new Pages(() => new Response("page"));
  using client = await RawHttp.connect(server.port);
  await client.say(
    "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: WebSocket\r\n" +
      "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Version: 13\r\n\r\n" +
      "\x89\x81\0\0\0\0p\x88\x82\0\0\0\0\x03\xe8",
  );
  const answer = await client.end();
  assertMatch(answer, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  assertMatch(answer, /\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
  assert(!/extensions|protocol:/.test(answer), answer);
  assert(
    answer.endsWith("\r\n\r\n\x88\x02\x03\xe8"),
    "the close is answered, the ping before it needs not be",
  );
});

Deno.test("a half-sent request is answered with 408 after the time for it, and ends", async () => {
  await using server = new Pages(() => new Response("page"));
  using silent = await RawHttp.connect(server.port);
  using slow = await RawHttp.connect(server.port);
  await slow.say("GET / HTTP/1.1\r\nHo");
  const start = performance.now();
  const answers = await Promise.all([silent.end(), slow.end()]);
  const tookMs = performance.now() - start;
  for (const answer of answers) assertMatch(answer, /^HTTP\/1\.1 408 [^]*within 10 s\n$/);
  assertGreater(tookMs, 9_500);
  assertLess(tookMs, 12_500);
});

Deno.test("of slow requests from one address the oldest is cut when there are too many", async () => {
  await using server = new Pages(() => new Response("page"));
  const slow: RawHttp[] = [];
  try {
    for (let count = 0; count <= VISITS_PER_ADDRESS_MAX; count++) {
      const client = await RawHttp.connect(server.port);
      slow.push(client);
      await client.say("GET / HTTP/1.1\r\nHo");
    }
    const start = performance.now();
    assertEquals(await slow[0]?.end(), "");
    assertLess(performance.now() - start, 5_000);
    await slow[1]?.say("st: a\r\n\r\n");
    assert((await slow[1]?.end())?.endsWith("page"));
    using quick = await RawWebSocket.connect(server.port);
    assertEquals(quick.status, 101);
  } finally {
    for (const client of slow) client[Symbol.dispose]();
  }
});

Deno.test("a client that takes nothing of a page holds no stop up", async () => {
  const server = new Pages(() => new Response(new Uint8Array(64 * MIB)));
  using client = await RawHttp.connect(server.port);
  await client.say(GET);
  await client.until((text) => text.length > 0);
  const start = performance.now();
  await server[Symbol.asyncDispose]();
  assertLess(performance.now() - start, 4 * CLOSE_GRACE_MS);
});

Deno.test("a page that is never made is nothing to wait for at a stop, and leaves no timer", async () => {
  const asked = Promise.withResolvers<void>();
  const server = new Pages(() => {
    asked.resolve();
    return new Promise<Response>(() => {});
  });
  using client = await RawHttp.connect(server.port);
  await client.say(GET);
  await asked.promise;
  await server[Symbol.asyncDispose]();
  assertEquals(await client.end(), "");
});

Deno.test("who leaves in the middle of anything leaves nothing behind", async () => {
  await using server = new Pages(() => new Response(new Uint8Array(4 * MIB)));
  for (const request of ["", "GET / HT", GET, "GET / HTTP/1.1\r\nUpgrade: websocket\r\n"]) {
    for (let times = 0; times < 5; times++) {
      const client = await RawHttp.connect(server.port);
      await client.say(request);
      client[Symbol.dispose]();
    }
  }
  assert((await server.ask("HEAD / HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 200"));
  assertEquals(server.errors, []);
});

Deno.test("connections that the system does not let in are told, and accepted later", async () => {
  // As many file descriptors as the process may have cannot be used up here: the loop is tested with
  // a listener that fails.
  const { acceptConnections } = await import("../../src/edge/accept_connections.ts");
  const real = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let failures = 2;
  const told: unknown[] = [];
  const accepted: Deno.TcpConn[] = [];
  const loop = acceptConnections({
    accept: () => failures-- > 0 ? Promise.reject(new Error("Too many open files")) : real.accept(),
  }, {
    onConnection: (connection) => accepted.push(connection),
    onFailed: (error) => told.push(error),
  });
  using _client = await RawHttp.connect((real.addr as Deno.NetAddr).port);
  await pollUntil(() => accepted.length === 1, "a connection", 5_000);
  assertEquals(told.map(String), Array(2).fill("Error: Too many open files"));
  real.close();
  await loop;
  for (const connection of accepted) connection.close();
});

/** A listener with pages. */
class Pages implements AsyncDisposable {
  readonly errors: unknown[] = [];
  accepted = 0;
  readonly #listener: Listener;

  constructor(http: NonNullable<ListenOptions["http"]>) {
    this.#listener = listenWebSocket({
      hostname: "127.0.0.1",
      port: 0,
      http,
      accept: (transport) => {
        this.accepted++;
        return new TransportEnd().accept(transport);
      },
      onHandlerError: (error) => this.errors.push(error),
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Says something and returns all that came until the connection was ended. */
  async ask(request: string): Promise<string> {
    using client = await RawHttp.connect(this.port);
    await client.say(request);
    return await client.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#listener.stop();
  }
}
