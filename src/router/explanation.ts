import { addressProblem } from "../address/address.ts";
import { EXPLAINED_PEERS_MAX } from "../limits.ts";
import { isLive } from "../state/version.ts";
import type { EncodedValue, SetMessage } from "../wire/message.ts";
import { encodeValue, type Value } from "../wire/value_codec.ts";
import type { Refusal } from "./error_code.ts";
import type { RouteFacts } from "./federation_hook.ts";
import { EXPLAIN_ROOT } from "./reserved.ts";
import type { RouterCore } from "./router_core.ts";

const NOTHING: EncodedValue = encodeValue(null);
const ALONE: RouteFacts = {
  owner: "",
  pattern: "",
  live: true,
  way: "here",
  next: "",
  state: "",
  reason: "",
  path: [],
  mirrored: true,
  peers: [],
};

/** Who asks. */
export interface Explained {
  /** The session's id: it may hold the lock. */
  readonly id: string;
  writeProblem(address: string): Refusal | undefined;
}

/**
 * The address that a GET of `/clasp/federation/explain/...` asks about; undefined for any other
 * address. What is answered there is made when it is asked for: it is no param.
 */
export function explainedAddress(address: string): string | undefined {
  if (!address.startsWith(`${EXPLAIN_ROOT}/`)) return undefined;
  const explained = address.slice(EXPLAIN_ROOT.length);
  return addressProblem(explained) === undefined ? explained : undefined;
}

/**
 * What this router knows of an address: who owns it and on which way, who decides a write of this
 * session now, what would refuse it, and who is told of it.
 */
export function explain(router: RouterCore, session: Explained, address: string): EncodedValue {
  const facts = router.federation?.explain(address) ?? ALONE;
  const route = router.route(address);
  const version = router.params.get(address);
  const refusal = writeRefusal(router, session, address);
  const { peers } = facts;
  const explanation: Record<string, Value> = {
    address,
    router: router.config.routerId,
    name: router.config.name,
    ...facts,
    path: [...facts.path],
    peers: peers.slice(0, EXPLAINED_PEERS_MAX),
    morePeers: Math.max(0, peers.length - EXPLAINED_PEERS_MAX),
    clients: router.subscriptions.targets(address).length - peers.length,
    decides: route.kind,
    lock: router.locks.holder(address) ?? "",
    revision: isLive(version) ? version.revision : 0,
    stampedBy: isLive(version) ? version.origin : "",
    refusedWith: refusal?.code ?? 0,
    refusal: refusal?.message ?? "",
    lockRefusal: route.kind === "caretaker" ? route.lockRefusal.message : "",
  };
  return encodeValue(explanation);
}

/** What would refuse a write of this session, as far as this router can tell. */
function writeRefusal(
  router: RouterCore,
  session: Explained,
  address: string,
): Refusal | undefined {
  const forbidden = session.writeProblem(address);
  if (forbidden !== undefined) return forbidden;
  const set: SetMessage = { type: "SET", address, value: NOTHING };
  const route = router.route(address);
  switch (route.kind) {
    case "unreachable":
      return route.refusal;
    case "elsewhere":
      return undefined;
    case "here":
    case "caretaker":
      return router.params.problem(router.toWrite(set, session.id));
  }
}
