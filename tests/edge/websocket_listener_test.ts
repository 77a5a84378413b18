import type { Listener } from "../../src/edge/transport.ts";
import { dialWebSocket } from "../../src/edge/websocket_dialer.ts";
import type { ListenOptions } from "../../src/edge/websocket_listener.ts";
import { listenWebSocket } from "../../src/edge/websocket_listener.ts";
import {
  CLOSE_GRACE_MS,
  CLOSING_SOCKETS_PER_ADDRESS_MAX,
  MESSAGE_BYTES_MAX,
} from "../../src/limits.ts";
import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { RawWebSocket } from "../support/raw_websocket.ts";
import { assertSameBytes, patterned, TransportEnd } from "./transport_suite.ts";

const DEADLINE_MS = 10_000;
const MIB = 1_048_576;

Deno.test("listenWebSocket() confirms clasp however the list is written", async () => {
  await using server = new Server();
  for (const offer of ["clasp", "mqtt, clasp", "mqtt,clasp", "clasp ,mqtt"]) {
    using client = await RawWebSocket.connect(server.port, {
      headers: { "Sec-WebSocket-Protocol": offer },
    });
    assertEquals(client.status, 101);
    assertEquals(client.header("sec-websocket-protocol"), "clasp", offer);
  }
});

Deno.test("listenWebSocket() confirms clasp.v2 to a client that does not offer clasp", async () => {
  await using server = new Server();
  for (
    const [offer, chosen] of [["clasp.v2", "clasp.v2"], ["mqtt,clasp.v2", "clasp.v2"], [
      "clasp.v2, clasp",
      "clasp",
    ]] as const
  ) {
    using client = await RawWebSocket.connect(server.port, {
      headers: { "Sec-WebSocket-Protocol": offer },
    });
    assertEquals(client.header("sec-websocket-protocol"), chosen, offer);
  }
});

Deno.test("listenWebSocket() accepts a client without clasp and confirms nothing", async () => {
  await using server = new Server();
  for (const offer of ["", "mqtt", "clasp2"]) {
    using client = await RawWebSocket.connect(server.port, {
      headers: { "Sec-WebSocket-Protocol": offer },
    });
    assertEquals(client.status, 101);
    assertEquals(client.header("sec-websocket-protocol"), undefined, offer);
  }
});

Deno.test("listenWebSocket() accepts on any path", async () => {
  await using server = new Server();
  for (const path of ["/", "/clasp", "/a/b/?c=d"]) {
    using client = await RawWebSocket.connect(server.port, { path });
    assertEquals(client.status, 101);
  }
  await server.accepted(3);
});

Deno.test("listenWebSocket() tells a plain HTTP client what the port speaks", async () => {
  await using server = new Server();
  const response = await fetch(`http://127.0.0.1:${server.port}/`);
  assertEquals(response.status, 426);
  assertMatch(await response.text(), /^This port speaks CLASP over WebSocket/);
});

Deno.test("listenWebSocket() hands plain HTTP requests to http", async () => {
  await using server = new Server({
    http: (request) => new Response(new URL(request.url).pathname),
  });
  const response = await fetch(`http://127.0.0.1:${server.port}/status`);
  assertEquals(await response.text(), "/status");
  using client = await RawWebSocket.connect(server.port);
  assertEquals(client.status, 101);
});

Deno.test("listenWebSocket() answers 500 when http throws, and reports it", async () => {
  const bug = new Error("a bug");
  await using server = new Server({ http: () => Promise.reject(bug) });
  const response = await fetch(`http://127.0.0.1:${server.port}/`);
  assertEquals([response.status, await response.text()], [500, "internal error\n"]);
  assertEquals(server.errors, [bug]);
});

Deno.test("listenWebSocket() answers 400 to an upgrade without a key", async () => {
  await using server = new Server();
  using client = await RawWebSocket.connect(server.port, { headers: { "Sec-WebSocket-Key": "" } });
  assertEquals(client.status, 400);
  assertEquals(server.ends, []);
});

