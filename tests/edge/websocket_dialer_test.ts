import type { Dial, DialOptions } from "../../src/edge/websocket_dialer.ts";
import { dialWebSocket } from "../../src/edge/websocket_dialer.ts";
import { listenWebSocket } from "../../src/edge/websocket_listener.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { patterned, TransportEnd } from "./transport_suite.ts";
import {
  TEST_AUTHORITY_CERT,
  TEST_SERVER_CERT,
  TEST_SERVER_KEY,
} from "./websocket_certificates.ts";
import { RawServer } from "./websocket_raw_server.ts";

const DEADLINE_MS = 10_000;

Deno.test("dialWebSocket() opens once and offers clasp", async () => {
  await using server = new TestServer();
  const dialled = new Dialled(server.url);
  await dialled.outcome();
  assertEquals(dialled.end.transport.remoteAddress, `127.0.0.1:${server.port}`);
  const peer = await server.socket();
  assertEquals(server.offers, ["clasp"]);
  dialled.dial.abort();
  peer.send(patterned(3, 0));
  await dialled.end.until(() => dialled.end.messages.length === 1, "a message");
  dialled.end.transport.close(1000, "");
  assertEquals(dialled.reports, ["open"]);
});

Deno.test("dialWebSocket() accepts a server that confirms no subprotocol", async () => {
  await using server = new TestServer({ confirms: false });
  const dialled = new Dialled(server.url);
  await dialled.outcome();
  assertEquals(dialled.reports, ["open"]);
  dialled.end.transport.close(1000, "");
});

Deno.test("dialWebSocket() fails once on a closed port", async () => {
  const port = unusedPort();
  const dialled = new Dialled(`ws://127.0.0.1:${port}/`);
  assertEquals(dialled.reports, []);
  await dialled.outcome();
  assertEquals(dialled.reports, [`Cannot connect to ws://127.0.0.1:${port}/: connection refused`]);
});

Deno.test("dialWebSocket() fails once when the server refuses, and names the status", async () => {
  const options = { hostname: "127.0.0.1", port: 0, accept: () => new TransportEnd() };
  const listener = listenWebSocket({ ...options, refuse: () => "full" });
  const url = `ws://127.0.0.1:${listener.port}/`;
  const dialled = new Dialled(url);
  await dialled.outcome();
  await listener.stop();
  const reason = "the server answered with HTTP status 503";
  assertEquals(dialled.reports, [`Cannot connect to ${url}: ${reason}`]);
});

Deno.test("dialWebSocket() reports a malformed URL without throwing", async () => {
  for (const url of ["nonsense", "ftp://a/", "ws://%zz@a/"]) {
    const dialled = new Dialled(url);
    assertEquals(dialled.reports, [], "not before dialWebSocket() has returned");
    await dialled.outcome();
    assertEquals(dialled.reports.length, 1);
    assertMatch(dialled.reports[0] ?? "", /^Cannot connect to .+: .+/);
  }
});

Deno.test("dialWebSocket() keeps secrets in a URL out of its reasons", async () => {
  const dialled = new Dialled(`ws://user:pass@127.0.0.1:${unusedPort()}/path?token=pass`);
  await dialled.outcome();
  assertMatch(dialled.reports[0] ?? "", /^Cannot connect to ws:\/\/127\.0\.0\.1:\d+\/path: /);
});

Deno.test({
  name: "dialWebSocket() reports a missing permission",
  permissions: { net: false },
  fn: async () => {
    const dialled = new Dialled("ws://127.0.0.1:7330/");
    await dialled.outcome();
    assertMatch(dialled.reports.join(), /^Cannot connect to .* net access/);
  },
});

Deno.test("dialWebSocket() fails once when nobody answers in time, and hangs up", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `ws://127.0.0.1:${listener.addr.port}/`;
  const dialled = new Dialled(url, { timeoutMs: 50 });
  using connection = await listener.accept();
  await dialled.outcome();
  await hangUp(connection);
  assertEquals(dialled.reports, [`Cannot connect to ${url}: no answer within 50 ms`]);
});

