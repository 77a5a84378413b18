import { COMMANDS } from "../../src/cli/commands.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { splitLines } from "../support/line_process.ts";
import { runCommand, type ServerProcess, startCommand, startServer } from "../support/process.ts";
import { RawWebSocket } from "../support/raw_websocket.ts";
import config from "../../deno.json" with { type: "json" };

const DEADLINE_MS = 30_000;
const STOP_SIGNALS = [["SIGINT", 130], ["SIGTERM", 143]] as const;

/** Runs a client command against a server, and expects it to succeed. */
async function ask(server: ServerProcess, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand([...args, "--server", server.url]);
  assertEquals({ code, stderr }, { code: 0, stderr: "" }, `clasp-fed ${args.join(" ")}`);
  return stdout;
}

/** A `clasp-fed sub` that is subscribed, and the lines that it prints. */
class Subscriber implements AsyncDisposable {
  readonly child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #diagnostics: ReadableStreamDefaultReader<string>;

  private constructor(child: Deno.ChildProcess) {
    this.child = child;
    this.#lines = linesOf(child.stdout);
    this.#diagnostics = linesOf(child.stderr);
  }

  static async start(server: ServerProcess, ...args: string[]): Promise<Subscriber> {
    const subscriber = new Subscriber(startCommand(["sub", ...args, "--server", server.url]));
    assertStringIncludes(await subscriber.diagnostic(), "Subscribed to");
    return subscriber;
  }

  async line(): Promise<string> {
    return (await withDeadline(this.#lines.read(), DEADLINE_MS, "a line of sub")).value ?? "(end)";
  }

  async diagnostic(): Promise<string> {
    const read = this.#diagnostics.read();
    return (await withDeadline(read, DEADLINE_MS, "a diagnostic of sub")).value ?? "(end)";
  }

  async ended(): Promise<number> {
    return (await withDeadline(this.child.status, DEADLINE_MS, "the end of sub")).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await this.child.status;
    await Promise.all([this.#lines.cancel(), this.#diagnostics.cancel()]);
  }
}

function linesOf(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): ReadableStreamDefaultReader<string> {
  return stream.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines()).getReader();
}

Deno.test("help and version go to standard output, exit code 0", async () => {
  const version = { code: 0, stdout: `clasp-fed ${config.version}\n`, stderr: "" };
  assertEquals(await runCommand(["--version"]), version);
  const help = await runCommand(["--help"]);
  assertEquals([help.code, help.stderr], [0, ""]);
  for (const { name } of COMMANDS) assertStringIncludes(help.stdout, `  ${name} `);
  assertEquals(await runCommand(["help"]), help);
  const serverHelp = await runCommand(["server", "--help"]);
  assertStringIncludes(serverHelp.stdout, "--federation-namespaces PATTERNS");
  assertEquals(await runCommand(["help", "server"]), serverHelp);
});

Deno.test("wrong usage is one line that says what to type, exit code 2", async () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [[], "clasp-fed --help"],
    [["srever"], "did you mean server?"],
    [["--port", "1"], "The command comes first"],
    [["help", "srever"], "did you mean server?"],
    [["server", "--prot", "1"], "did you mean --port?"],
    [["server", "--persist-interval", "5"], "add --persist FILE"],
    [["server", "--federation-mode", "mesh"], "not implemented"],
    [["server", "--name", "x".repeat(129)], "1 to 128 are allowed"],
    [["set", "/a"], "VALUE is missing"],
    [["set", "a", "1"], 'it must start with "/"'],
    [["set", "/a", "1", "--lock", "--unlock"], "contradict"],
    [["set", "/a", "1", "--expect", "x"], "--expect must be"],
    [["get", "/a/*"], "patterns only"],
    [["get", "/a", "--server", "localhost:7330"], "--server needs a URL like ws://"],
    [["pub", "/a", "1", "--phase", "move"], "--signal gesture"],
    [["sub", "/a/**b"], "Cannot parse pattern"],
    [["sub", "--count", "0"], "--count must be"],
    [["sub", "--rate", "0.5"], "--rate must be a whole number from 1"],
    [["sub", "--history", "0"], "--history must be"],
    [["sub", "--window", "x"], "--window must be"],
    [["sub", "--epsilon", "-1"], "--epsilon must be a number, 0 or more"],
    [["sub", "--epsilon", "1,5"], "--epsilon must be"],
    [["sub", "--types", "param,evnt"], "did you mean event?"],
    [["sub", "--types", ","], "--types needs one of param, event"],
    [["info", "extra"], "one argument too many"],
  ];
  for (const [args, wanted] of cases) {
    const { code, stdout, stderr } = await runCommand(args);
    assertEquals({ code, stdout }, { code: 2, stdout: "" }, args.join(" "));
    assertMatch(stderr, /^clasp-fed: [^\n]+\n$/);
    assertStringIncludes(stderr, wanted);
  }
});

Deno.test("set and get keep integers and floats apart", async () => {
  await using server = await startServer();
  assertEquals(await ask(server, "set", "/a/level", "1"), "/a/level = 1 (revision 1)\n");
  assertEquals(await ask(server, "get", "/a/level"), "1\n");
  assertEquals(await ask(server, "set", "/a/level", "1.0"), "/a/level = 1.0 (revision 2)\n");
  assertEquals(await ask(server, "get", "/a/level"), "1.0\n");
  assertEquals(
    await ask(server, "get", "/a/level", "--json"),
    '{"address":"/a/level","value":1.0,"type":"f64","revision":2}\n',
  );
  await ask(server, "set", "/a/map", '{"big":9007199254740993,"list":[1,1.0]}');
  assertEquals(await ask(server, "get", "/a/map"), '{"big":9007199254740993,"list":[1,1.0]}\n');
  await ask(server, "set", "/a/level", "-5");
  assertEquals(await ask(server, "get", "/a/level"), "-5\n");
  await ask(server, "set", "/a/text", "not JSON");
  assertEquals(await ask(server, "get", "/a/text"), '"not JSON"\n');
});

Deno.test("set --expect sets only what is as expected", async () => {
  await using server = await startServer();
  const set = (...args: string[]) =>
    runCommand(["set", "/a", "1", "--server", server.url, ...args]);
  assertEquals(
    (await set("--expect", "0", "--json")).stdout,
    '{"address":"/a","value":1,"type":"i64","revision":1}\n',
  );
  const refused = await set("--expect", "0");
  assertEquals([refused.code, refused.stdout], [1, ""]);
  assertMatch(refused.stderr, /^clasp-fed: ERROR 400: [^\n]+\n$/);
  assertEquals((await set("--expect", "1", "--ttl", "60")).code, 0);
});

Deno.test("get of what was never set fails", async () => {
  await using server = await startServer();
  const { code, stdout, stderr } = await runCommand(["get", "/nothing", "--server", server.url]);
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, /^clasp-fed: ERROR 201: [^\n]*\/nothing[^\n]*\n$/);
});

