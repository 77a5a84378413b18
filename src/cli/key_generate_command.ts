import { SigningKey } from "../edge/auth/signing_key.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { writeSeed } from "./key_file.ts";
import { printDiagnostic, printLine } from "./output.ts";

const DEFAULT_FILE = "clasp-fed.key";

/** `clasp-fed key generate`: makes a key that signs capability tokens. */
export const KEY_GENERATE_COMMAND: Command = {
  name: "key generate",
  summary: "Make an Ed25519 key that signs capability tokens",
  positionals: [],
  flags: [
    {
      name: "out",
      short: "o",
      value: "FILE",
      help: `Where the private key goes: a new file that only you can read. ` +
        `Default ${DEFAULT_FILE}; - prints it`,
    },
  ],
  notes: [
    "The public key goes to standard error. It is what routers are given as a trust anchor, and " +
    "clasp-fed key show prints it again.",
    "Writing the file needs --allow-read and --allow-write for its directory. A file that is there " +
    "already is not overwritten.",
  ],
  examples: ["clasp-fed key generate --out root.key"],
  run: runKeyGenerate,
};

async function runKeyGenerate(args: CommandArguments): Promise<number> {
  const path = args.text("out") ?? DEFAULT_FILE;
  const seed = SigningKey.newSeed();
  const { publicKey } = await SigningKey.fromSeed(seed);
  if (path === "-") {
    printLine(seed.toHex());
  } else {
    await writeSeed(path, seed);
    printDiagnostic(`The private key is in ${path}; keep it to yourself`);
  }
  printDiagnostic(`Public key: ${publicKey}`);
  return 0;
}
