/**
 * Reads what a Markdown file tells its reader to type, so that a test can type it.
 *
 * @module
 */

/** A chapter (a heading of level 2) with commands: a reader may begin with it. */
export interface DocStory {
  readonly path: string;
  readonly heading: string;
  readonly line: number;
  readonly steps: readonly DocStep[];
}

/** A block of a chapter. */
export type DocStep =
  /** A block of commands, and what its last one prints. */
  | {
    readonly kind: "commands";
    readonly commands: readonly DocCommand[];
    readonly exitCode: number;
    readonly output: readonly string[] | undefined;
  }
  /** A block that the reader saves under this name. */
  | { readonly kind: "file"; readonly name: string; readonly text: string }
  /** The router on this port is stopped, as by Ctrl-C in its terminal. */
  | { readonly kind: "stop"; readonly port: string }
  /** Commands that no test can run. */
  | { readonly kind: "notRun"; readonly line: number; readonly reason: string };

/** One command, with the lines that it goes on over. */
export interface DocCommand {
  readonly line: number;
  readonly text: string;
}

interface Block {
  readonly language: string;
  readonly line: number;
  readonly text: string;
}

interface Chapter {
  readonly heading: string;
  readonly line: number;
  readonly steps: DocStep[];
}

/** What a comment says. */
interface Directive {
  readonly name: "after" | "exit code" | "file" | "not run" | "stop";
  readonly value: string;
}

const DIRECTIVE = /^<!-- (after|exit code|file|not run|stop): (.+) -->$/;

/**
 * The chapters of a file that have something to type. In comments before a block stand
 * `not run: REASON`; `file: NAME`, under which the reader saves it; `exit code: N` of the last command,
 * where that is not 0; and `after: HEADING`, a chapter above that the reader has done before. Where
 * the reader stops a router by Ctrl-C, `stop: PORT` does.
 *
 * A `text` block behind commands is what the last of them prints.
 *
 * @throws {SyntaxError} when a comment fits no block, or names a chapter that is not above it
 */
export function docStories(path: string, text: string): DocStory[] {
  let chapter: Chapter = { heading: path, line: 1, steps: [] };
  const chapters = [chapter];
  let directives: Directive[] = [];
  for (const part of parts(text)) {
    if (part.kind === "heading") {
      refuseRest(path, part.line, directives);
      directives = [];
      chapter = { heading: part.text, line: part.line, steps: [] };
      chapters.push(chapter);
    } else if (part.kind === "directive") {
      const { directive: { name, value } } = part;
      if (name === "stop") chapter.steps.push({ kind: "stop", port: value });
      else if (name === "after") {
        const before = chapters.find(({ heading }) => heading === value);
        if (before === undefined || before === chapter) {
          throw new SyntaxError(`${path}:${part.line}: there is no chapter "${value}" above`);
        }
        chapter.steps.push(...before.steps);
      } else directives.push(part.directive);
    } else {
      addBlock(path, chapter.steps, { block: part.block, directives });
      directives = [];
    }
  }
  refuseRest(path, text.split("\n").length, directives);
  return chapters.filter(({ steps }) => steps.length > 0).map((each) => ({ path, ...each }));
}

type Part =
  | { readonly kind: "heading"; readonly text: string; readonly line: number }
  | { readonly kind: "directive"; readonly directive: Directive; readonly line: number }
  | { readonly kind: "block"; readonly block: Block };

function* parts(text: string): Generator<Part> {
  let block: { readonly language: string; readonly line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^```(\S*)$/.exec(line);
    if (block !== undefined) {
      if (fence === null) block.lines.push(line);
      else {
        const { language, line: at, lines } = block;
        yield { kind: "block", block: { language, line: at, text: `${lines.join("\n")}\n` } };
        block = undefined;
      }
    } else if (fence !== null) block = { language: fence[1] ?? "", line: index + 1, lines: [] };
    else if (line.startsWith("## ")) {
      yield { kind: "heading", text: line.slice(3).trim(), line: index + 1 };
    } else {
      const directive = toDirective(line);
      if (directive !== undefined) yield { kind: "directive", directive, line: index + 1 };
    }
  }
}

function toDirective(line: string): Directive | undefined {
  const [, name, value = ""] = DIRECTIVE.exec(line.trim()) ?? [];
  switch (name) {
    case "after":
    case "exit code":
    case "file":
    case "not run":
    case "stop":
      return { name, value };
    default:
      return undefined;
  }
}

function addBlock(
  path: string,
  steps: DocStep[],
  { block, directives }: { readonly block: Block; readonly directives: readonly Directive[] },
): void {
  const { language, line, text } = block;
  const valueOf = (name: Directive["name"]) => directives.find((each) => each.name === name)?.value;
  const file = valueOf("file");
  const [last] = steps.slice(-1);
  if (file !== undefined) steps.push({ kind: "file", name: file, text });
  else if (language === "text" && last?.kind === "commands" && last.output === undefined) {
    steps[steps.length - 1] = { ...last, output: text.trimEnd().split("\n") };
  } else if (language === "sh" || language === "console") {
    const reason = valueOf("not run");
    if (reason !== undefined) steps.push({ kind: "notRun", line, reason });
    else {
      const exitCode = Number(valueOf("exit code") ?? 0);
      steps.push({ kind: "commands", commands: commandsOf(block), exitCode, output: undefined });
    }
  } else refuseRest(path, line, directives);
}

function commandsOf({ line, text }: Block): DocCommand[] {
  const commands: DocCommand[] = [];
  let begun: DocCommand | undefined;
  for (const [index, part] of text.split("\n").entries()) {
    if (begun === undefined && /^\s*(#.*)?$/.test(part)) continue;
    const before: DocCommand = begun ?? { line: line + 1 + index, text: "" };
    const goesOn = part.endsWith("\\");
    begun = { line: before.line, text: before.text + (goesOn ? part.slice(0, -1) : part) };
    if (goesOn) continue;
    commands.push({ line: begun.line, text: begun.text.trim() });
    begun = undefined;
  }
  return commands;
}

function refuseRest(path: string, line: number, directives: readonly Directive[]): void {
  const [first] = directives;
  if (first === undefined) return;
  throw new SyntaxError(
    `${path}:${line}: the comment "${first.name}: ${first.value}" stands before no block that it fits`,
  );
}
