import type { ParamUpdate, Update } from "../edge/update.ts";
import { oneLine } from "./output.ts";
import { formatSamples, formatValue, typeOfValue } from "./value_text.ts";

/** An update for people, on one line: `/a/b = 0.5 (revision 3)` or `/cue = "go" (event)`. */
export function formatUpdate(update: Update): string {
  return `${oneLine(update.address)} = ${valueText(update)} (${facts(update)})`;
}

/** An update for machines: a JSON object on one line. Its value tells 1 from 1.0. */
export function formatUpdateAsJson(update: Update): string {
  return `{${
    [
      `"kind":"${update.kind}"`,
      `"address":${JSON.stringify(update.address)}`,
      `"value":${valueText(update)}`,
      ...typeField(update),
      ...(update.kind === "param" ? [`"revision":${update.revision}`] : signalFields(update)),
    ].join(",")
  }}`;
}

/** A param for machines: address, value, type and revision as a JSON object. */
export function formatParamAsJson(
  param: Pick<ParamUpdate, "address" | "encoded" | "revision">,
): string {
  return `{"address":${JSON.stringify(param.address)},"value":${formatValue(param.encoded)},` +
    `"type":"${typeOfValue(param.encoded)}","revision":${param.revision}}`;
}

type SignalUpdate = Exclude<Update, ParamUpdate>;

function valueText({ encoded, value }: Update): string {
  if (encoded !== undefined) return formatValue(encoded);
  return Array.isArray(value) ? formatSamples(value.map(Number)) : "null";
}

function facts(update: Update): string {
  if (update.kind === "param") return `revision ${update.revision}`;
  const { kind, phase, gestureId } = update;
  return [
    kind,
    ...(phase === undefined ? [] : [phase]),
    ...(gestureId === undefined ? [] : [`id ${gestureId}`]),
  ].join(" ");
}

function typeField({ encoded, value }: Update): string[] {
  if (encoded !== undefined) return [`"type":"${typeOfValue(encoded)}"`];
  return Array.isArray(value) ? ['"type":"samples"'] : [];
}

function signalFields({ phase, gestureId, timestampMicros }: SignalUpdate): string[] {
  return [
    ...(phase === undefined ? [] : [`"phase":"${phase}"`]),
    ...(gestureId === undefined ? [] : [`"id":${gestureId}`]),
    ...(timestampMicros === undefined ? [] : [`"timestampMicros":${timestampMicros}`]),
  ];
}
