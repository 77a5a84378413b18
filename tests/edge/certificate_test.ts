import { Client, Router, TlsError } from "../../mod.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { ALL_SIGNALS, FEATURE } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import {
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { CertificateDirectory } from "../support/certificate_directory.ts";
import { withDeadline } from "../support/deadline.ts";
import { runCommand, startServer } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { RawWebSocket } from "../support/raw_websocket.ts";
import { untilAlike } from "../support/router_state.ts";
import { SecureSockets } from "../support/secure_sockets.ts";
import { ThreeRouters } from "../support/three_routers.ts";
import { Traffic } from "../support/traffic.ts";
import {
  EXPIRED_SERVER_CERT,
  EXPIRED_SERVER_KEY,
  OTHER_AUTHORITY_CERT,
  RENEWED_SERVER_CERT,
  RENEWED_SERVER_KEY,
  TEST_AUTHORITY_CERT,
  TEST_SERVER_CERT,
  TEST_SERVER_KEY,
} from "./websocket_certificates.ts";

const DEADLINE_MS = 20_000;
const BOTH_AUTHORITIES = [TEST_AUTHORITY_CERT, OTHER_AUTHORITY_CERT];
const LOCAL = { port: 0, hostname: "127.0.0.1" };
const OWN = { cert: TEST_SERVER_CERT, key: TEST_SERVER_KEY };
const RENEWED = { cert: RENEWED_SERVER_CERT, key: RENEWED_SERVER_KEY };

Deno.test("a server says what is wrong with its certificate, in one line, exit code 1", async () => {
  await using files = await CertificateDirectory.make();
  await files.write("empty.pem", "");
  await files.write("damaged.crt", TEST_SERVER_CERT.replace(/M..../, "AAAAA"));
  await files.write("damaged.key", TEST_SERVER_KEY.replace(/M..../, "AAAAA"));
  await files.write("secret.key", TEST_SERVER_KEY.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"));
  await files.write("old.crt", EXPIRED_SERVER_CERT);
  await files.write("old.key", EXPIRED_SERVER_KEY);
  await files.write("huge.crt", "x".repeat(300_000));
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["none.crt", "server.key", /--cert from file ".*none\.crt": there is no such file/],
    ["server.crt", "none.key", /--key from file ".*none\.key": there is no such file/],
    ["", "server.key", /--cert from file/],
    ["huge.crt", "server.key", /more than 262144 bytes/],
    ["empty.pem", "server.key", /certificate: there is none in it/],
    ["server.key", "server.key", /there is none in it; .*; this is a private key/],
    ["server.crt", "server.crt", /key: there is none in it; .*; this is a certificate/],
    ["damaged.crt", "server.key", /certificate: .* cannot be decoded/],
    ["server.crt", "damaged.key", /key: .* cannot be decoded/],
    ["server.crt", "secret.key", /encrypted with a passphrase/],
    ["server.crt", "old.key", /"CN=clasp-fed test server" .*: the key belongs to another one/],
    ["old.crt", "old.key", /"CN=clasp-fed expired server": it expired at 2021-01-01T00:00:00/],
  ];
  for (const [cert, key, wanted] of cases) {
    const args = ["server", ...["--port", "0", "--host", "127.0.0.1"]];
    const { code, stdout, stderr } = await runCommand(
      [...args, "--cert", files.file(cert), "--key", files.file(key)],
      { permissions: files.permissions },
    );
    assertEquals({ code, stdout }, { code: 1, stdout: "" }, `${cert} ${key}: ${stderr}`);
    assertMatch(stderr, /^clasp-fed: [^\n]+\n$/);
    assertMatch(stderr, wanted);
    assertEquals(stderr.includes("BEGIN PRIVATE KEY-----\nM"), false);
  }
});