Deno.test("sub prints what there is, what is set and what is published", async () => {
  await using server = await startServer();
  await ask(server, "set", "/a/old", "1");
  await using people = await Subscriber.start(server, "/a/**");
  await using machine = await Subscriber.start(server, "/a/**", "--json", "--count", "4");
  assertEquals(await people.line(), "/a/old = 1 (revision 1)");
  await machine.line();

  await ask(server, "set", "/a/new", "0.5");
  assertEquals(await ask(server, "pub", "/a/cue", "go"), '/a/cue = "go" (event)\n');
  await ask(server, "pub", "/a/pad", "[1.0]", "--signal", "gesture", "--phase", "end", "--id", "7");
  assertEquals(await people.line(), "/a/new = 0.5 (revision 1)");
  assertEquals(await people.line(), '/a/cue = "go" (event)');
  assertEquals(await people.line(), "/a/pad = [1.0] (gesture end id 7)");
  const lines = [await machine.line(), await machine.line(), await machine.line()];
  assertEquals(lines.map((line) => JSON.parse(line)), [
    { kind: "param", address: "/a/new", value: 0.5, type: "f64", revision: 1 },
    { kind: "event", address: "/a/cue", value: "go", type: "string" },
    { kind: "gesture", address: "/a/pad", value: [1], type: "array", phase: "end", id: 7 },
  ]);
  assertEquals(await machine.ended(), 0);

  people.child.kill("SIGINT");
  assertEquals(await people.ended(), 0);
});

Deno.test("sub asks for what its flags say", async () => {
  await using server = await startServer();
  for (const value of ["0.1", "0.2", "0.5", "0.52", "0.9"]) await ask(server, "set", "/a", value);
  await using faders = await Subscriber.start(
    server,
    ...["/a", "--types", "param,stream", "--history", "3", "--epsilon", "0.1", "--rate", "1000"],
    ...["--window", "100"],
  );
  const lines = async (count: number) => {
    const found: string[] = [];
    while (found.length < count) found.push(await faders.line());
    return found;
  };
  assertEquals(await lines(3), [
    "/a = 0.5 (revision 3)",
    "/a = 0.52 (revision 4)",
    "/a = 0.9 (revision 5)",
  ]);
  for (const value of ["0.85", "0.7"]) await ask(server, "set", "/a", value);
  await ask(server, "pub", "/a", "go");
  await ask(server, "pub", "/a", "5", "--signal", "stream");
  assertEquals(await lines(2), ["/a = 0.7 (revision 7)", "/a = [5.0] (stream)"]);
});

