import { NAME_BYTES_MAX } from "../limits.ts";

const ENCODER = new TextEncoder();
const UTF8_BYTES_PER_UNIT_MAX = 3;

/**
 * Why a text cannot be the id of a router, or undefined. Counted in bytes: ids stand in frames that
 * are filled to the last byte, as the writer of a param or the owner of a claim.
 */
export function routerIdProblem(text: string): string | undefined {
  if (text !== "" && text.length * UTF8_BYTES_PER_UNIT_MAX <= NAME_BYTES_MAX) return undefined;
  const bytes = text.length > NAME_BYTES_MAX ? text.length : ENCODER.encode(text).length;
  if (bytes >= 1 && bytes <= NAME_BYTES_MAX) return undefined;
  return `a router id has 1 to ${NAME_BYTES_MAX} bytes, not ${bytes}`;
}