Deno.test("listenWebSocket() refuses whom refuse() refuses, and says why", async () => {
  await using server = new Server({ refuse: (host) => `no room for ${host}` });
  using client = await RawWebSocket.connect(server.port);
  assertEquals(client.status, 503);
  assertMatch(client.head, /\r\n\r\nno room for 127\.0\.0\.1\n$/);
  assertEquals(server.ends, []);
});

Deno.test("a WebSocket transport says where its peer is", async () => {
  await using server = new Server();
  using _client = await RawWebSocket.connect(server.port);
  const [end] = await server.accepted(1);
  assertMatch(end?.transport.remoteAddress ?? "", /^127\.0\.0\.1:\d+$/);
});

Deno.test("a WebSocket transport reports a text message and delivers nothing for it", async () => {
  await using server = new Server();
  using client = await RawWebSocket.connect(server.port);
  const [end] = await server.accepted(1);
  await client.send(0x1, new TextEncoder().encode("hello"));
  await client.send(0x2, patterned(4, 0));
  await end?.until(() => end.messages.length === 1, "the binary message after it");
  assertEquals(end?.texts, 1);
  assertSameBytes(end?.messages[0], patterned(4, 0));
});

Deno.test("a WebSocket transport reports 1006 when the TCP connection breaks", async () => {
  await using server = new Server();
  const client = await RawWebSocket.connect(server.port);
  const [end] = await server.accepted(1);
  client[Symbol.dispose]();
  await end?.until(() => end.closes.length > 0, "the close");
  assertEquals(end?.closes[0]?.code, 1006);
});

Deno.test("a WebSocket transport reports 1005 for a close without a code", async () => {
  await using server = new Server();
  using client = await RawWebSocket.connect(server.port);
  const [end] = await server.accepted(1);
  await client.send(0x8, new Uint8Array(0));
  await end?.until(() => end.closes.length > 0, "the close");
  assertEquals(end?.closes, [{ code: 1005, reason: "" }]);
});

Deno.test("a WebSocket transport counts what a peer does not read, and nothing once closed", async () => {
  await using server = new Server();
  using _client = await RawWebSocket.connect(server.port);
  const [end] = await server.accepted(1);
  assert(end !== undefined);
  for (let index = 0; index < 64; index++) end.transport.send(patterned(MIB, index));
  assertGreater(end.transport.bufferedBytes, 32 * MIB);
  end.transport.close(1000, "");
  assertEquals(end.transport.bufferedBytes, 0);
});

Deno.test("a message above 1 MiB is told, ends its connection with 1009, and no other", async () => {
  await using server = new Server();
  const big = await server.connect();
  const other = await server.connect();
  big.client.transport.send(patterned(MESSAGE_BYTES_MAX, 3));
  big.client.transport.send(new Uint8Array(65 * MIB));
  await big.end.until(() => big.end.closes.length > 0, "the close");
  assertEquals(big.end.messages.length, 1);
  assertSameBytes(big.end.messages[0], patterned(MESSAGE_BYTES_MAX, 3));
  assertEquals(big.end.tooLarge, [65 * MIB]);
  const reason = "a message has 68157440 bytes or more, the limit is 1048576";
  assertEquals(big.end.closes, [{ code: 1009, reason }]);
  await big.client.until(() => big.client.closes.length > 0, "the close at the sender");
  assertEquals(big.client.closes, [{ code: 1009, reason }]);
  other.client.transport.send(patterned(10, 0));
  await other.end.until(() => other.end.messages.length === 1, "a message on the other connection");
});

Deno.test("a handler that throws has its connection closed with 1011, and is reported", async () => {
  await using server = new Server();
  const { client, end } = await server.connect();
  const bug = new Error("a bug");
  end.intercept = () => {
    throw bug;
  };
  client.transport.send(patterned(1, 0));
  client.transport.send(patterned(1, 0));
  await client.until(() => client.closes.length > 0, "the close at the peer");
  assertEquals(end.closes, [{ code: 1011, reason: "internal error" }]);
  assertEquals(end.messages.length, 1);
  assertEquals(server.errors, [bug]);
});

