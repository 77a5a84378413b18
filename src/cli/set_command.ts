import { parseAddress } from "../address/address.ts";
import type { Ttl } from "../wire/message.ts";
import { encodeValue } from "../wire/value_codec.ts";
import type { Command, Positional } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { checked, CONNECTION_FLAGS, withClient } from "./connection.ts";
import { oneLine, printLine } from "./output.ts";
import { formatParamAsJson, formatUpdate } from "./update_text.ts";
import { UsageError } from "./usage_error.ts";
import { parseValue } from "./value_text.ts";
import { type Decision, whoDecided } from "./who_decided.ts";

const TTL_SECONDS_MAX = 0x7fff_ffff;

/** The address that a command is about. */
export const ADDRESS: Positional = { name: "ADDRESS", help: "As /site-a/lights/1" };
/** How a value is typed. */
export const VALUE_NOTE: string =
  "VALUE is JSON, or else a string. A number without a point or an " +
  "exponent is an i64 (1), one with either is an f64 (1.0), inside arrays and objects too; a whole " +
  "number that does not fit 64 bits is refused. What starts with a dash and is no number goes " +
  'behind "--".';

/** `clasp-fed set`: sets a param and waits until a router has decided it. */
export const SET_COMMAND: Command = {
  name: "set",
  summary: "Set a param, and wait until the router that decides it has accepted it",
  positionals: [ADDRESS, { name: "VALUE", help: "JSON, or else a string" }],
  flags: [
    ...CONNECTION_FLAGS,
    {
      name: "expect",
      value: "REVISION",
      help: "Set only if the param has this revision; 0: only if it does not exist",
    },
    {
      name: "ttl",
      value: "SECONDS",
      help: "Forget it when it was not set for so long; 0 is never",
    },
    { name: "lock", help: "Fail if another session holds its lock; ours ends with this command" },
    { name: "unlock", help: "Give the lock back with it; only its holder can" },
    {
      name: "wait",
      help: "Fail unless the owner itself has accepted it, and print who decided",
    },
    {
      name: "json",
      help: "Print an object with address, value, type and revision; with --wait, decidedBy too",
    },
  ],
  notes: [
    VALUE_NOTE,
    "When the owner cannot be reached, the last router on the way decides in its place: exit code 0, " +
    "and 1 with --wait, though the value is set there and the owner takes it when it is back. ERROR " +
    "502 means that the outcome is unknown; every other ERROR, that nothing was set.",
  ],
  examples: [
    "clasp-fed set /site-a/lights/1 0.75",
    "clasp-fed set /site-a/lights/1 0.75 --wait",
    'clasp-fed set /site-a/scene \'{"name":"dawn","fade":2.5}\' --expect 3',
  ],
  run: runSet,
};

async function runSet(args: CommandArguments): Promise<number> {
  const address = checked(args.positional(0) ?? "", parseAddress);
  const encoded = encodeValue(parseValue(args.positional(1) ?? ""));
  const options = setOptions(args);
  const { revision, decision } = await withClient(args, async (client) => {
    const answer = await client.setEncoded(address, encoded, options);
    const decided = args.has("wait")
      ? await whoDecided(client, address, answer.revision)
      : undefined;
    return { ...answer, decision: decided };
  });
  const param = { kind: "param", address, value: null, encoded, revision } as const;
  if (args.has("json")) {
    const more = decision === undefined
      ? ""
      : `,"decidedBy":${JSON.stringify(decision.by ?? null)},"byOwner":${decision.isOwner ?? null}`;
    printLine(`${formatParamAsJson(param).slice(0, -1)}${more}}`);
  } else {
    printLine(
      formatUpdate(param) + (decision === undefined ? "" : oneLine(decisionText(decision))),
    );
  }
  if (decision?.isOwner === false) {
    throw new CommandError(
      `"${decision.by}" decided in place of the owner, which cannot be reached: the owner takes the ` +
        `value when it is back, unless it has a newer one; see clasp-fed explain ${address}`,
    );
  }
  return 0;
}

function decisionText({ by, isOwner }: Decision): string {
  if (by === undefined) return " decided by a router that is not known";
  return ` decided by "${by}"${isOwner === true ? ", its owner" : ""}`;
}

function setOptions(args: CommandArguments): {
  readonly expectedRevision?: number;
  readonly ttl?: Ttl;
  readonly lock?: boolean;
  readonly unlock?: boolean;
} {
  const [lock, unlock] = [args.has("lock"), args.has("unlock")];
  if (lock && unlock) throw new UsageError("--lock and --unlock contradict each other; give one");
  const expectedRevision = args.integer("expect", { min: 0, max: Number.MAX_SAFE_INTEGER });
  const seconds = args.integer("ttl", { min: 0, max: TTL_SECONDS_MAX });
  return {
    ...(expectedRevision === undefined ? {} : { expectedRevision }),
    ...(seconds === undefined ? {} : { ttl: ttlOf(seconds) }),
    ...(lock ? { lock } : {}),
    ...(unlock ? { unlock } : {}),
  };
}

function ttlOf(seconds: number): Ttl {
  return seconds === 0 ? { kind: "never" } : { kind: "sliding", seconds };
}
