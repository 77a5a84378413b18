import type { Flag } from "./command.ts";
import { inKeys } from "./config_words.ts";
import { type KeyValue, SERVER_KEYS, type ServerKey } from "./server_keys.ts";

interface Schema {
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

/** JSON Schema of the configuration file, as text: keys from the table, what they mean from the flags. */
export function configSchema(flags: readonly Flag[]): string {
  const properties: Record<string, Schema> = {
    $schema: { description: "Where this schema is, for editors", type: "string" },
  };
  const sections = new Map<string, Record<string, Schema>>();
  for (const key of SERVER_KEYS) {
    const [first = "", second] = key.path.split(".");
    if (second === undefined) {
      properties[first] = schemaOf(key, flags);
      continue;
    }
    let section = sections.get(first);
    if (section === undefined) {
      section = {};
      sections.set(first, section);
      properties[first] = { type: "object", additionalProperties: false, properties: section };
    }
    section[second] = schemaOf(key, flags);
  }
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Configuration of clasp-fed server",
    type: "object",
    additionalProperties: false,
    properties,
  };
  return JSON.stringify(schema, null, 2);
}

function schemaOf(key: ServerKey, flags: readonly Flag[]): Schema {
  const help = flags.find(({ name }) => name === key.flag)?.help ?? "";
  const words = inKeys(help, () => false).replace(/(?<![.!?])$/, ".");
  const description = words + (key.isLive ? " SIGHUP takes a change into use." : "");
  return { description, ...typeOf(key.value) };
}

function typeOf(value: KeyValue): Schema {
  switch (value.kind) {
    case "text":
      return { type: "string", minLength: 1 };
    case "list": {
      const text = { type: "string", minLength: 1 };
      return { anyOf: [text, { type: "array", items: text }] };
    }
    case "integer":
      return { type: "integer", minimum: value.min, maximum: value.max };
    case "word":
      return { enum: value.words };
    case "switch":
      return { type: "boolean" };
  }
}
