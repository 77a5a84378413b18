import { readCommandArguments } from "../../../src/cli/command_arguments.ts";
import { SERVER_COMMAND } from "../../../src/cli/server_command.ts";
import { type ServerOptions, serverOptions } from "../../../src/cli/server_options.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../../support/assert.ts";

const DEFAULT_FEATURES = ["param", "event", "stream", "gesture", "timeline"] as const;
const HUB = "ws://hub:7330";

function read(...args: string[]): ServerOptions {
  const given = readCommandArguments(SERVER_COMMAND, args);
  assert(given !== undefined);
  return serverOptions(given);
}

function complaint(...args: string[]): string {
  return assertThrows(() => read(...args), UsageError).message;
}

Deno.test("server without flags is a lone router on port 7330 of every interface", () => {
  assertEquals(read(), {
    config: { features: DEFAULT_FEATURES },
    listen: { port: 7330, hostname: "0.0.0.0" },
    drainTimeoutMs: 30_000,
    files: {},
  });
});

Deno.test("server takes over every setting of the router", () => {
  const options = read(
    ...["--port", "0", "--host", "127.0.0.1", "--name", "site A", "--max-sessions", "5"],
    ...["--param-ttl", "60", "--event-ttl", "250", "--drain-timeout", "0"],
  );
  assertEquals(options, {
    config: {
      features: DEFAULT_FEATURES,
      name: "site A",
      maxSessions: 5,
      paramTtl: { kind: "sliding", seconds: 60 },
      eventTtlMs: 250,
    },
    listen: { port: 0, hostname: "127.0.0.1" },
    drainTimeoutMs: 0,
    files: {},
  });
  assertEquals(read("--param-ttl", "0").config.paramTtl, undefined);
});

Deno.test("--accept-writes says where other routers may write", () => {
  const { config } = read("--features", "federation", "--accept-writes", "/a/**,/b");
  assertEquals(config.federation?.acceptWrites, ["/a/**", "/b"]);
  assertStringIncludes(complaint("--accept-writes", "/a/**"), "--accept-writes has no effect");
  const pattern = complaint("--features", "federation", "--accept-writes", "a");
  assertStringIncludes(pattern, "--accept-writes");
});

Deno.test("--persist names a file, and --persist-interval how often it is written", () => {
  assertEquals(read("--persist", "state").config.persist, { path: "state" });
  assertEquals(read("--persist", "/var/lib/x", "--persist-interval", "5").config.persist, {
    path: "/var/lib/x",
    intervalMs: 5_000,
  });
  assertStringIncludes(complaint("--persist-interval", "5"), "add --persist FILE");
  for (const text of ["0", "86401", "1.5"]) {
    assertStringIncludes(
      complaint("--persist", "x", "--persist-interval", text),
      "--persist-interval must be a whole number from 1 to 86400",
    );
  }
});

Deno.test("--cert and --key go together, and --ca is for leaves of a wss hub", () => {
  assertEquals(read("--cert", "a.crt", "--key", "a.key").files, {
    certificate: { certPath: "a.crt", keyPath: "a.key" },
  });
  assertStringIncludes(complaint("--cert", "a.crt"), "--cert has no effect without --key");
  assertStringIncludes(complaint("--key", "a.key"), "--key has no effect without --cert");
  const hubs = ["--federation-hub", "ws://a,wss://b"];
  assertEquals(read("--ca", "ca.crt", ...hubs).files, { caPath: "ca.crt" });
  assertStringIncludes(complaint("--ca", "ca.crt"), "--federation-hub wss://HUB");
  assertStringIncludes(complaint("--ca", "ca.crt", "--federation-hub", HUB), "wss://HUB");
});

Deno.test("--no-http shows nothing, and --ready-without-hub is for leaves", () => {
  assertEquals(read("--no-http").config, { features: DEFAULT_FEATURES, httpPages: false });
  const { config } = read("--federation-hub", HUB, "--ready-without-hub");
  assertEquals(config.readyWithoutHub, true);
  assertStringIncludes(complaint("--ready-without-hub"), "--federation-hub ws://HUB:7330");
});

Deno.test("--event-ttl is bounded", () => {
  for (const text of ["99", "60001", "5s"]) {
    assertStringIncludes(
      complaint("--event-ttl", text),
      "--event-ttl must be a whole number from 100 to 60000",
    );
  }
});

Deno.test("--features adds to the default features, and federation makes a hub", () => {
  const { config } = read("--features", "federation,param", "--features", "event");
  assertEquals(config.features, [...DEFAULT_FEATURES, "federation"]);
  assertEquals(config.federation, { mode: { type: "hub" } });
});

