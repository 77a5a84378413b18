import { ALL_SIGNALS, type SubscribeMessage, type SubscribeOptions } from "./message.ts";
import type { V0Fields } from "./v0_fields.ts";
import { signalNamed } from "./v0_names.ts";

/** Reads a SUBSCRIBE of v0. */
export function readV0Subscribe(fields: V0Fields): SubscribeMessage {
  const options = fields.optionalFields("options");
  options?.rename("SUBSCRIBE options");
  return {
    type: "SUBSCRIBE",
    id: fields.unsigned("id"),
    pattern: fields.string("pattern"),
    types: readV0Types(fields),
    options: options && readOptions(options),
  };
}

function readOptions(fields: V0Fields): SubscribeOptions | undefined {
  const options: SubscribeOptions = {
    maxRate: fields.optionalUnsigned("max_rate"),
    epsilon: fields.optionalNumber("epsilon"),
    history: fields.optionalUnsigned("history"),
    window: fields.optionalUnsigned("window"),
  };
  return Object.values(options).every((option) => option === undefined) ? undefined : options;
}

/** Reads the kinds of signal that a message of v0 names; a list that names none asks for all. */
export function readV0Types(fields: V0Fields): number {
  let mask = 0;
  for (const name of fields.strings("types")) {
    const signal = signalNamed(name);
    if (signal === undefined) throw fields.unknown("types", name);
    mask |= 1 << signal;
  }
  return mask === 0 ? ALL_SIGNALS : mask;
}
