/** A property of a type in `src/wire/message.ts`, as in "SetMessage.address". */
export type MessageField = string;

const SOURCE = new URL("../../src/wire/message.ts", import.meta.url);
/** They say which message it is: each has a form of its own. */
const DISCRIMINANTS: ReadonlySet<string> = new Set(["type", "op"]);
/** What no message of the wire has. */
const NOT_ON_THE_WIRE: ReadonlySet<string> = new Set(["MESSAGE_CODE"]);

/**
 * All properties of all messages, read from the source: types are gone when a program runs. Each
 * starts a line, or stands behind an opening brace, as the formatter writes them.
 */
export async function messageFields(): Promise<readonly MessageField[]> {
  const source = await Deno.readTextFile(SOURCE);
  const fields = new Set<MessageField>();
  const blocks = source.matchAll(
    /^export (?:interface (\w+) \{\n(.*?)^\}|type (\w+) =\n(.*?);\n\n)/gms,
  );
  for (const [, interfaceName, body, typeName, alternatives] of blocks) {
    const owner = interfaceName ?? typeName ?? "";
    if (NOT_ON_THE_WIRE.has(owner)) continue;
    for (const [, name = ""] of (body ?? alternatives ?? "").matchAll(/readonly (\w+)\??:/g)) {
      if (!DISCRIMINANTS.has(name)) fields.add(`${owner}.${name}`);
    }
  }
  return [...fields];
}
