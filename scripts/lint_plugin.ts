/**
 * The house rules of `deno lint`: a synchronous core, imports that point one way, specifiers that
 * work for an importer by URL, and a library that prints nothing.
 *
 * Only `src/`, `mod.ts` and `main.ts` are looked at; scripts and tests are free.
 *
 * @module
 */

/** How far out a layer lies. A layer may import itself and any layer of a lower rank. */
const LAYER_RANK: ReadonlyMap<string, number> = new Map([
  ["limits", 0],
  ["wire", 1],
  ["address", 1],
  ["state", 2],
  ["security", 2],
  ["auth", 2],
  ["router", 3],
  ["federation", 4],
  ["edge", 5],
  ["cli", 6],
  ["mod.ts", 6],
]);
/** Layers up to this rank are handed time, randomness and bytes. */
const CORE_RANK_MAX = 4;

/** Globals that read a clock, roll dice, do I/O, run later, or lead to such a global. */
const REFUSED_GLOBALS: ReadonlySet<string> = new Set([
  "AbortController",
  "AbortSignal",
  "Atomics",
  "BroadcastChannel",
  "Date",
  "Deno",
  "EventSource",
  "FinalizationRegistry",
  "MessageChannel",
  "Promise",
  "PromiseLike",
  "Temporal",
  "WeakRef",
  "WebSocket",
  "WebSocketStream",
  "Worker",
  "clearImmediate",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "fetch",
  "globalThis",
  "performance",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
]);

/**
 * Part of Deno and in need of no permission: they know of certificates what nothing else here does,
 * and put TLS on connections that are ours.
 */
const EDGE_SPECIFIERS: ReadonlySet<string> = new Set([
  "node:buffer",
  "node:crypto",
  "node:stream",
  "node:tls",
]);

/** A package with its version, so that everybody who imports us gets the same code. */
const FULL_SPECIFIER = /^(npm|jsr):(@[^/@]+\/)?[^/@]+@[^/]+(\/.+)?$/;

const PROJECT_ROOT = decodeURIComponent(new URL("..", import.meta.url).pathname);

type Part = { readonly range: Deno.lint.Range };

const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: {
    "sync-core": { create: refuseImpurity },
    "import-direction": { create: refuseUpwardImports },
    "full-specifiers": { create: refuseBareSpecifiers },
    "quiet-library": { create: refuseConsole },
  },
};
export default plugin;

function refuseImpurity(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const path = projectPath(context.filename);
  const rank = LAYER_RANK.get(layerOf(path) ?? "");
  if (rank === undefined || rank > CORE_RANK_MAX) return {};
  const report = (node: Deno.lint.Node, what: string) => {
    const message = `Cannot use ${what} in ${path}: the core is synchronous and deterministic`;
    context.report({ node, message, hint: "Let the edge hand it in, or do it in src/edge." });
  };
  const refuseAsync = (
    node:
      | Deno.lint.FunctionDeclaration
      | Deno.lint.FunctionExpression
      | Deno.lint.ArrowFunctionExpression,
  ) => {
    if (node.async) report(node, "an async function");
  };
  return {
    Identifier: (node) => {
      const name = refusedName(node);
      if (name !== undefined) report(node, `"${name}"`);
    },
    FunctionDeclaration: refuseAsync,
    FunctionExpression: refuseAsync,
    ArrowFunctionExpression: refuseAsync,
    AwaitExpression: (node) => report(node, "await"),
    ForOfStatement: (node) => {
      if (node.await) report(node, "for await");
    },
    VariableDeclaration: (node) => {
      if (node.kind === "await using") report(node, "await using");
    },
    ImportExpression: (node) => report(node, "import()"),
  };
}

function refuseUpwardImports(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const path = projectPath(context.filename);
  const layer = layerOf(path);
  if (layer === undefined) return {};
  return importVisitor((specifier, node) => {
    if (specifier === undefined || !isRelative(specifier)) return;
    const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
    const reason = whyNotImport(layer, target);
    if (reason === undefined) return;
    context.report({ node, message: `Cannot import "${specifier}" in ${path}: ${reason}` });
  });
}

function refuseBareSpecifiers(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const path = projectPath(context.filename);
  const layer = layerOf(path);
  if (layer === undefined) return {};
  return importVisitor((specifier, node) => {
    if (specifier === undefined) {
      const message = `Cannot follow a computed import in ${path}: name the module in a string`;
      return context.report({ node, message });
    }
    if (isRelative(specifier) || FULL_SPECIFIER.test(specifier)) return;
    if (layer === "edge" && EDGE_SPECIFIERS.has(specifier)) return;
    const message = `Cannot import "${specifier}" in ${path}: ` +
      "an importer by URL has no import map";
    const hint = 'Write a relative path, or "npm:" or "jsr:" with a version.';
    context.report({ node, message, hint });
  });
}

