import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import plugin from "../../../scripts/lint_plugin.ts";

/** `rule: message` of everything the plugin says about a file. */
function lint(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source).map((found) => `${found.id}: ${found.message}`);
}

function rulesBroken(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source).map((found) => found.id);
}

const CORE_LAYERS = ["wire", "address", "state", "security", "auth", "router", "federation"];

const IMPURE: readonly string[] = [
  "const t = Date.now();",
  "const t = new Date(0);",
  "let t: Date;",
  "const t = Temporal.Now.instant();",
  "const t = performance.now();",
  "setTimeout(run, 1);",
  "setInterval(run, 1);",
  "queueMicrotask(run);",
  "setImmediate(run);",
  "clearTimeout(1);",
  "const n = Math.random();",
  'const n = Math["random"]();',
  "const n = Math[name]();",
  "const { random } = Math;",
  "const dice = Math;",
  "const id = crypto.randomUUID();",
  "const text = Deno.readTextFileSync(path);",
  "let conn: Deno.Conn;",
  "const socket = new WebSocket(url);",
  "fetch(url);",
  "later = { fetch };",
  "console.log(1);",
  "let later: Promise<void>;",
  "const all = Promise.all;",
  "globalThis.setTimeout(run, 1);",
  "self.setTimeout(run, 1);",
  "const t = process.hrtime();",
  "async function run() {}",
  "const run = async () => {};",
  "const run = async function () {};",
  "class A { async run() {} }",
  "const a = { async run() {} };",
  "async function* run() {}",
  "await done;",
  "for await (const x of y) use(x);",
  "await using file = y;",
  'const m = import("../wire/message.ts");',
];

Deno.test("sync-core refuses clocks, timers, dice, I/O and promises in every layer of the core", () => {
  for (const layer of CORE_LAYERS) {
    for (const source of IMPURE) {
      const broken = rulesBroken(`src/${layer}/a.ts`, source);
      assertEquals(broken.includes("house/sync-core"), true, `${layer}: ${source}`);
    }
  }
});

Deno.test("sync-core leaves pure code alone", () => {
  const pure = `
    const high = Math.max(1, Math.floor(2.5)) + Math["abs"](-1);
    const port = { fetch: 1, setTimeout: 2, send(crypto_: number) { return crypto_; } };
    interface Port { fetch(): void; readonly performance: number; }
    class Clock { now(): number { return 0; } fetch(): void {} console = 1; }
    port.fetch; new Clock().console;
    function* walk(): Generator<number> { yield 1; }
    for (const x of walk()) use(x, high);
    const self = { setTimeout: 1, id: 1 };
    use(self.id);
    // Date.now() in a comment, "setTimeout" in a string.
    use("await fetch(Deno)");
  `;
  assertEquals(lint("src/router/a.ts", pure), []);
});

Deno.test("sync-core names the file and what it may not use", () => {
  const [message = ""] = lint("src/state/store.ts", "const t = Date.now();");
  assertStringIncludes(message, '"Date" in src/state/store.ts');
});

Deno.test("sync-core leaves the edge, the command line, scripts and tests alone", () => {
  for (const path of ["src/edge/a.ts", "src/cli/a.ts", "scripts/a.ts", "tests/unit/wire/a.ts"]) {
    for (const source of IMPURE) {
      assertEquals(rulesBroken(path, source).includes("house/sync-core"), false, path + source);
    }
  }
});