Deno.test("a permission that is missing for a certificate or an authority is named", async () => {
  await using files = await CertificateDirectory.make();
  const permissions = ["--allow-net"];
  const server = await runCommand(["server", "--port", "0", ...files.serverFlags], { permissions });
  assertEquals(server.code, 1);
  assertStringIncludes(server.stderr, `permission --allow-read="${files.file("server.crt")}"`);
  const get = ["get", "/a", "--server", "wss://127.0.0.1:1", ...files.clientFlags];
  const client = await runCommand(get, { permissions });
  assertStringIncludes(client.stderr, `permission --allow-read="${files.file("ca.crt")}"`);
});

Deno.test("a command trusts the authority of --ca, and says what to do without it", async () => {
  await using files = await CertificateDirectory.make();
  await files.write("other.crt", OTHER_AUTHORITY_CERT);
  await files.write("both.crt", TEST_SERVER_KEY + OTHER_AUTHORITY_CERT + TEST_AUTHORITY_CERT);
  await files.write("none.crt", TEST_SERVER_KEY);
  const { permissions } = files;
  await using server = await startServer(files.serverFlags, { permissions });
  assertMatch(String(server.logs[0]?.["message"]), /Listening on wss:/);
  const url = `wss://127.0.0.1:${server.port}`;
  const set = async (...args: string[]) =>
    await runCommand(["set", "/a", "1", ...args], { permissions });
  for (const ca of ["ca.crt", "both.crt"]) {
    const { code, stderr } = await set("--server", url, "--ca", files.file(ca));
    assertEquals({ code, stderr }, { code: 0, stderr: "" }, ca);
  }
  const refusals: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["--server", url], 1, /UnknownIssuer; nobody .* trusted with --ca FILE [^?]*$/],
    [["--server", url, "--ca", files.file("other.crt")], 1, /UnknownIssuer; nobody/],
    [["--server", url, "--ca", files.file("none.crt")], 1, /--ca: .* there is no certificate/],
    [["--server", url.replace("wss", "ws")], 1, /it is wss:\/\/ there, not ws:/],
    [["--server", server.url, "--ca", files.file("ca.crt")], 2, /--ca has no effect with ws:/],
  ];
  for (const [args, wantedCode, wanted] of refusals) {
    const { code, stderr } = await set(...args);
    assertEquals(code, wantedCode, stderr);
    assertMatch(stderr, /^clasp-fed: [^\n]+\n$/);
    assertMatch(stderr, wanted);
  }
});

Deno.test("a leaf that does not trust its hub's authority says so, and goes on alone", async () => {
  await using files = await CertificateDirectory.make();
  await files.write("other.crt", OTHER_AUTHORITY_CERT);
  const { permissions } = files;
  const hubArgs = ["--features", "federation", ...files.serverFlags];
  await using hub = await startServer(hubArgs, { permissions });
  const hubUrl = ["--federation-hub", `wss://127.0.0.1:${hub.port}`];
  await using leaf = await startServer([...hubUrl, "--ca", files.file("other.crt")], {
    permissions,
  });
  const lost = await leaf.log(({ reason }) => /UnknownIssuer/.test(String(reason)), "the reason");
  assertMatch(String(lost["reason"]), /a private authority is trusted with --ca FILE/);
  await using client = await RawClient.connect(leaf.port);
  assertEquals((await client.set("/a", encodeValue(1))).type, "ACK");
});

