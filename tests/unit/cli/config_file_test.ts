import { parseConfig } from "../../../src/cli/config_file.ts";
import { ConfigFileError } from "../../../src/cli/config_file_error.ts";
import { configSchema } from "../../../src/cli/config_schema.ts";
import { inKeys } from "../../../src/cli/config_words.ts";
import { readCommandArguments } from "../../../src/cli/command_arguments.ts";
import { SERVER_COMMAND } from "../../../src/cli/server_command.ts";
import { SERVER_KEYS } from "../../../src/cli/server_keys.ts";
import { serverOptions } from "../../../src/cli/server_options.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../../support/assert.ts";

/** Flags that are not about the router but about what is done with its settings. */
const NO_SETTINGS = ["config", "check", "print-schema"];
const SCHEMA_FILE = new URL("../../../src/cli/clasp-fed.schema.json", import.meta.url);

function complaint(config: unknown): string {
  const text = typeof config === "string" ? config : JSON.stringify(config);
  return assertThrows(() => parseConfig(text, "c.json"), ConfigFileError).message;
}

Deno.test("every flag of server has one key in the configuration, and every key a flag", () => {
  const flags = SERVER_COMMAND.flags.map(({ name }) => name)
    .filter((name) => !NO_SETTINGS.includes(name));
  assertEquals(SERVER_KEYS.map(({ flag }) => flag).toSorted(), flags.toSorted());
  assertEquals(new Set(SERVER_KEYS.map(({ path }) => path)).size, SERVER_KEYS.length);
  for (const { flag, value } of SERVER_KEYS) {
    const { isList = false, value: placeholder } = SERVER_COMMAND.flags.find(({ name }) =>
      name === flag
    ) ?? {};
    assertEquals(isList, value.kind === "list", flag);
    assertEquals(placeholder === undefined, value.kind === "switch", flag);
  }
});

Deno.test("the published schema is the one that the table and the flags make", async () => {
  const published = await Deno.readTextFile(SCHEMA_FILE);
  const made = `${configSchema(SERVER_COMMAND.flags)}\n`;
  assert(
    published === made,
    "Write it anew: deno task start --print-schema > src/cli/clasp-fed.schema.json",
  );
  const { properties } = JSON.parse(made);
  assertEquals(properties.port.maximum, 65_535);
  assertEquals(properties.federation.properties.mode.enum, ["hub", "leaf"]);
  assertEquals(properties.federation.additionalProperties, false);
  assertStringIncludes(properties.federation.properties.hub.description, "SIGHUP takes a change");
});

Deno.test("a configuration says what the flags would", () => {
  const config = {
    $schema: "./clasp-fed.schema.json",
    port: 0,
    features: "stream",
    federation: { hub: "ws://hub:7330", id: "a", namespaces: ["/site-a/**", "/a,b/**"] },
    limits: { sessions: 5 },
    log: { json: true, level: "debug" },
  };
  const values = parseConfig(JSON.stringify(config), "c.json");
  const typed = readCommandArguments(SERVER_COMMAND, ["--max-sessions", "7"]);
  assert(typed !== undefined);
  const args = typed.withDefaults(values);
  const options = serverOptions(args);
  assertEquals(options.listen.port, 0);
  assertEquals(options.config.maxSessions, 7, "what is typed wins");
  assertEquals(options.config.federation, {
    mode: { type: "leaf", hubEndpoint: ["ws://hub:7330"] },
    routerId: "a",
    ownedNamespaces: ["/site-a/**", "/a,b/**"],
  });
  assertEquals([args.has("json-logs"), args.text("log-level")], [true, "debug"]);
  assertEquals(parseConfig('{"log":{"json":false},"allowOrigins":[]}', "c.json"), new Map());
});

Deno.test("each bound of a number is the flag's own", () => {
  const needed: Readonly<Record<string, readonly string[]>> = {
    "persist-interval": ["--persist", "x"],
  };
  for (const { flag, path, value } of SERVER_KEYS) {
    // Its flag is read with the files that it is about.
    if (value.kind !== "integer" || flag === "cap-max-depth") continue;
    const [section = "", key] = path.split(".");
    const of = (number: number) =>
      key === undefined ? { [section]: number } : {
        [section]: { [key]: number },
      };
    const isTaken = (number: number) => {
      const args = readCommandArguments(SERVER_COMMAND, [
        ...(needed[flag] ?? []),
        `--${flag}=${number}`,
      ]);
      assert(args !== undefined);
      serverOptions(args);
      return parseConfig(JSON.stringify(of(number)), "c.json").get(flag);
    };
    assertEquals([isTaken(value.min), isTaken(value.max)], [[`${value.min}`], [`${value.max}`]]);
    assertStringIncludes(complaint(of(value.max + 1)), `"${path}" must be a whole number`);
    assertThrows(() => isTaken(value.max + 1), UsageError);
  }
});

Deno.test("what a key may not be is told with its path, what it is and what it may be", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    ["{", "c.json: it is no JSON"],
    [[], "it must be an object"],
    [{ prot: 1 }, 'there is no key "prot"; did you mean port?'],
    [{ zzzzzz: 1 }, "there are port, host, name, features, federation, security"],
    [{ federation: { hubs: 1 } }, "did you mean federation.hub?"],
    [{ federation: "leaf" }, '"federation" must be an object with some of mode, hub'],
    [{ port: "7330" }, '"port" must be a whole number from 0 to 65535, not "7330"'],
    [{ port: 1.5 }, "not 1.5"],
    [{ log: { level: "wran" } }, 'debug, info, warn, error, not "wran"; did you mean warn?'],
    [{ log: { json: "yes" } }, '"log.json" must be true or false, not "yes"'],
    [{ federation: { namespaces: ["/a", 5] } }, '"federation.namespaces[1]" must be a text'],
    [{ federation: { namespaces: 5 } }, "or a list of texts, not 5"],
    [{ name: " " }, '"name" must be a text that is not empty, not " "'],
    [{ name: { a: "x".repeat(200) } }, "…"],
    [{ toString: 1 }, 'there is no key "toString"'],
    ['{"__proto__":1}', 'there is no key "__proto__"'],
  ];
  for (const [config, wanted] of cases) assertStringIncludes(complaint(config), wanted);
});

Deno.test("complaints about flags are told in keys, but for flags that were typed", () => {
  const isTyped = (flag: string) => flag === "key";
  assertEquals(
    inKeys("--cert has no effect without --key: add --key FILE", isTyped),
    '"tls.cert" has no effect without --key: add --key FILE',
  );
  assertEquals(
    inKeys("--federation-mode leaf needs --federation-hub ws://HUB:7330, see --help", () => false),
    '"federation.mode": "leaf" needs "federation.hub": "ws://HUB:7330", see --help',
  );
  assertEquals(
    inKeys("add --features federation for a hub", () => false),
    'add "features": "federation" for a hub',
  );
});
