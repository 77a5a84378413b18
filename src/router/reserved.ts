import { isP2p } from "./p2p_address.ts";

const RESERVED_ROOT = "/clasp/federation";

/** Where hubs tell of their leaves, one param each; mirrored like any param. */
export const PEERS_ROOT: string = `${RESERVED_ROOT}/peers`;
/** Where a GET asks what a router knows of the address behind it; nothing is kept there. */
export const EXPLAIN_ROOT: string = `${RESERVED_ROOT}/explain`;
/** Where a router tells of the link to its hub. Never leaves the router. */
export const UPLINK_ADDRESS: string = `${RESERVED_ROOT}/link`;

/**
 * Whether nobody writes here at will: `/clasp/federation` and all below it, where routers tell of
 * themselves, and the addresses of P2P signalling.
 */
export function isReserved(address: string): boolean {
  return isBelow(address, RESERVED_ROOT) || isP2p(address);
}

/** What a reserved address is for, to end a sentence that refuses something. */
export function reservedFor(address: string): string {
  return isP2p(address)
    ? "it is for P2P signals, each a PUBLISH of its own at /clasp/p2p/announce or " +
      "/clasp/p2p/signal/<session>"
    : "routers write there about themselves";
}

/** Whether peers may tell each other of this reserved address. */
export function isShared(address: string): boolean {
  return isBelow(address, PEERS_ROOT);
}

/** Whether a param stays in the router that wrote it. */
export function isLocal(address: string): boolean {
  return address === UPLINK_ADDRESS;
}

function isBelow(address: string, root: string): boolean {
  return address.startsWith(root) &&
    (address.length === root.length || address[root.length] === "/");
}
