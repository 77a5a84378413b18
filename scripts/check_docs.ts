/**
 * Checks in the Markdown files what `deno check` does not see: links to files and headings, names
 * of tasks, and JSON blocks. Part of `deno task check`.
 *
 * @module
 */

import config from "../deno.json" with { type: "json" };

/** What the Markdown files may point at. */
export interface DocsContext {
  /** Names of the tasks in deno.json. */
  readonly tasks: ReadonlySet<string>;
  /** Whether a file or a directory exists; the path starts at the project's root. */
  readonly exists: (path: string) => boolean;
}

const REQUIRED = ["README.md", "SECURITY.md", "CHANGELOG.md"];
/** Their Markdown is not ours, or not for readers. */
const SKIPPED: ReadonlySet<string> = new Set([".git", ".tmp", "coverage", "dist", "node_modules"]);

if (import.meta.main) Deno.exit(main());

function main(): number {
  const root = new URL("../", import.meta.url);
  const paths = listMarkdown(root);
  const context: DocsContext = {
    tasks: new Set(Object.keys(config.tasks)),
    exists: (path) => pathExists(new URL(path, root)),
  };
  const problems = REQUIRED.filter((path) => !paths.includes(path))
    .map((path) => `${path}: there is no such file`);
  for (const path of paths) {
    problems.push(...checkMarkdown(path, Deno.readTextFileSync(new URL(path, root)), context));
  }
  for (const problem of problems) console.error(problem);
  console.log(`${paths.length} Markdown files, ${problems.length} problems`);
  return problems.length === 0 ? 0 : 1;
}

/** Paths of the Markdown files that readers get, from the project's root. */
export function listMarkdown(root: URL, directory: string = ""): string[] {
  const paths: string[] = [];
  for (const entry of Deno.readDirSync(new URL(directory, root))) {
    const path = directory + entry.name;
    if (entry.isDirectory && !SKIPPED.has(entry.name)) {
      paths.push(...listMarkdown(root, `${path}/`));
    } else if (entry.isFile && entry.name.endsWith(".md")) paths.push(path);
  }
  return paths.sort();
}

function pathExists(url: URL): boolean {
  try {
    Deno.statSync(url);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** One line, `path:line: what is wrong`, for each thing a reader could not follow. */
export function checkMarkdown(path: string, text: string, context: DocsContext): string[] {
  const problems: string[] = [];
  const headings = new Set(headingAnchors(text));
  let fence: { readonly language: string; readonly line: number; code: string } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const at = `${path}:${index + 1}`;
    const code = fence === undefined ? (line.match(/`[^`]+`/g) ?? []).join("\n") : line;
    for (const task of taskNames(code)) {
      if (!context.tasks.has(task)) problems.push(`${at}: there is no task "${task}"`);
    }
    const mark = line.match(/^\s*```(\S*)/);
    if (fence !== undefined) {
      if (mark === null) fence.code += `${line}\n`;
      else {
        if (fence.language === "json" && !isJson(fence.code)) {
          problems.push(`${path}:${fence.line}: this block is not JSON`);
        }
        fence = undefined;
      }
    } else if (mark !== null) fence = { language: mark[1] ?? "", line: index + 1, code: "" };
    else {problems.push(
        ...checkLinks(path, line, { headings, context }).map((it) => `${at}: ${it}`),
      );}
  }
  if (fence !== undefined) problems.push(`${path}:${fence.line}: this block does not end`);
  return problems;
}

function checkLinks(
  path: string,
  line: string,
  { headings, context }: { readonly headings: ReadonlySet<string>; readonly context: DocsContext },
): string[] {
  const problems: string[] = [];
  const prose = line.replace(/`[^`]*`/g, "");
  for (const [, target = ""] of prose.matchAll(/\]\(([^)\s]+)[^)]*\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [file = "", anchor] = target.split("#");
    if (file === "") {
      if (anchor !== undefined && !headings.has(anchor)) {
        problems.push(`there is no heading "#${anchor}"`);
      }
      continue;
    }
    const resolved = new URL(file, `file:///${path}`).pathname.slice(1);
    if (!context.exists(resolved)) problems.push(`the link "${target}" leads to no file`);
  }
  return problems;
}

/** The names in `deno task NAME`, flags of `deno task` itself left out. */
function taskNames(code: string): string[] {
  const matches = code.matchAll(/\bdeno(?:@\S+)? task (?:-\S+ )*([a-z][\w:-]*)/g);
  return [...matches].map((match) => match[1] ?? "");
}

/** The anchors that GitHub gives to the headings of a file. */
function headingAnchors(text: string): string[] {
  const prose = text.replace(/^\s*```[\s\S]*?^\s*```/gm, "");
  return [...prose.matchAll(/^#+ +(.+)$/gm)].map(([, heading = ""]) =>
    heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
