import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { didKey } from "./did_key.ts";
import { readSigningKey } from "./key_file.ts";
import { printLine } from "./output.ts";

/** `clasp-fed key show`: prints the public half of a key. */
export const KEY_SHOW_COMMAND: Command = {
  name: "key show",
  summary: "Print the public key of a private key file",
  positionals: [{ name: "FILE", help: "Made by key generate (needs --allow-read)" }],
  flags: [{
    name: "format",
    value: "hex|did",
    help: "Hexadecimal digits, or did:key. Default hex",
  }],
  notes: ["The private key is never printed."],
  examples: ["clasp-fed key show root.key", "clasp-fed key show root.key > root.pub"],
  run: runKeyShow,
};

async function runKeyShow(args: CommandArguments): Promise<number> {
  const format = args.oneOf("format", ["hex", "did"] as const) ?? "hex";
  const { publicKey } = await readSigningKey(args.positional(0) ?? "");
  printLine(format === "did" ? didKey(publicKey) : publicKey);
  return 0;
}
