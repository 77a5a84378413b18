import { parseAddress } from "../address/address.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { checked, CONNECTION_FLAGS, serverUrl, withClient } from "./connection.ts";
import { oneLine, printLine } from "./output.ts";
import { type Explanation, readExplanation } from "./read_explanation.ts";
import { ADDRESS } from "./set_command.ts";

const LABEL_WIDTH = 12;

/** `clasp-fed explain`: says who owns an address, and what becomes of a write there. */
export const EXPLAIN_COMMAND: Command = {
  name: "explain",
  summary: "Say who owns an address, by which way, and what would refuse a write",
  positionals: [ADDRESS],
  flags: [...CONNECTION_FLAGS, { name: "json", help: "Print an object" }],
  notes: [
    "It is what this router knows, for a client with this token: the owner's own locks and limits, " +
    "and the limits of routers on the way, are theirs to say. Nothing is written.",
  ],
  examples: ["clasp-fed explain /site-a/lights/1 --server ws://site-b:7330"],
  run: runExplain,
};

async function runExplain(args: CommandArguments): Promise<number> {
  const address = checked(args.positional(0) ?? "", parseAddress);
  const server = serverUrl(args);
  const explanation = await withClient(args, (client) => readExplanation(client, address));
  if (args.has("json")) {
    printLine(JSON.stringify({ server, ...explanation.facts }));
    return 0;
  }
  printLine(oneLine(`${address} at router "${explanation.text("router")}"`));
  const rows: readonly (readonly [string, string])[] = [
    ["owner", ownerText(explanation)],
    ["way", wayText(explanation)],
    ["to the root", explanation.list("path").join(" > ") || "this router stands alone"],
    ["a write", writeText(explanation)],
    ["a lock", lockText(explanation)],
    ["last set", lastSetText(explanation)],
    ["told", toldText(explanation)],
  ];
  for (const [label, text] of rows) printLine(oneLine(`  ${label.padEnd(LABEL_WIDTH)}${text}`));
  return 0;
}

function ownerText(explanation: Explanation): string {
  const { text, flag } = explanation;
  const away = flag("live") ? "" : "; it is not connected";
  if (text("owner") === "") return `the root: nobody claims this address${away}`;
  return `"${text("owner")}", by its namespace ${text("pattern")}${away}`;
}

function wayText({ text }: Explanation): string {
  if (text("way") === "here") return "this router is the owner";
  const next = text("next") === "" ? `its ${text("way")}` : `its ${text("way")} "${text("next")}"`;
  const reason = text("reason") === "" ? "" : `: ${text("reason")}`;
  return `the link to ${next}, ${text("state")}${reason}`;
}

function writeText({ text, count }: Explanation): string {
  if (count("refusedWith") !== 0) {
    return `is refused: ERROR ${count("refusedWith")}: ${text("refusal")}`;
  }
  switch (text("decides")) {
    case "here":
      return "is decided here";
    case "caretaker":
      return "is decided here in the owner's place, until it can be reached again";
    default:
      return "is sent to the owner, which decides";
  }
}

function lockText({ text }: Explanation): string {
  if (text("lock") !== "") return `is held by ${text("lock")}`;
  return text("lockRefusal") === "" ? "can be asked for" : `is refused: ${text("lockRefusal")}`;
}

function lastSetText({ text, count, flag }: Explanation): string {
  if (!flag("mirrored")) return "unknown: this router does not mirror it (--federation-import)";
  if (count("revision") === 0) return "never";
  return `revision ${count("revision")}, stamped by "${text("stampedBy")}"`;
}

function toldText({ count, list }: Explanation): string {
  const clients = count("clients") === 1 ? "1 client here" : `${count("clients")} clients here`;
  const peers = list("peers").map((id) => `"${id}"`);
  const more = count("morePeers") === 0 ? "" : ` and ${count("morePeers")} more`;
  return peers.length === 0 ? clients : `${clients}, routers ${peers.join(", ")}${more}`;
}