/** For each layer, in the order of the layout, what it may import. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  wire: ["limits", "wire"],
  address: ["limits", "address"],
  state: ["limits", "wire", "address", "state"],
  security: ["limits", "wire", "address", "security"],
  auth: ["limits", "wire", "address", "auth"],
  router: ["limits", "wire", "address", "state", "security", "auth", "router"],
  federation: ["limits", "wire", "address", "state", "security", "auth", "router", "federation"],
  edge: ["limits", "wire", "address", "state", "security", "auth", "router", "federation", "edge"],
  cli: [
    "limits",
    "wire",
    "address",
    "state",
    "security",
    "auth",
    "router",
    "federation",
    "edge",
    "cli",
  ],
};

Deno.test("import-direction permits exactly the layers below and the layer itself", () => {
  for (const [layer, allowed] of Object.entries(ALLOWED)) {
    for (const target of ["limits", ...Object.keys(ALLOWED)]) {
      const file = target === "limits" ? "../limits.ts" : `../${target}/b.ts`;
      const expected = allowed.includes(target) ? [] : ["house/import-direction"];
      const source = `import { b } from "${file}";`;
      assertEquals(rulesBroken(`src/${layer}/a.ts`, source), expected, `${layer} -> ${target}`);
    }
  }
});

Deno.test("import-direction sees every way to name a module", () => {
  const ways = [
    'import type { B } from "../edge/b.ts";',
    'import { type B } from "../edge/b.ts";',
    'import "../edge/b.ts";',
    'export * from "../edge/b.ts";',
    'export { b } from "../edge/b.ts";',
    'export type { B } from "../edge/b.ts";',
    'type B = import("../edge/b.ts").B;',
    'import b = require("../edge/b.ts");',
    'import { b } from "./deep/../../edge/b.ts";',
  ];
  for (const source of ways) {
    assertEquals(rulesBroken("src/router/a.ts", source), ["house/import-direction"], source);
  }
  const dynamic = 'const b = import("../cli/b.ts");';
  assertEquals(rulesBroken("src/edge/a.ts", dynamic), ["house/import-direction"]);
});

Deno.test("import-direction follows paths from nested folders", () => {
  assertEquals(lint("src/router/deep/a.ts", 'import { b } from "../../wire/b.ts";'), []);
  assertEquals(rulesBroken("src/router/deep/a.ts", 'import { b } from "../../edge/b.ts";'), [
    "house/import-direction",
  ]);
});

Deno.test("import-direction keeps limits.ts free of imports", () => {
  assertEquals(rulesBroken("src/limits.ts", 'import { b } from "./wire/b.ts";'), [
    "house/import-direction",
  ]);
});

Deno.test("import-direction lets mod.ts reach the edge and below, and main.ts the command line", () => {
  assertEquals(lint("mod.ts", 'export { Router } from "./src/edge/router.ts";'), []);
  assertEquals(lint("mod.ts", 'export type { B } from "./src/wire/b.ts";'), []);
  assertEquals(lint("main.ts", 'import { main } from "./src/cli/main.ts";'), []);
  const refused = ["house/import-direction"];
  assertEquals(rulesBroken("mod.ts", 'export { b } from "./src/cli/b.ts";'), refused);
  assertEquals(rulesBroken("mod.ts", 'export { b } from "./scripts/b.ts";'), refused);
  assertEquals(rulesBroken("main.ts", 'import { b } from "./src/edge/b.ts";'), refused);
  assertEquals(rulesBroken("main.ts", 'import { b } from "./mod.ts";'), refused);
});

Deno.test("import-direction refuses what lies outside src/ and folders that are no layer", () => {
  const refused = ["house/import-direction"];
  assertEquals(rulesBroken("src/edge/a.ts", 'import "../../tests/support/b.ts";'), refused);
  assertEquals(rulesBroken("src/edge/a.ts", 'import "../../mod.ts";'), refused);
  assertEquals(rulesBroken("src/edge/a.ts", 'import "../helpers/b.ts";'), refused);
  assertEquals(rulesBroken("src/helpers/a.ts", 'import "../wire/b.ts";'), refused);
});

Deno.test("import-direction lets only edge and cli read deno.json", () => {
  const source = 'import config from "../../deno.json" with { type: "json" };';
  assertEquals(lint("src/edge/a.ts", source), []);
  assertEquals(lint("src/cli/a.ts", source), []);
  assertEquals(rulesBroken("src/router/a.ts", source), ["house/import-direction"]);
});

Deno.test("import-direction leaves scripts and tests alone", () => {
  const source = 'import { b } from "../../../src/cli/b.ts";';
  assertEquals(lint("tests/unit/wire/a_test.ts", source), []);
  assertEquals(lint("scripts/a.ts", 'import { b } from "../src/cli/b.ts";'), []);
});

Deno.test("full-specifiers refuses what an importer by URL could not resolve", () => {
  const bad = [
    "@std/msgpack",
    "msgpack",
    "node:fs",
    "https://example.com/b.ts",
    "/src/wire/b.ts",
    "npm:@logtape/logtape",
    "jsr:@std/msgpack",
    "jsr:@std/msgpack/encode",
  ];
  for (const specifier of bad) {
    for (const path of ["src/edge/a.ts", "src/cli/a.ts", "mod.ts", "main.ts"]) {
      const broken = rulesBroken(path, `import { b } from "${specifier}";`);
      assertEquals(broken, ["house/full-specifiers"], `${path}: ${specifier}`);
    }
  }
});

Deno.test("full-specifiers permits packages with a version", () => {
  const good = [
    "npm:@logtape/logtape@1.0.0",
    "npm:deno-std@1.4.0/msgpack/mod.js",
    "jsr:@std/msgpack@1",
    "jsr:@std/msgpack@^1.0.3/encode",
  ];
  for (const specifier of good) {
    assertEquals(lint("src/security/a.ts", `import { b } from "${specifier}";`), [], specifier);
  }
});

Deno.test("full-specifiers permits some of Node's modules in the edge, and nowhere else", () => {
  for (const name of ["crypto", "tls", "stream", "buffer"]) {
    const source = `import { a } from "node:${name}";`;
    assertEquals(lint("src/edge/a.ts", source), []);
    for (const path of ["src/auth/a.ts", "src/cli/a.ts", "mod.ts"]) {
      assertEquals(rulesBroken(path, source), ["house/full-specifiers"], path);
    }
  }
  const files = 'import { readFile } from "node:fs";';
  assertEquals(rulesBroken("src/edge/a.ts", files), ["house/full-specifiers"]);
});

Deno.test("full-specifiers refuses a computed import", () => {
  assertEquals(rulesBroken("src/edge/a.ts", "const b = import(name);"), ["house/full-specifiers"]);
});

Deno.test("quiet-library lets only src/cli print", () => {
  const source = "console.error(1);";
  for (const path of ["src/edge/a.ts", "src/limits.ts", "mod.ts", "main.ts"]) {
    const broken = rulesBroken(path, source);
    assertEquals(broken.includes("house/quiet-library"), true, path);
  }
  for (const path of ["src/cli/a.ts", "scripts/a.ts", "tests/edge/a_test.ts"]) {
    assertEquals(lint(path, source), [], path);
  }
  assertEquals(lint("src/edge/a.ts", "const a = { console: 1 }; a.console;"), []);
});

Deno.test("the rules find the project in an absolute path, as the linter gives it", () => {
  const root = new URL("../../../", import.meta.url).pathname;
  const path = decodeURIComponent(root) + "src/wire/a.ts";
  assertEquals(rulesBroken(path, "const t = Date.now();"), ["house/sync-core"]);
  assertEquals(lint("/elsewhere/src/wire/a.ts", "const t = Date.now();"), []);
});