Deno.test("sub tells what its router does not grant", async () => {
  await using server = await startServer();
  for (const [flag, value] of [["--history", "1001"], ["--window", "1001"]] as const) {
    const refused = await runCommand(["sub", flag, value, "--server", server.url]);
    assertEquals([refused.code, refused.stdout], [1, ""]);
    assertMatch(refused.stderr, /^clasp-fed: ERROR 402: [^\n]*ask for at most 1000\n$/);
  }
});

Deno.test("sub fails when its router goes away", async () => {
  await using server = await startServer();
  await using subscriber = await Subscriber.start(server);
  await server.stop();
  assertEquals(await subscriber.ended(), 1);
  assertStringIncludes(await subscriber.diagnostic(), `The connection to ${server.url} is gone`);
});

Deno.test("sub ends with 0 when nobody reads its output any more", async () => {
  await using server = await startServer();
  const child = startCommand(["sub", "--server", server.url]);
  const diagnostics = linesOf(child.stderr);
  await diagnostics.read();
  await child.stdout.cancel();
  await ask(server, "set", "/a", "1");
  assertEquals((await withDeadline(child.status, DEADLINE_MS, "the end of sub")).code, 0);
  await diagnostics.cancel();
});

Deno.test("pub without a value, and streams, are taken by the router", async () => {
  await using server = await startServer();
  assertEquals(await ask(server, "pub", "/cue"), "/cue = null (event)\n");
  assertEquals(await ask(server, "pub", "/x", "2", "--signal", "stream"), "/x = 2 (stream)\n");
  const refused = await runCommand(
    ["pub", "/clasp/federation/x", "1", "--signal", "stream", "--server", server.url],
  );
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.stderr, "ERROR 403");
});

Deno.test("info says what the router is and how far away", async () => {
  await using server = await startServer(["--name", "front of house", "--features", "federation"]);
  const info = JSON.parse(await ask(server, "info", "--json"));
  assertEquals(info.server, server.url);
  assertEquals(info.name, "front of house");
  assertEquals(info.clientVersion, config.version);
  assert(info.features.includes("param") && info.features.includes("federation"));
  assert(info.session.length > 0);
  assert(info.roundTripMs >= 0 && info.roundTripMs < 10_000, `round trip ${info.roundTripMs}`);
  assert(Math.abs(info.clockOffsetMs) < 10_000, `clock offset ${info.clockOffsetMs}`);
  const text = await ask(server, "info");
  for (const word of ["front of house", "federation", "round trip", "clock offset"]) {
    assertStringIncludes(text, word);
  }
});

Deno.test("a router that is not there is one line with its URL, exit code 1", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `ws://127.0.0.1:${listener.addr.port}`;
  listener.close();
  const { code, stdout, stderr } = await runCommand(["get", "/a", "--server", url]);
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, /^clasp-fed: Cannot connect to [^\n]+ is a router running there\?[^\n]*\n$/);
  assertStringIncludes(stderr, url);
});

Deno.test("a missing permission is named, exit code 1", async () => {
  const none = { permissions: [] };
  for (const args of [["get", "/a"], ["server", "--port", "0"]]) {
    const { code, stderr } = await runCommand(args, none);
    assertEquals(code, 1);
    assertMatch(stderr, /^clasp-fed: [^\n]*--allow-net[^\n]*\n$/);
  }
  const { code, stderr } = await runCommand(["get", "/a", "--token", "token.txt"]);
  assertEquals(code, 1);
  assertMatch(stderr, /^clasp-fed: [^\n]*--allow-read="token.txt"[^\n]*\n$/);
});

Deno.test("a token may come from standard input, and must not be empty", async () => {
  await using server = await startServer();
  const set = ["set", "/a", "1", "--server", server.url, "--token", "-"];
  assertEquals((await runCommand(set, { input: "cap_xyz\n" })).code, 0);
  const empty = await runCommand(set, { input: "\n" });
  assertEquals(empty.code, 1);
  assertStringIncludes(empty.stderr, "standard input is empty");
});

Deno.test("a port that is taken is one line, exit code 1", async () => {
  await using server = await startServer();
  const { code, stderr } = await runCommand(
    ["server", "--host", "127.0.0.1", "--port", String(server.port)],
  );
  assertEquals(code, 1);
  assertMatch(stderr, /^clasp-fed: Cannot listen on [^\n]*is in use[^\n]*\n$/);
});