Deno.test("dialWebSocket() fails once when the answer never ends, and hangs up", async () => {
  using server = new RawServer();
  const dialled = new Dialled(server.url, { timeoutMs: 500 });
  using peer = await server.connection();
  await peer.readRequest();
  await peer.send(new TextEncoder().encode("HTTP/1.1 101 Switching Protocols\r\nUpgrade: webs"));
  await dialled.outcome();
  await peer.readToEnd();
  assertEquals(dialled.reports, [`Cannot connect to ${server.url}: no answer within 500 ms`]);
});

Deno.test("dialWebSocket() fails once on what is no answer to it, and hangs up", async () => {
  const flood = `HTTP/1.1 101 x\r\n${"X-Flood: y\r\n".repeat(100_000)}`;
  const accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
  const foreign =
    `HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${accept}\r\n\r\n`;
  for (
    const [answer, reason] of [
      ["HTTP/1.1 404 Not Found\r\n\r\n", "the server answered with HTTP status 404"],
      ["HTTP/1.1 301 Moved\r\nLocation: ws://x/\r\n", "the server answered with HTTP status 301"],
      [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "the server does not speak HTTP/1.1; if it has a certificate, it is wss:// there, not ws://",
      ],
      [foreign, "the server's answer does not belong to this request"],
      [flood, "the server's answer is longer than 16384 bytes"],
    ] as const
  ) {
    using server = new RawServer();
    const dialled = new Dialled(server.url);
    using peer = await server.connection();
    await peer.readRequest();
    // The flood is not taken to its end.
    await peer.send(new TextEncoder().encode(answer)).catch(() => {});
    await dialled.outcome();
    await peer.readToEnd();
    assertEquals(dialled.reports, [`Cannot connect to ${server.url}: ${reason}`]);
  }
});

Deno.test("dialWebSocket() fails once when the server hangs up without an answer", async () => {
  for (const start of ["", "HTTP/1.1 1"]) {
    using server = new RawServer();
    const dialled = new Dialled(server.url);
    {
      using peer = await server.connection();
      await peer.readRequest();
      await peer.send(new TextEncoder().encode(start));
    }
    await dialled.outcome();
    const reason = "the server hung up before it answered";
    assertEquals(dialled.reports, [`Cannot connect to ${server.url}: ${reason}`]);
  }
});

Deno.test("dialWebSocket() sends path, query and user, and no fragment", async () => {
  using server = new RawServer();
  const { host } = new URL(server.url);
  const dialled = new Dialled(`ws://ann:secret@${host}/a/b?c=d#e`);
  using peer = await server.connection();
  const request = await peer.readRequest();
  assertMatch(request, /^GET \/a\/b\?c=d HTTP\/1\.1\r\n/);
  assertMatch(request, new RegExp(`\r\nHost: ${host}\r\n`));
  assertMatch(request, /\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n/);
  dialled.dial.abort();
});

Deno.test("dialWebSocket() sends a new key with each dial", async () => {
  using server = new RawServer();
  const keys = new Set<string | undefined>();
  for (let times = 0; times < 3; times++) {
    const dialled = new Dialled(server.url);
    using peer = await server.connection();
    const key = /\r\nSec-WebSocket-Key: (.*)\r\n/.exec(await peer.readRequest())?.[1];
    keys.add(key);
    assertEquals(Uint8Array.fromBase64(key ?? "").length, 16);
    dialled.dial.abort();
  }
  assertEquals(keys.size, 3);
});

Deno.test("a dial over wss that nobody answers fails once, or is aborted", async () => {
  // Takes the connection, and says nothing of TLS.
  using server = new RawServer();
  const url = server.url.replace("ws:", "wss:");
  for (const aborts of [false, true]) {
    const dialled = new Dialled(url, { timeoutMs: aborts ? DEADLINE_MS : 500 });
    using peer = await server.connection();
    await peer.skip(1);
    if (aborts) dialled.dial.abort();
    else await dialled.outcome();
    const reports = aborts ? [] : [`Cannot connect to ${url}: no answer within 500 ms`];
    assertEquals(dialled.reports, reports);
  }
});

