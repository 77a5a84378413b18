import type { Client } from "../edge/client.ts";
import { ClientError } from "../edge/client_error.ts";
import { ADDRESS_SEGMENTS_MAX } from "../limits.ts";
import { EXPLAIN_ROOT } from "../router/reserved.ts";
import { toJsonValue } from "./to_json_value.ts";

const UNKNOWN_CODES: readonly number[] = [200, 201, 502];

/** What a router knows of an address; see `explain` in `src/router/explanation.ts`. */
export interface Explanation {
  readonly text: (name: string) => string;
  readonly count: (name: string) => number;
  readonly flag: (name: string) => boolean;
  readonly list: (name: string) => readonly string[];
  /** All of it. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/**
 * Asks a router about an address.
 *
 * @throws {ClientError} when it refuses, or explains nothing: public routers do not, nor does
 * clasp-fed of an address as long as addresses may be
 */
export async function readExplanation(client: Client, address: string): Promise<Explanation> {
  const { value } = await client.getParam(`${EXPLAIN_ROOT}${address}`).catch((error) => {
    throw error instanceof ClientError && UNKNOWN_CODES.includes(error.code)
      ? new ClientError(
        `the router "${client.router.name}" explains no addresses; only clasp-fed does, and only ` +
          `those of at most ${ADDRESS_SEGMENTS_MAX - 3} segments`,
        { code: error.code },
      )
      : error;
  });
  const plain = toJsonValue(value);
  const facts: Record<string, unknown> = typeof plain === "object" ? { ...plain } : {};
  return {
    facts,
    text: (name) => typeof facts[name] === "string" ? facts[name] : "",
    count: (name) => typeof facts[name] === "number" ? facts[name] : 0,
    flag: (name) => facts[name] === true,
    list: (name) => Array.isArray(facts[name]) ? facts[name].map(String) : [],
  };
}