function refuseConsole(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const path = projectPath(context.filename);
  const layer = layerOf(path);
  if (layer === undefined || layer === "cli") return {};
  return {
    Identifier: (node) => {
      if (node.name !== "console" || isKey(node)) return;
      const message = `Cannot use "console" in ${path}: only src/cli prints`;
      context.report({ node, message, hint: "Log through the logger instead." });
    },
  };
}

/** The path below the project's root, with forward slashes; a relative path stays as it is. */
function projectPath(filename: string): string {
  const path = filename.replaceAll("\\", "/").replace(/^(?=[A-Za-z]:\/)/, "/");
  return path.startsWith(PROJECT_ROOT) ? path.slice(PROJECT_ROOT.length) : path;
}

/** The layer a file belongs to; undefined for a file that the rules leave alone. */
function layerOf(path: string): string | undefined {
  if (path === "mod.ts" || path === "main.ts") return path;
  if (!path.startsWith("src/")) return undefined;
  return path.split("/")[1]?.replace(/\.ts$/, "");
}

function whyNotImport(layer: string, target: string): string | undefined {
  if (target === "deno.json") {
    // The version has one home; the core has no business with it.
    return layer === "edge" || layer === "cli" ? undefined : "only edge and cli read deno.json";
  }
  const targetLayer = target.startsWith("src/") ? layerOf(target) : undefined;
  if (targetLayer === undefined) return "it lies outside src/";
  if (targetLayer === layer) return undefined;
  if (layer === "main.ts") {
    return targetLayer === "cli" ? undefined : "main.ts imports src/cli only";
  }
  const rank = LAYER_RANK.get(layer);
  const targetRank = LAYER_RANK.get(targetLayer);
  if (rank === undefined) return `"${layer}" is not a layer`;
  if (targetRank === undefined) return `"${targetLayer}" is not a layer`;
  if (targetRank < rank) return undefined;
  return `"${targetLayer}" does not lie below "${layer}"`;
}

/** Calls back for everything that names a module; without a specifier when it is computed. */
function importVisitor(
  visit: (specifier: string | undefined, node: Deno.lint.Node) => void,
): Deno.lint.LintVisitor {
  return {
    ImportDeclaration: (node) => visit(node.source.value, node.source),
    ExportAllDeclaration: (node) => visit(node.source.value, node.source),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) visit(node.source.value, node.source);
    },
    ImportExpression: (node) => visit(stringOf(node.source), node.source),
    TSImportType: (node) => {
      const { argument } = node;
      visit(argument.type === "TSLiteralType" ? stringOf(argument.literal) : undefined, argument);
    },
    TSExternalModuleReference: (node) => visit(stringOf(node.expression), node),
  };
}

function stringOf(node: Deno.lint.Node): string | undefined {
  return node.type === "Literal" && typeof node.value === "string" ? node.value : undefined;
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith("./") || specifier.startsWith("../");
}

/** What an identifier stands for, when that is refused in the core. */
function refusedName(node: Deno.lint.Identifier): string | undefined {
  if (isKey(node)) return undefined;
  if (REFUSED_GLOBALS.has(node.name)) return node.name;
  const { parent } = node;
  const member = parent.type === "MemberExpression" && isSame(parent.object, node)
    ? memberName(parent)
    : undefined;
  switch (node.name) {
    case "Math":
      // Anything but a plain member access would let `random` out under another name.
      if (member === undefined) return "Math without a literal member";
      return member === "random" ? "Math.random" : undefined;
    case "self":
      return member !== undefined && REFUSED_GLOBALS.has(member) ? `self.${member}` : undefined;
    case "process":
      return member === undefined ? undefined : `process.${member}`;
  }
  return undefined;
}

function memberName(node: Deno.lint.MemberExpression): string | undefined {
  if (node.computed) return stringOf(node.property);
  return node.property.type === "Identifier" ? node.property.name : undefined;
}

/** Whether an identifier is only the name of a property, as in `x.fetch` and `{ fetch: 1 }`. */
function isKey(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  switch (parent.type) {
    case "MemberExpression":
      return !parent.computed && isSame(parent.property, node);
    case "TSQualifiedName":
      return isSame(parent.right, node);
    case "Property":
      return !parent.computed && !parent.shorthand && isSame(parent.key, node);
    case "MethodDefinition":
    case "PropertyDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
      return !parent.computed && isSame(parent.key, node);
    default:
      return false;
  }
}

function isSame(a: Part, b: Part): boolean {
  return a.range[0] === b.range[0] && a.range[1] === b.range[1];
}
