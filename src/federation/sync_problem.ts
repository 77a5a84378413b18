import { covers } from "../address/coverage.ts";
import { parsePattern, type Pattern, patternProblem } from "../address/pattern.ts";
import { FEDERATION_PATTERNS_BYTES_MAX, MAX_FEDERATION_PATTERNS } from "../limits.ts";
import { ERROR_CODE, type Refusal } from "../router/error_code.ts";
import { patternBytes } from "./pattern_bytes.ts";

/**
 * Why a RequestSync for these patterns is refused, or undefined. Each must be covered by one that was
 * declared or subscribed on the link, and all of them must fit the SyncComplete that names them again,
 * with this router's id.
 */
export function syncProblem(
  patterns: readonly string[],
  granted: readonly Pattern[],
): Refusal | undefined {
  if (patterns.length > MAX_FEDERATION_PATTERNS) {
    return tooMany(patterns, `${MAX_FEDERATION_PATTERNS} a request`);
  }
  const bytes = patternBytes(patterns);
  if (bytes > FEDERATION_PATTERNS_BYTES_MAX) {
    return tooMany(
      patterns,
      `${FEDERATION_PATTERNS_BYTES_MAX} bytes of them fit, these are ${bytes}`,
    );
  }
  const texts = new Set(granted.map(({ text }) => text));
  for (const text of patterns) {
    const problem = patternProblem(text);
    if (problem !== undefined) {
      return { code: ERROR_CODE.invalidPattern, message: `Cannot sync "${text}": ${problem}` };
    }
    if (texts.has(text)) continue;
    const pattern = parsePattern(text);
    if (granted.some((by) => covers(by, pattern))) continue;
    return {
      code: ERROR_CODE.refused,
      message: `Cannot sync "${text}": the router neither declared nor subscribed it`,
      address: text,
    };
  }
  return undefined;
}

function tooMany(patterns: readonly string[], most: string): Refusal {
  return {
    code: ERROR_CODE.revisionConflict,
    message: `Cannot sync ${patterns.length} patterns: at most ${most}; ask in several requests`,
  };
}
