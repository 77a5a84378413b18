const ANNOUNCE = "/clasp/p2p/announce";
const SIGNAL_ROOT = "/clasp/p2p/signal";
const SIGNAL_PREFIX = `${SIGNAL_ROOT}/`;

/** What a PUBLISH at an address of P2P signalling is for. */
export type P2pAddress =
  /** All who listen hear who can be reached. */
  | { readonly kind: "announce" }
  /** One session, and nobody else, gets it. */
  | { readonly kind: "signal"; readonly session: string };

/** Reads an address of P2P signalling; undefined for any other. */
export function p2pAddress(address: string): P2pAddress | undefined {
  if (address === ANNOUNCE) return { kind: "announce" };
  if (!isBelowSignal(address)) return undefined;
  const session = address.slice(SIGNAL_PREFIX.length);
  return session === "" || session.includes("/") ? undefined : { kind: "signal", session };
}

/** Where a session gets its signals. */
export function p2pSignalAddress(session: string): string {
  return `${SIGNAL_PREFIX}${session}`;
}

/** Whether an address belongs to P2P signalling: nothing is kept there, nothing published at will. */
export function isP2p(address: string): boolean {
  return address === ANNOUNCE || address === SIGNAL_ROOT || isBelowSignal(address);
}

/** Whether a pattern can match signals to single sessions only, which no subscription brings. */
export function isForSignalsOnly(pattern: string): boolean {
  return isBelowSignal(pattern);
}

function isBelowSignal(address: string): boolean {
  return address.startsWith(SIGNAL_PREFIX);
}
