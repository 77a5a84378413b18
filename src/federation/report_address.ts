import { PEERS_ROOT } from "../router/reserved.ts";

/** Where a hub tells of a leaf. A router id may have any character, a segment of an address not. */
export function reportAddress(routerId: string): string {
  const segment = routerId.replace(
    /[%/*]|\p{Cc}/gu,
    (unit) => `%${unit.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `${PEERS_ROOT}/${segment}`;
}
