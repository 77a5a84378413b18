import { parseAddress } from "../address/address.ts";
import type { Ttl } from "../wire/message.ts";
import { encodeValue } from "../wire/value_codec.ts";
import type { Command, Positional } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { checked, CONNECTION_FLAGS, withClient } from "./connection.ts";
import { printLine } from "./output.ts";
import { formatParamAsJson, formatUpdate } from "./update_text.ts";
import { UsageError } from "./usage_error.ts";
import { parseValue } from "./value_text.ts";

const TTL_SECONDS_MAX = 0x7fff_ffff;

/** The address that a command is about. */
export const ADDRESS: Positional = { name: "ADDRESS", help: "As /site-a/lights/1" };
/** How a value is typed. */
export const VALUE_NOTE: string =
  "VALUE is JSON, or else a string. A number without a point or an " +
  "exponent is an i64 (1), one with either is an f64 (1.0), inside arrays and objects too; a whole " +
  "number that does not fit 64 bits is refused. What starts with a dash and is no number goes " +
  'behind "--".';

/** `clasp-fed set`: sets a param and waits until its owner has accepted it. */
export const SET_COMMAND: Command = {
  name: "set",
  summary: "Set a param, and wait until the router that owns it has accepted it",
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
    { name: "json", help: "Print an object with address, value, type and revision" },
  ],
  notes: [VALUE_NOTE],
  examples: [
    "clasp-fed set /site-a/lights/1 0.75",
    'clasp-fed set /site-a/scene \'{"name":"dawn","fade":2.5}\' --expect 3',
  ],
  run: runSet,
};

async function runSet(args: CommandArguments): Promise<number> {
  const address = checked(args.positional(0) ?? "", parseAddress);
  const encoded = encodeValue(parseValue(args.positional(1) ?? ""));
  const options = setOptions(args);
  const { revision } = await withClient(
    args,
    (client) => client.setEncoded(address, encoded, options),
  );
  const param = { kind: "param", address, value: null, encoded, revision } as const;
  printLine(args.has("json") ? formatParamAsJson(param) : formatUpdate(param));
  return 0;
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