Deno.test("server says where it listens and who it is, whatever the log level", async () => {
  await using server = await startServer([
    ...["--log-level", "error", "--name", "foyer", "--federation-mode", "hub"],
    ...["--federation-id", "root"],
  ]);
  const { event, port, mode, routerId, name, version } = server.logs[0] ?? {};
  assertEquals({ event, port, mode, routerId, name, version }, {
    event: "listening",
    port: server.port,
    mode: "hub",
    routerId: "root",
    name: "foyer",
    version: config.version,
  });
  assertEquals((await server.stop()).code, 0);
  assertEquals(server.logs.length, 1);
});

Deno.test("server logs one line an event for people", async () => {
  const child = startCommand(["server", "--host", "127.0.0.1", "--port", "0"]);
  const lines = linesOf(child.stderr);
  const next = async (): Promise<string> =>
    (await withDeadline(lines.read(), DEADLINE_MS, "a log line")).value ?? "(end)";
  assertMatch(await next(), /^\S+Z info +Listening on ws:\/\/127\.0\.0\.1:\d+ as router "[^"]+"/);
  child.kill("SIGTERM");
  assertMatch(await next(), /^\S+Z info +Stopping after SIGTERM/);
  assertMatch(await next(), /^\S+Z info +Stopped$/);
  assertEquals((await child.status).code, 0);
  assertEquals(await next(), "(end)");
  await child.stdout.cancel();
});

Deno.test("server closes its connections and ends with 0 at a signal", async () => {
  for (const [signal] of STOP_SIGNALS) {
    await using server = await startServer();
    const socket = new WebSocket(server.url, "clasp");
    await once(socket, "open");
    const closed = once(socket, "close");
    server.kill(signal);
    const event = await closed;
    assertEquals(event instanceof CloseEvent && event.code, 1001);
    assertEquals((await server.ended()).code, 0);
  }
});

Deno.test("a second signal ends a server that waits for connections at once", async () => {
  for (const [signal, code] of STOP_SIGNALS) {
    await using server = await startServer(["--drain-timeout", "600"]);
    // It does not answer the close.
    using _stuck = await RawWebSocket.connect(server.port);
    server.kill(signal);
    await server.log(({ event }) => event === "stopping", "its stopping");
    // Again and again: what comes right behind the first counts as the same.
    const again = setInterval(() => server.kill(signal), 100);
    try {
      assertEquals((await server.ended()).code, code);
    } finally {
      clearInterval(again);
    }
  }
});

Deno.test("a Ctrl-C that a parent passes on as well is one signal", async () => {
  await using server = await startServer();
  server.kill("SIGINT");
  server.kill("SIGTERM");
  assertEquals((await server.ended()).code, 0);
});

Deno.test("--drain-timeout bounds the wait for connections", async () => {
  await using server = await startServer(["--drain-timeout", "0"]);
  using _stuck = await RawWebSocket.connect(server.port);
  assertEquals((await server.stop()).code, 0);
});

Deno.test("hub and leaf log their link, and why it is not there", async () => {
  const args = ["--features", "federation", "--federation-id", "root"];
  await using hub = await startServer(args);
  await using leaf = await startServer([
    ...["--federation-mode", "leaf", "--federation-hub", hub.url, "--federation-id", "site-a"],
    ...["--federation-namespaces", "/site-a/**"],
  ]);
  const isUp = (line: Readonly<Record<string, unknown>>) =>
    line["event"] === "uplink" && line["state"] === "Active" && line["routerId"] === "root";
  await leaf.log(isUp, "its link");
  await hub.log(
    ({ event, routerId }) => event === "leaf-connected" && routerId === "site-a",
    "its leaf",
  );

  await using rival = await startServer([
    ...["--federation-hub", hub.url, "--federation-id", "site-b"],
    ...["--federation-namespaces", "/site-a/**"],
  ]);
  const conflict = await rival.log(
    ({ event, message }) => event === "conflict" && String(message).includes("site-a"),
    "the conflict",
  );
  assertStringIncludes(String(conflict["message"]), '"site-a"');
  assertStringIncludes(String(conflict["message"]), '"site-b"');
  assertEquals(conflict["level"], "warn");

  await hub.stop();
  const lost = await leaf.log(
    ({ event, state }) => event === "uplink" && state === "Disconnected",
    "the loss of its hub",
  );
  assertEquals([lost["level"], lost["attempt"]], ["warn", 1]);
  assert(String(lost["reason"]).length > 0);
});

async function once(target: EventTarget, type: string): Promise<Event> {
  const { promise, resolve } = Promise.withResolvers<Event>();
  target.addEventListener(type, resolve, { once: true });
  return await withDeadline(promise, DEADLINE_MS, `the event "${type}"`);
}