Deno.test("an exception in a handler is uncaught unless onHandlerError is given", async () => {
  await using server = new Server({ onHandlerError: undefined });
  const { client, end } = await server.connect();
  const bug = new Error("a bug");
  end.intercept = () => {
    throw bug;
  };
  const uncaught = new Promise<unknown>((resolve) => {
    addEventListener("error", (event) => {
      event.preventDefault();
      resolve(event.error);
    }, { once: true });
  });
  client.transport.send(patterned(1, 0));
  assertEquals(await withDeadline(uncaught, DEADLINE_MS, "the uncaught exception"), bug);
});

Deno.test("an accept that throws has its connection closed with 1011, and is reported", async () => {
  const bug = new Error("a bug");
  await using server = new Server({
    accept: () => {
      throw bug;
    },
  });
  const client = await server.dial();
  await client.until(() => client.closes.length > 0, "the close at the peer");
  assertEquals(client.closes, [{ code: 1011, reason: "internal error" }]);
  assertEquals(server.errors, [bug]);
});

Deno.test("a transport that accept closes tells its handler when accept returns", async () => {
  const end = new TransportEnd();
  await using server = new Server({
    accept: (transport) => {
      transport.send(patterned(3, 0));
      transport.close(4_000, "not today");
      assertEquals(end.closes, []);
      return end.accept(transport);
    },
  });
  const client = await server.dial();
  await client.until(() => client.closes.length > 0, "the close at the peer");
  assertEquals(client.closes, [{ code: 4_000, reason: "not today" }]);
  assertEquals(client.messages.length, 1);
  assertEquals(end.closes, [{ code: 4_000, reason: "not today" }]);
});

Deno.test("a peer that ignores a close is cut, and is not heard meanwhile", async () => {
  await using server = new Server();
  using client = await RawWebSocket.connect(server.port);
  const [end] = await server.accepted(1);
  const start = performance.now();
  end?.transport.close(4_001, "go");
  assertEquals(end?.closes, [{ code: 4_001, reason: "go" }]);
  await client.send(0x2, patterned(5, 0));
  assertMatch(new TextDecoder().decode(await client.readToEnd()), /go$/);
  const tookMs = performance.now() - start;
  assertGreater(tookMs, CLOSE_GRACE_MS * 0.9);
  assertLess(tookMs, CLOSE_GRACE_MS * 4);
  assertEquals([end?.messages, end?.closes.length], [[], 1]);
});

Deno.test("a peer that agrees to a close is let go at once", async () => {
  await using server = new Server();
  using client = await RawWebSocket.connect(server.port);
  const [end] = await server.accepted(1);
  end?.transport.close(1000, "");
  end?.transport.close(1000, "");
  const start = performance.now();
  await client.send(0x8, Uint8Array.of(0x03, 0xe8));
  assertEquals((await client.readToEnd()).toHex(), "880203e8");
  assertLess(performance.now() - start, CLOSE_GRACE_MS * 0.9);
});

