import { parseAddress } from "../address/address.ts";
import { PHASE, type PhaseName } from "../wire/message.ts";
import { encodeValue } from "../wire/value_codec.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { checked, CONNECTION_FLAGS, withClient } from "./connection.ts";
import { printLine } from "./output.ts";
import { ADDRESS, VALUE_NOTE } from "./set_command.ts";
import { formatUpdate, formatUpdateAsJson } from "./update_text.ts";
import { UsageError } from "./usage_error.ts";
import { parseValue } from "./value_text.ts";

const SIGNALS = ["event", "stream", "gesture", "timeline"] as const;
const PHASES = Object.keys(PHASE) as PhaseName[];
const GESTURE_ID_MAX = 0xffff_ffff;

/** `clasp-fed pub`: publishes a signal and waits until the router has taken it. */
export const PUB_COMMAND: Command = {
  name: "pub",
  summary: "Publish an event or another signal, and wait until the router has taken it",
  positionals: [
    ADDRESS,
    { name: "VALUE", isOptional: true, help: "JSON, or else a string. Default: none" },
  ],
  flags: [
    ...CONNECTION_FLAGS,
    { name: "signal", value: "KIND", help: `${SIGNALS.join(", ")}. Default event` },
    { name: "phase", value: "PHASE", help: `Of a gesture: ${PHASES.join(", ")}. Default start` },
    { name: "id", value: "NUMBER", help: "Of a gesture: which of several at one address" },
    { name: "json", help: "Print what was published as an object" },
  ],
  notes: [VALUE_NOTE],
  examples: [
    "clasp-fed pub /site-a/cue '\"go\"'",
    "clasp-fed pub /pad/touch '[0.1,0.9]' --signal gesture --phase move --id 1",
  ],
  run: runPub,
};

async function runPub(args: CommandArguments): Promise<number> {
  const address = checked(args.positional(0) ?? "", parseAddress);
  const text = args.positional(1);
  const value = text === undefined ? undefined : parseValue(text);
  const kind = args.oneOf("signal", SIGNALS) ?? "event";
  const gesture = gestureOptions(args, kind === "gesture");
  await withClient(
    args,
    (client) => client.publish(address, value, { signal: kind, ...gesture, confirm: true }),
  );
  const encoded = value === undefined ? {} : { encoded: encodeValue(value) };
  const format = args.has("json") ? formatUpdateAsJson : formatUpdate;
  printLine(format({ kind, address, value: null, ...encoded, ...gesture }));
  return 0;
}

function gestureOptions(
  args: CommandArguments,
  isGesture: boolean,
): { readonly phase?: PhaseName; readonly gestureId?: number } {
  const useless = ["phase", "id"].find((name) => args.has(name));
  if (!isGesture && useless !== undefined) {
    throw new UsageError(`--${useless} is of gestures only; add --signal gesture`);
  }
  const phase = args.oneOf("phase", PHASES) ?? (isGesture ? "start" : undefined);
  const gestureId = args.integer("id", { min: 0, max: GESTURE_ID_MAX });
  return {
    ...(phase === undefined ? {} : { phase }),
    ...(gestureId === undefined ? {} : { gestureId }),
  };
}