Deno.test("SIGHUP under traffic takes a new certificate into use, and nothing is lost", async () => {
  await using files = await CertificateDirectory.make();
  await files.write("ca.crt", BOTH_AUTHORITIES.join("\n"));
  using _sockets = new SecureSockets(BOTH_AUTHORITIES);
  await using routers = await ThreeRouters.start(files);
  await using own = await Traffic.start(routers.port("site-a"), "/site-a/own", 20);
  await using crossing = await Traffic.start(routers.port("site-b"), "/site-a/crossing", 20);
  await using other = await Traffic.start(routers.port("site-b"), "/site-b/own", 20);
  const all = [own, crossing, other];
  await Promise.all(all.map((traffic) => traffic.acknowledges(100)));
  await using client = await RawClient.connect(routers.port("hub"));

  await files.write("server.crt", RENEWED_SERVER_CERT);
  await files.write("server.key", RENEWED_SERVER_KEY);
  const hub = routers.process("hub");
  hub.kill("SIGHUP");
  const end = await withDeadline(client.ended, DEADLINE_MS, "the close");
  assertEquals(end, { code: 1012, reason: "certificate renewed" });
  const renewed = await hub.log(({ event }) => event === "certificate-renewed", "the renewal");
  assertEquals(renewed["subject"], '"CN=clasp-fed renewed server"');
  await routers.untilRouted();
  await Promise.all(all.map((traffic) => traffic.acknowledges(100)));
  await Promise.all(all.map((traffic) => traffic.stop()));

  const state = await untilAlike(routers.ports, DEADLINE_MS);
  for (const { acknowledged } of [own, other]) {
    for (const [address, write] of acknowledged) {
      assertEquals(state.get(address)?.revision, write.revision, address);
    }
  }
  assertEquals([own.refusals, other.refusals], [new Map(), new Map()], "a site needed its hub");
  // Writes on their way when the link went are the only ones whose outcome is open.
  assertEquals([...crossing.refusals.keys()].filter((code) => code !== 502), []);
  await assertServes(routers.port("hub"), OTHER_AUTHORITY_CERT);
});

Deno.test("a bad certificate at SIGHUP leaves the old one and all connections alone", async () => {
  await using files = await CertificateDirectory.make();
  using _sockets = new SecureSockets([TEST_AUTHORITY_CERT]);
  await using server = await startServer(files.serverFlags, { permissions: files.permissions });
  await using client = await RawClient.connect(server.port);
  const changes: readonly (readonly [string, string, RegExp])[] = [
    ["server.key", RENEWED_SERVER_KEY, /the key belongs to another one/],
    ["server.crt", "", /there is none in it/],
  ];
  for (const [name, text, wanted] of changes) {
    await files.write(name, text);
    server.kill("SIGHUP");
    const isRefusal = (line: Readonly<Record<string, unknown>>) =>
      line["event"] === "certificate-refused" && wanted.test(String(line["reason"]));
    assertEquals((await server.log(isRefusal, "the refusal"))["level"], "error");
    assertEquals((await client.set("/a", encodeValue(1))).type, "ACK");
  }
  await Deno.remove(files.file("server.crt"));
  server.kill("SIGHUP");
  await server.log(({ reason }) => /no such file/.test(String(reason)), "the refusal");
  await assertServes(server.port, TEST_AUTHORITY_CERT);
  assertEquals((await server.stop()).code, 0);
});

Deno.test("renewCertificate() waits for a slow reader no longer than it is told to", async () => {
  using _sockets = new SecureSockets(BOTH_AUTHORITIES);
  const router = new Router();
  const { port } = router.listen({ ...LOCAL, ...OWN });
  using slow = await subscribeAndStopReading(port);
  await using writer = await RawClient.connect(port);
  const value = encodeValue(new Uint8Array(60_000));
  for (let i = 0; i < 200; i++) writer.send({ type: "SET", address: `/big/${i}`, value });
  await writer.until(() => writer.all("ACK").length === 200, "all ACKs", DEADLINE_MS);
  await router.renewCertificate({ ...RENEWED, drainTimeoutMs: 300 });
  assertEquals((await writer.ended).code, 1012);
  await slow.readMuch(() => false);
  await assertServes(port, OTHER_AUTHORITY_CERT);
  await router.stop();
});

Deno.test("renewals wait for each other, and a stop in the middle of one is the last word", async () => {
  using _sockets = new SecureSockets(BOTH_AUTHORITIES);
  const router = new Router();
  const { port } = router.listen({ ...LOCAL, ...OWN });
  const first = await RawClient.connect(port);
  const renewals = [router.renewCertificate(OWN), router.renewCertificate(RENEWED)];
  await withDeadline(Promise.all(renewals), DEADLINE_MS, "both renewals");
  assertEquals((await first.ended).code, 1012);
  await assertServes(port, OTHER_AUTHORITY_CERT);
  const second = await RawClient.connect(port);
  const last = router.renewCertificate(OWN);
  assertEquals((await second.ended).code, 1012);
  const stopped = router.stop("now", { drainTimeoutMs: 0 });
  await withDeadline(Promise.all([last, stopped]), DEADLINE_MS, "the stop");
  await assertRejects(() => Deno.connect({ port }), Deno.errors.ConnectionRefused);
});