Deno.test("of sockets that ignore their close the oldest is cut when there are too many", async () => {
  await using server = new Server();
  const clients: RawWebSocket[] = [];
  try {
    for (let index = 0; index < CLOSING_SOCKETS_PER_ADDRESS_MAX + 1; index++) {
      clients.push(await RawWebSocket.connect(server.port));
    }
    const start = performance.now();
    for (const end of await server.accepted(clients.length)) end.transport.close(4_001, "go");
    await clients[0]?.readToEnd();
    assertLess(performance.now() - start, CLOSE_GRACE_MS * 0.9);
    await clients[1]?.readToEnd();
    assertGreater(performance.now() - start, CLOSE_GRACE_MS * 0.9);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
});

Deno.test("a peer that answers no ping is closed once, one that does stays", async () => {
  await using server = new Server({ idleTimeoutSeconds: 1 });
  const alive = await server.connect();
  using _client = await RawWebSocket.connect(server.port);
  const silent = (await server.accepted(2))[1];
  await silent?.until(() => silent.closes.length > 0, "the close of the silent peer");
  assertEquals(silent?.closes.map(({ code }) => code), [1001]);
  alive.client.transport.send(patterned(1, 0));
  await alive.end.until(() => alive.end.messages.length === 1, "a message of the other peer");
});

Deno.test("stop() closes every connection with 1001 and a reason, and frees the port", async () => {
  const server = new Server();
  const { client, end } = await server.connect();
  const stopped = server.listener.stop();
  assertEquals(end.closes, [{ code: 1001, reason: "the router is stopping" }]);
  await withDeadline(stopped, DEADLINE_MS, "the end of stop()");
  await client.until(() => client.closes.length > 0, "the close at the peer");
  assertEquals(client.closes, [{ code: 1001, reason: "the router is stopping" }]);
  await server.listener.stop();
  await listenWebSocket({ ...server.options, port: server.port }).stop();
});

Deno.test("stop() accepts nobody while it waits", async () => {
  const server = new Server();
  using _ignoring = await RawWebSocket.connect(server.port);
  await server.accepted(1);
  const stopped = server.listener.stop();
  using late = await RawWebSocket.connect(server.port);
  assertEquals(late.status, 503);
  await withDeadline(stopped, DEADLINE_MS, "the end of stop()");
  assertEquals(server.ends.length, 1);
});

Deno.test("stop() cuts off peers and requests that do not come to an end", async () => {
  const release = Promise.withResolvers<Response>();
  const asked = Promise.withResolvers<void>();
  const server = new Server({
    http: () => {
      asked.resolve();
      return release.promise;
    },
  });
  using ignoring = await RawWebSocket.connect(server.port);
  using halfSent = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await halfSent.write(new TextEncoder().encode("GET / HT"));
  const request = fetch(`http://127.0.0.1:${server.port}/`).catch(() => "cut off");
  await withDeadline(asked.promise, DEADLINE_MS, "the request");
  await server.accepted(1);

  const start = performance.now();
  await withDeadline(server.listener.stop(), DEADLINE_MS, "the end of stop()");
  assertLess(performance.now() - start, CLOSE_GRACE_MS * 4);
  assertMatch(new TextDecoder().decode(await ignoring.readToEnd()), /the router is stopping$/);
  release.resolve(new Response());
  assertEquals(await withDeadline(request, DEADLINE_MS, "the end of the request"), "cut off");
});

Deno.test("stop() lets an answer that is on its way arrive", async () => {
  const release = Promise.withResolvers<Response>();
  const asked = Promise.withResolvers<void>();
  const server = new Server({
    http: () => {
      asked.resolve();
      return release.promise;
    },
  });
  const request = fetch(`http://127.0.0.1:${server.port}/`);
  await withDeadline(asked.promise, DEADLINE_MS, "the request");
  const stopped = server.listener.stop();
  release.resolve(new Response("answer"));
  assertEquals(await (await request).text(), "answer");
  await withDeadline(stopped, DEADLINE_MS, "the end of stop()");
});

Deno.test("listenWebSocket() with a certificate speaks wss and https", async () => {
  await using server = new Server({
    tls: { cert: TEST_CERT, key: TEST_KEY },
    http: () => new Response("page"),
  });
  using client = Deno.createHttpClient({ caCerts: [TEST_CERT] });
  const page = await fetch(`https://127.0.0.1:${server.port}/`, { client });
  assertEquals(await page.text(), "page");

  const options = { client, protocols: ["clasp"] };
  const socket = new WebSocket(`wss://127.0.0.1:${server.port}/`, options);
  const end = (await server.accepted(1))[0];
  const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  const opened = new Promise((resolve) => socket.onopen = resolve);
  await withDeadline(opened, DEADLINE_MS, "the connection");
  assertEquals(socket.protocol, "clasp");
  end?.transport.close(4_001, "secret");
  const { code, reason } = await withDeadline(closed, DEADLINE_MS, "the close at the peer");
  assertEquals([code, reason], [4_001, "secret"]);
});

Deno.test("a dial over wss fails when the certificate is not trusted", async () => {
  await using server = new Server({ tls: { cert: TEST_CERT, key: TEST_KEY } });
  const failed = Promise.withResolvers<string>();
  dialWebSocket(`wss://127.0.0.1:${server.port}/`, {
    onOpen: (transport) => {
      failed.reject(new Error("connected"));
      return new TransportEnd().accept(transport);
    },
    onFailed: failed.resolve,
  });
  const reason = await withDeadline(failed.promise, DEADLINE_MS, "the failure");
  assertMatch(reason, /: invalid peer certificate/);
});

/** A listener on a free port, and what it was told. */
class Server implements AsyncDisposable {
  readonly ends: TransportEnd[] = [];
  readonly errors: unknown[] = [];
  readonly options: ListenOptions;
  readonly listener: Listener;
  #wakeUps: (() => void)[] = [];

  constructor(options: Partial<ListenOptions> = {}) {
    this.options = {
      hostname: "127.0.0.1",
      port: 0,
      onHandlerError: (error) => this.errors.push(error),
      accept: (transport) => {
        const end = new TransportEnd();
        this.ends.push(end);
        for (const wakeUp of this.#wakeUps.splice(0)) wakeUp();
        return end.accept(transport);
      },
      ...options,
    };
    this.listener = listenWebSocket(this.options);
  }

  get port(): number {
    return this.listener.port;
  }

  /** All connections so far, once there are `count`. */
  async accepted(count: number): Promise<readonly TransportEnd[]> {
    const wait = async () => {
      while (this.ends.length < count) {
        await new Promise<void>((resolve) => this.#wakeUps.push(resolve));
      }
    };
    await withDeadline(wait(), DEADLINE_MS, `${count} connections`);
    return this.ends;
  }

  async dial(): Promise<TransportEnd> {
    const client = new TransportEnd();
    dialWebSocket(`ws://127.0.0.1:${this.port}/`, {
      onOpen: client.accept,
      onFailed: (reason) => this.errors.push(reason),
    });
    await client.until(() => client.isConnected, "a dial");
    return client;
  }

  async connect(): Promise<{ client: TransportEnd; end: TransportEnd }> {
    const before = this.ends.length;
    const client = await this.dial();
    const end = (await this.accepted(before + 1))[before];
    assert(end !== undefined);
    return { client, end };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await withDeadline(this.listener.stop(), DEADLINE_MS, "the end of stop()");
  }
}

/** For 127.0.0.1, until 2126. Protects nothing. */
const TEST_CERT = `-----BEGIN CERTIFICATE-----
MIIBmDCCAT2gAwIBAgIUBap7hQEnAj5dRkos443HiMr75cYwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOY2xhc3AtZmVkIHRlc3QwIBcNMjYxMTIyMDk0OTUxWhgPMjEy
NjEwMjkwOTQ5NTFaMBkxFzAVBgNVBAMMDmNsYXNwLWZlZCB0ZXN0MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAELK4GbrFBqs4IcdrezZ0GhPnWgPUE+T4giV0bJzrs
o4GZF2Qv4cRaU73wN7oMN+Lu8VrnA+kKjzoISn+NdIUJlKNhMF8wHQYDVR0OBBYE
FJJds5AibuvYXM4QoxEyk9DdaCXrMB8GA1UdIwQYMBaAFJJds5AibuvYXM4QoxEy
k9DdaCXrMA8GA1UdEQQIMAaHBH8AAAEwDAYDVR0TAQH/BAIwADAKBggqhkjOPQQD
AgNJADBGAiEA1MdDkG0iQVnxZOUNgF6t9HZdA6ACQ6pu8qOnXl/E7lgCIQD06Xgq
SPugNhunk04t02aifv72oUpkfk6otTn8CChkzw==
-----END CERTIFICATE-----`;
const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgg0RZrNgeLD5EtuIX
lfA3LuarufEuM+jGe8eZjRrQakehRANCAAQsrgZusUGqzghx2t7NnQaE+daA9QT5
PiCJXRsnOuyjgZkXZC/hxFpTvfA3ugw34u7xWucD6QqPOghKf410hQmU
-----END PRIVATE KEY-----`;
