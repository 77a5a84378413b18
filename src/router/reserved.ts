const RESERVED_ROOT = "/clasp/federation";

/** Where hubs tell of their leaves, one param each; mirrored like any param. */
export const PEERS_ROOT: string = `${RESERVED_ROOT}/peers`;
/** Where a router tells of the link to its hub. Never leaves the router. */
export const UPLINK_ADDRESS: string = `${RESERVED_ROOT}/link`;

/** Whether only routers write here, about themselves: `/clasp/federation` and all below it. */
export function isReserved(address: string): boolean {
  return isBelow(address, RESERVED_ROOT);
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
