import { SERVER_KEYS } from "./server_keys.ts";

/** What may stand behind a flag in a message and is its value. */
const VALUE = String.raw`[A-Z]+(?![A-Za-z])|wss?:\/\/[^\s,;)]+|federation(?![\w-])` +
  String.raw`|authenticated|open|mesh|leaf|hub(?![\w-])`;

/**
 * A message about flags in the words of a configuration file: `--persist FILE` becomes
 * `"persist.file": "FILE"`, unless that flag was typed.
 */
export function inKeys(message: string, isTyped: (flag: string) => boolean): string {
  return message.replace(
    new RegExp(String.raw`--([a-z][a-z-]*)(?: (${VALUE}))?`, "g"),
    (whole, flag: string, value: string | undefined) => {
      const key = SERVER_KEYS.find((each) => each.flag === flag);
      if (key === undefined || isTyped(flag)) return whole;
      return value === undefined ? `"${key.path}"` : `"${key.path}": "${value}"`;
    },
  );
}
