import type { Client } from "../edge/client.ts";
import { isReserved } from "../router/reserved.ts";
import type { ShownParam } from "./compare_states.ts";

const OWN_ROOT = "/clasp";

/**
 * All params that a router shows below a pattern, those of `/clasp` left out: each router tells there
 * of itself. By a subscription and not by GET, which renews the TTL of what it reads.
 *
 * @param told Called for each param that was read.
 */
export async function readState(
  client: Client,
  pattern: string,
  told: (count: number) => void = () => {},
): Promise<Map<string, ShownParam>> {
  const state = new Map<string, ShownParam>();
  let isReading = true;
  const unsubscribe = await client.subscribe(pattern, (update) => {
    if (!isReading || update.kind !== "param" || isOwn(update.address)) return;
    const { address, encoded, revision, writer, timestampMicros } = update;
    state.set(address, {
      address,
      encoded,
      revision,
      ...(writer === undefined ? {} : { writer }),
      ...(timestampMicros === undefined ? {} : { timestampMicros }),
    });
    told(state.size);
  }, { types: ["param"] });
  isReading = false;
  unsubscribe();
  return state;
}

function isOwn(address: string): boolean {
  return isReserved(address) || address === OWN_ROOT || address.startsWith(`${OWN_ROOT}/`);
}