Deno.test("a hub may have an id and namespaces", () => {
  const { config } = read(
    ...["--federation-mode", "hub", "--federation-id", "root"],
    ...["--federation-namespaces", "/stage/**,/foyer/**", "--federation-namespace", "/bar/**"],
  );
  assertEquals(config.federation, {
    mode: { type: "hub" },
    routerId: "root",
    ownedNamespaces: ["/stage/**", "/foyer/**", "/bar/**"],
  });
});

Deno.test("--federation-hub makes a leaf, also without a mode", () => {
  const leaf = { mode: { type: "leaf", hubEndpoint: [HUB] } } as const;
  assertEquals(read("--federation-hub", HUB).config.federation, leaf);
  assertEquals(read("--federation-hub", HUB, "--federation-mode", "leaf").config.federation, leaf);
  assertEquals(read("--federation-hub", HUB, "--features", "federation").config.federation, leaf);
  assertEquals(
    read("--federation-hub", `${HUB},wss://b`, "--federation-hub", "ws://c").config.federation
      ?.mode,
    { type: "leaf", hubEndpoint: [HUB, "wss://b", "ws://c"] },
  );
  assertEquals(
    read("--federation-hub", HUB, "--offline-writes", "reject").config.federation?.offlineWrites,
    "reject",
  );
  assertEquals(
    read("--federation-hub", HUB, "--federation-import", "/a/**").config.federation?.imports,
    ["/a/**"],
  );
});

Deno.test("mesh is refused with what to use instead", () => {
  const message = complaint("--federation-mode", "mesh");
  assertStringIncludes(message, "mesh is not implemented");
  assertStringIncludes(message, "--federation-mode leaf --federation-hub");
});

Deno.test("contradictions are refused", () => {
  assertStringIncludes(complaint("--federation-mode", "leaf"), "--federation-hub ws://");
  assertStringIncludes(
    complaint("--federation-mode", "hub", "--federation-hub", HUB),
    "leave out --federation-hub",
  );
  for (const flag of ["--federation-id=x", "--federation-namespaces=/a/**"]) {
    assertStringIncludes(complaint(flag), "has no effect here; add --features federation");
  }
  for (const flag of ["--federation-import=/a/**", "--federation-token=cap_x"]) {
    assertStringIncludes(complaint(flag), "has no effect here; add --federation-hub");
    assertStringIncludes(complaint(flag, "--federation-mode=hub"), "has no effect here");
  }
});

Deno.test("values that cannot be are refused with the flag's name", () => {
  assertStringIncludes(complaint("--port", "65536"), "--port must be");
  assertStringIncludes(complaint("--max-sessions", "0"), "--max-sessions must be");
  assertStringIncludes(complaint("--param-ttl", "2147483648"), "--param-ttl must be");
  assertStringIncludes(complaint("--drain-timeout", "-1"), "--drain-timeout must be");
  assertStringIncludes(complaint("--features", "envelope"), 'but not "envelope"');
  assertStringIncludes(complaint("--features", "streem"), "did you mean stream?");
  assertStringIncludes(complaint("--federation-mode", "spoke"), "hub, leaf, mesh");
  for (const url of ["hub:7330", "http://hub", "hub"]) {
    assertStringIncludes(complaint("--federation-hub", url), "--federation-hub needs a URL");
  }
  assertStringIncludes(
    complaint("--federation-hub", HUB, "--federation-namespaces", "/a/**b"),
    "--federation-namespaces: Cannot parse pattern",
  );
  assertStringIncludes(
    complaint("--federation-hub", HUB, "--federation-import", "a"),
    "--federation-import: Cannot parse pattern",
  );
});

Deno.test("limits and origins are taken as they are given, and 0 is no limit", () => {
  const { config } = read(
    ...["--max-sessions-per-address", "500", "--max-messages-per-second", "0"],
    ...["--max-bytes-per-second", "1000000"],
    ...["--allow-origin", "local", "--allow-origin", "https://panel.example,null"],
  );
  assertEquals([config.maxSessionsPerAddress, config.maxMessagesPerSecond], [500, 0]);
  assertEquals(config.maxBytesPerSecond, 1_000_000);
  assertEquals(config.allowedOrigins, ["local", "https://panel.example", "null"]);
  assertEquals(read().config.allowedOrigins, undefined);
  assertStringIncludes(complaint("--max-sessions-per-address", "0"), "must be");
  assertStringIncludes(complaint("--max-messages-per-second", "-1"), "must be");
  assertStringIncludes(
    complaint("--allow-origin", "panel.example"),
    'Cannot allow origin "panel.example": it is none like https://panel.example:8080',
  );
});
