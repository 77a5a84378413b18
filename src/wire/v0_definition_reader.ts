import type { SignalDefinition, SignalMeta } from "./message.ts";
import type { V0Fields } from "./v0_fields.ts";
import { signalNamed } from "./v0_names.ts";

/** Reads a definition in an ANNOUNCE of v0. */
export function readV0Announced(fields: V0Fields): SignalDefinition {
  return { ...readV0Definition(fields), meta: readMeta(fields.optionalFields("meta")) };
}

/** Reads a definition in a RESULT of v0, which has no room for `meta`. */
export function readV0Definition(fields: V0Fields): SignalDefinition {
  const type = fields.string("type");
  const signal = signalNamed(type);
  if (signal === undefined) throw fields.unknown("type", type);
  return {
    address: fields.string("address"),
    signal,
    datatype: fields.optionalString("datatype"),
    access: fields.optionalString("access"),
  };
}

function readMeta(fields: V0Fields | undefined): SignalMeta | undefined {
  if (fields === undefined) return undefined;
  const range = fields.optionalNumbers("range");
  const [least, most] = range ?? [];
  if (range !== undefined && range.length !== 2) {
    throw fields.unknown("range", `${range.length} numbers`);
  }
  return {
    unit: fields.optionalString("unit"),
    range: least === undefined || most === undefined ? undefined : [least, most],
    default: fields.optionalValue("default"),
    description: fields.optionalString("description"),
  };
}