Deno.test("a server that answers no TLS handshake costs one socket, however often it is dialled", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `wss://127.0.0.1:${listener.addr.port}/`;
  const dial = async (aborts: boolean): Promise<Deno.TcpConn> => {
    const dialled = new Dialled(url, { timeoutMs: aborts ? DEADLINE_MS : 200 });
    const peer = await listener.accept();
    // A ClientHello: the handshake has begun.
    await peer.read(new Uint8Array(1));
    if (aborts) dialled.dial.abort();
    else await dialled.outcome();
    const reports = aborts ? [] : [`Cannot connect to ${url}: no answer within 200 ms`];
    assertEquals(dialled.reports, reports);
    return peer;
  };
  using _kept = await dial(false);
  for (const aborts of [false, true, false, true]) {
    using peer = await dial(aborts);
    await hangUp(peer);
  }
});

Deno.test("a server that answers TLS handshakes again is dialled as before", async () => {
  const stalling = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = stalling.addr;
  const url = `wss://127.0.0.1:${port}/`;
  const options = { caCerts: [TEST_AUTHORITY_CERT] };
  const stalled = new Dialled(url, { ...options, timeoutMs: 200 });
  {
    using _peer = await stalling.accept();
    await stalled.outcome();
  }
  stalling.close();
  // Asked whether it answers, and dialled; from then on only dialled, trusted or not.
  for (const [caCerts, report] of [[[], /UnknownIssuer/], [options.caCerts, /^open$/]] as const) {
    const listener = listenWebSocket({
      hostname: "127.0.0.1",
      port,
      accept: () => new TransportEnd(),
      tls: { cert: TEST_SERVER_CERT, key: TEST_SERVER_KEY },
    });
    const dialled = new Dialled(url, { caCerts });
    await dialled.outcome();
    assertMatch(dialled.reports.join(), report);
    if (dialled.end.isConnected) dialled.end.transport.close(1000, "");
    await listener.stop();
  }
  using server = new RawServer({ tls: true, port });
  for (let count = 0; count < 2; count++) {
    const dialled = new Dialled(url, options);
    using peer = await server.connection();
    await peer.answer();
    await dialled.outcome();
    assertEquals(dialled.reports, ["open"]);
    dialled.end.transport.close(1000, "");
    await peer.readToEnd();
  }
});

Deno.test("a dial over wss that gets no answer to its upgrade hangs up", async () => {
  using server = new RawServer({ tls: true });
  const options = { timeoutMs: 1_000, caCerts: [TEST_AUTHORITY_CERT] };
  const dialled = new Dialled(server.url, options);
  using peer = await server.connection();
  await peer.readRequest();
  await dialled.outcome();
  await peer.readToEnd();
  assertEquals(dialled.reports, [`Cannot connect to ${server.url}: no answer within 1000 ms`]);
});

Deno.test("dialWebSocket() trusts the authorities it is given, for the host it dials", async () => {
  using server = new RawServer({ tls: true });
  const localhost = server.url.replace("127.0.0.1", "localhost");
  for (
    const [url, caCerts, report] of [
      [server.url, [], /: invalid peer certificate: UnknownIssuer; nobody .* --ca FILE/],
      [server.url, [TEST_AUTHORITY_CERT], /^open$/],
      [localhost, [TEST_AUTHORITY_CERT], /: invalid peer certificate: .*localhost/],
    ] as const
  ) {
    const dialled = new Dialled(url, { caCerts });
    using peer = await server.connection();
    await peer.answer().catch(() => "it does not trust us");
    await dialled.outcome();
    assertMatch(dialled.reports.join(), report);
    if (dialled.end.isConnected) dialled.end.transport.close(1000, "");
    await peer.readToEnd().catch(() => "it does not trust us");
  }
});