Deno.test("renewCertificate() refuses what cannot be used, and routers without a certificate", async () => {
  const router = new Router();
  await assertRejects(() => router.renewCertificate(OWN), TypeError, "does not listen with one");
  assertThrows(() => router.listen({ ...LOCAL, cert: OWN.cert }), TypeError, "needs its key");
  const mixed = { cert: TEST_SERVER_CERT, key: RENEWED_SERVER_KEY };
  assertThrows(() => router.listen({ ...LOCAL, ...mixed }), TlsError, "belongs to another one");
  const { port } = router.listen({ ...LOCAL, ...OWN });
  await assertRejects(() => router.renewCertificate(mixed), TlsError, "belongs to another one");
  await assertServes(port, TEST_AUTHORITY_CERT);
  await router.stop();
  await assertRejects(() => router.renewCertificate(OWN), TypeError);
  assertThrows(() => new Router({ ca: "x" }), TlsError, "there is no certificate");
  await assertRejects(() => Client.connect("wss://127.0.0.1:1", { ca: "x" }), TlsError);
});

Deno.test("handshakes that stop half-way take nobody's place over TLS", async () => {
  const router = new Router({ maxSessions: 1 });
  const { port } = router.listen({ ...LOCAL, ...OWN });
  const address = { hostname: "127.0.0.1", port };
  // Nothing at all, half a ClientHello, half a request.
  const silent = await Promise.all(Array.from({ length: 20 }, () => Deno.connect(address)));
  for (const connection of silent) await connection.write(Uint8Array.of(0x16, 0x03, 0x01, 0x02));
  const asking = await Deno.connectTls({ ...address, caCerts: [TEST_AUTHORITY_CERT] });
  await asking.write(new TextEncoder().encode("GET / HTTP/1.1\r\nUpgrade: websocket\r\n"));
  assertEquals(router.connectionCount, 0);
  await assertServes(port, TEST_AUTHORITY_CERT);
  for (const connection of [...silent, asking]) connection.close();
  await router.stop();
});

Deno.test("a WebSocket over TLS without a HELLO gives its place back after 10 s", async () => {
  const router = new Router({ maxSessions: 1 });
  const { port } = router.listen({ ...LOCAL, ...OWN });
  using mute = await RawWebSocket.connect(port, { caCerts: [TEST_AUTHORITY_CERT] });
  const url = `wss://127.0.0.1:${port}`;
  await assertRejects(() => Client.connect(url, { ca: TEST_AUTHORITY_CERT }));
  const startMs = performance.now();
  const { tail } = await mute.readMuch((tail) => tail.length > 0);
  assertEquals(tail.length > 0, true);
  assertLess(performance.now() - startMs, 15_000);
  await assertServes(port, TEST_AUTHORITY_CERT);
  await router.stop();
});

/** A client over TLS that subscribes to everything and then reads nothing. */
async function subscribeAndStopReading(port: number): Promise<RawWebSocket> {
  const client = await RawWebSocket.connect(port, { caCerts: [TEST_AUTHORITY_CERT] });
  const messages = [
    { type: "HELLO", version: 1, features: FEATURE.param, name: "slow" },
    { type: "SUBSCRIBE", id: 1, pattern: "/**", types: ALL_SIGNALS },
  ] as const;
  for (const message of messages) await client.send(0x2, encodeFrame(message));
  return client;
}

/** Who trusts this authority, and no other private one, is served. */
async function assertServes(port: number, ca: string): Promise<void> {
  const client = await Client.connect(`wss://127.0.0.1:${port}`, { ca });
  await client.set("/served", true);
  await client.close();
}
