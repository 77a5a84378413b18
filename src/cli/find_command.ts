import type { Command } from "./command.ts";

/** The command whose name the words start with, and the words after its name. */
export function findCommand(
  commands: readonly Command[],
  words: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  for (const command of commands) {
    const length = command.name.split(" ").length;
    if (words.slice(0, length).join(" ") !== command.name) continue;
    return { command, rest: words.slice(length) };
  }
  return undefined;
}

/** The commands whose names are longer than the words and start with them. */
export function commandsBelow(
  commands: readonly Command[],
  words: readonly string[],
): readonly Command[] {
  return commands.filter(({ name }) => name.startsWith(`${words.join(" ")} `));
}