Deno.test("an aborted dial hangs up and reports nothing", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dialled = new Dialled(`ws://127.0.0.1:${listener.addr.port}/`);
  using connection = await listener.accept();
  dialled.dial.abort();
  dialled.dial.abort();
  await hangUp(connection);
  assertEquals(dialled.reports, []);
});

Deno.test("a dial that is aborted at once reports nothing", async () => {
  const dialled = new Dialled("nonsense");
  dialled.dial.abort();
  await new Promise<void>((resolve) => queueMicrotask(resolve));
  assertEquals(dialled.reports, []);
});

Deno.test("a dialled transport reports a text message", async () => {
  await using server = new TestServer();
  const dialled = new Dialled(server.url);
  await dialled.outcome();
  (await server.socket()).send("hello");
  await dialled.end.until(() => dialled.end.texts === 1, "the text");
  assertEquals(dialled.end.messages, []);
  dialled.end.transport.close(1000, "");
});

Deno.test("a dialled transport sends every close code unchanged", async () => {
  for (const code of [1000, 1001, 1011, 1012, 4001]) {
    await using server = new TestServer();
    const dialled = new Dialled(server.url);
    await dialled.outcome();
    const peer = await server.socket();
    const closed = new Promise<CloseEvent>((resolve) => peer.onclose = resolve);
    dialled.end.transport.close(code, "why");
    assertEquals(dialled.end.closes, [{ code, reason: "why" }]);
    const event = await withDeadline(closed, DEADLINE_MS, "the close at the server");
    assertEquals([event.code, event.reason], [code, "why"]);
  }
});

Deno.test("an onOpen that throws has its connection closed with 1011, and is reported", async () => {
  await using server = new TestServer();
  const bug = new Error("a bug");
  const reported = Promise.withResolvers<unknown>();
  dialWebSocket(server.url, {
    onOpen: () => {
      throw bug;
    },
    onFailed: reported.reject,
  }, { onHandlerError: reported.resolve });
  assertEquals(await withDeadline(reported.promise, DEADLINE_MS, "the exception"), bug);
});

/** A dial and what it reported: "open" or a reason. */
class Dialled {
  readonly end: TransportEnd = new TransportEnd();
  readonly reports: string[] = [];
  readonly dial: Dial;
  readonly #reported = Promise.withResolvers<void>();

  constructor(url: string, options: DialOptions = {}) {
    this.dial = dialWebSocket(url, {
      onOpen: (transport) => {
        this.#report("open");
        return this.end.accept(transport);
      },
      onFailed: (reason) => this.#report(reason),
    }, options);
  }

  outcome(): Promise<void> {
    return withDeadline(this.#reported.promise, DEADLINE_MS, "the outcome of a dial");
  }

  #report(report: string): void {
    this.reports.push(report);
    this.#reported.resolve();
  }
}

/** A WebSocket server that is none of ours. */
class TestServer implements AsyncDisposable {
  /** The subprotocols that each client offered. */
  readonly offers: (string | null)[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #opened = Promise.withResolvers<WebSocket>();

  constructor({ confirms = true }: { confirms?: boolean } = {}) {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => {
      this.offers.push(request.headers.get("sec-websocket-protocol"));
      const upgrade = Deno.upgradeWebSocket(request, confirms ? { protocol: "clasp" } : {});
      upgrade.socket.onopen = () => this.#opened.resolve(upgrade.socket);
      return upgrade.response;
    });
  }

  get port(): number {
    return this.#server.addr.port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/`;
  }

  socket(): Promise<WebSocket> {
    return withDeadline(this.#opened.promise, DEADLINE_MS, "a connection");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Waits until the peer ends a TCP connection on which nothing is answered. */
async function hangUp(connection: Deno.Conn): Promise<void> {
  const read = async () => {
    const buffer = new Uint8Array(1_024);
    try {
      while (await connection.read(buffer) !== null);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
  };
  await withDeadline(read(), DEADLINE_MS, "the end of the TCP connection");
}

function unusedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
