import { HISTORY_VALUES_MAX, SAMPLE_WINDOW_MAX_MS } from "../limits.ts";
import type { SubscribeOptions } from "../edge/subscribe_options.ts";
import { SIGNAL, type SignalName } from "../wire/message.ts";
import type { Flag } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { suggestion } from "./suggestion.ts";
import { UsageError } from "./usage_error.ts";

const U32_MAX = 0xffff_ffff;
const TYPES = Object.keys(SIGNAL) as SignalName[];

/** Flags that say what a subscription is to bring. */
export const SUBSCRIBE_FLAGS: readonly Flag[] = [
  { name: "types", value: "LIST", isList: true, help: `Only these, of ${TYPES.join(", ")}` },
  { name: "rate", value: "NUMBER", help: "Updates a second of each param and stream at most" },
  {
    name: "epsilon",
    value: "NUMBER",
    help: "Leave out numbers that differ by less from the last one, in params and streams",
  },
  {
    name: "history",
    value: "NUMBER",
    help: "Begin with so many last values of each param, as far as the router remembers them. " +
      `At most ${HISTORY_VALUES_MAX}`,
  },
  {
    name: "window",
    value: "MS",
    help: "Gather the samples of a stream for so long, milliseconds. At most " +
      `${SAMPLE_WINDOW_MAX_MS}`,
  },
];

/**
 * What these flags ask for. How much of it a router grants is the router's to say.
 *
 * @throws {UsageError} when a value cannot be asked for
 */
export function readSubscribeOptions(args: CommandArguments): SubscribeOptions {
  const types = readTypes(args);
  const epsilon = readEpsilon(args.text("epsilon"));
  const maxRate = args.integer("rate", { min: 1, max: U32_MAX });
  const history = args.integer("history", { min: 1, max: U32_MAX });
  const window = args.integer("window", { min: 1, max: U32_MAX });
  return {
    ...(types === undefined ? {} : { types }),
    ...(maxRate === undefined ? {} : { maxRate }),
    ...(epsilon === undefined ? {} : { epsilon }),
    ...(history === undefined ? {} : { history }),
    ...(window === undefined ? {} : { window }),
  };
}

function readTypes(args: CommandArguments): SignalName[] | undefined {
  if (!args.has("types")) return undefined;
  const names = args.list("types");
  if (names.length === 0) throw new UsageError(`--types needs one of ${TYPES.join(", ")}`);
  return names.map((name) => {
    const type = TYPES.find((each) => each === name);
    if (type !== undefined) return type;
    throw new UsageError(
      `--types takes ${TYPES.join(", ")}, not "${name}"${suggestion(name, TYPES)}`,
    );
  });
}

function readEpsilon(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (Number.isFinite(number)) return number;
  throw new UsageError(`--epsilon must be a number, 0 or more, not "${text}"`);
}
