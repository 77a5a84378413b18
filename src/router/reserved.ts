const RESERVED_ROOT = "/clasp/federation";

/** Whether only routers write here, about themselves: `/clasp/federation` and all below it. */
export function isReserved(address: string): boolean {
  return address.startsWith(RESERVED_ROOT) &&
    (address.length === RESERVED_ROOT.length || address[RESERVED_ROOT.length] === "/");
}
