/**
 * One-line mistakes in the production code that the simulator must notice: see `planted_bugs.ts`.
 *
 * @module
 */

/** One mistake: `find` becomes `replace` in `file`. */
export interface PlantedBug {
  /** The rule that it breaks, for people. */
  readonly name: string;
  /** Path from the project's root. */
  readonly file: string;
  /** Text that occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Where the mistake shows soonest; default: all topologies. */
  readonly topology?: string;
}

const CORE = "src/federation/federation_core.ts";
const PARAMS = "src/router/params.ts";
const RECEIVER = "src/federation/forward_receiver.ts";
const WRITES = "src/federation/write_router.ts";
const LINK = "src/federation/link.ts";
const CLAIMS = "src/federation/claims.ts";
const LEAF = "src/federation/leaf_role.ts";
const HUB = "src/federation/hub_role.ts";
const SYNC = "src/federation/state_sync.ts";
const TIME = "src/federation/time_keeper.ts";
const LANE = "src/federation/event_lane.ts";
const RECORD = "src/federation/peer_record.ts";
const LEASES = "src/federation/leases.ts";

/** By subject. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  // Versions and merge
  {
    name: "a merge does not raise the revision",
    file: "src/state/version.ts",
    find: "if (winner.revision > loser.revision) {",
    replace: "if (winner !== loser) {",
  },
  {
    name: "a merge lets two values have one revision",
    file: "src/state/version.ts",
    find: "if (winner.revision > loser.revision) {",
    replace: "if (winner.revision >= loser.revision) {",
  },
  {
    name: "a raised revision does not go back to its sender",
    file: PARAMS,
    find: 'raised: merge.kind === "raised",',
    replace: "raised: false,",
  },
  {
    name: "a version goes back to the link it came from",
    file: PARAMS,
    find: "if (!cause.raised && (subscriber === from || subscriber === except)) continue;",
    replace: "if (!cause.raised && subscriber === except) continue;",
  },
  {
    name: "a requester is told by an update as well as by its answer",
    file: PARAMS,
    find: "if (!cause.raised && (subscriber === from || subscriber === except)) continue;",
    replace: "if (!cause.raised && subscriber === from) continue;",
  },
  {
    name: "a stamp does not exceed the revision that the requester knew",
    file: PARAMS,
    find: "revision: Math.max(known?.revision ?? 0, requesterKnown?.revision ?? 0) + 1,",
    replace: "revision: (known?.revision ?? 0) + 1,",
  },
  {
    name: "a stamp does not exceed the timestamp that the requester knew",
    file: PARAMS,
    find: "      requesterKnown?.timestampMicros ?? 0,",
    replace: "      0,",
  },
  {
    name: "a stamp does not exceed what the router itself knows",
    file: PARAMS,
    find: "return knownTimestamp + 1 + Math.floor(random() * JUST_PAST_MICROS);",
    replace: "return time;",
  },
  {
    name: "a router does not take its own versions back",
    file: RECEIVER,
    find: 'if (context.kind === "update" && !link.mayUpdate(address)) {',
    replace: "if (context.origin === this.#core.router.config.routerId) return;\n" +
      '    if (context.kind === "update" && !link.mayUpdate(address)) {',
  },
  {
    name: "a version travels without its TTL",
    file: "src/router/param_change.ts",
    find: 'writeFrame(writer, { type: "SET", address, value, revision, ttl }, {',
    replace: 'writeFrame(writer, { type: "SET", address, value, revision, ttl: 0 * ttl }, {',
  },
  {
    name: "state sent by sync has the sender as its origin",
    file: SYNC,
    find: "get: (address) => params.get(address),",
    replace: "get: (address) => {\n" +
      "          const it = params.get(address);\n" +
      "          return it && { ...it, origin: this.#core.router.config.routerId };\n" +
      "        },",
  },
  {
    name: "state sent by sync has the time of its sending",
    file: SYNC,
    find: "get: (address) => params.get(address),",
    replace: "get: (address) => {\n" +
      "          const it = params.get(address);\n" +
      "          return it && { ...it, timestampMicros: this.#core.timeMicros() };\n" +
      "        },",
  },
  // Sync
  {
    name: "a leaf does not send what its hub lacks",
    file: SYNC,
    find: "if (params.get(address) !== undefined) this.#lacked.add(address);",
    replace: 'if (params.get(address) !== undefined && this.#role.side === "hub") ' +
      "this.#lacked.add(address);",
  },
  {
    name: "a hub does not send what its leaf lacks",
    file: SYNC,
    find: "if (params.get(address) !== undefined) this.#lacked.add(address);",
    replace: 'if (params.get(address) !== undefined && this.#role.side === "leaf") ' +
      "this.#lacked.add(address);",
  },
  {
    name: "sync sends what is older instead of what is newer",
    file: "src/federation/digest_exchange.ts",
    find: "if (order > 0) lacks.push(address);",
    replace: "if (order < 0) lacks.push(address);",
  },
  {
    name: "what a leaf holds outside its claims goes as an update",
    file: LEAF,
    find: 'return this.#declared.matches(address) ? "update" : "offer";',
    replace: 'return "update";',
  },
  {
    name: "offers are refused",
    file: RECEIVER,
    find: 'if (context.kind === "update" && !link.mayUpdate(address)) {',
    replace: "if (!link.mayUpdate(address)) {",
  },
  {
    name: "an update outside the peer's claims is taken",
    file: RECEIVER,
    find: 'if (context.kind === "update" && !link.mayUpdate(address)) {',
    replace: 'if (context.kind === "update" && address === "") {',
  },
  {
    name: "a leaf does not follow its own claims beyond its imports",
    file: LEAF,
    find: "      ...this.#declared.patterns,\n      ...interest.patterns,",
    replace: "      ...interest.patterns,",
    topology: "narrow",
  },
  {
    name: "what is written inside another's claim within an own one is not kept",
    file: CORE,
    find: "this.claims.isClaimedHere(address) ||",
    replace: 'this.claims.ownerOf(address)?.source.kind === "self" ||',
    topology: "narrow",
  },
  // Time
  {
    name: "what was stamped untimed is not raised",
    file: PARAMS,
    find: "if (!isOwn || raisedMicros <= timestampMicros) continue;",
    replace: "if (!isOwn || raisedMicros > timestampMicros) continue;",
  },
  {
    name: "a leaf stamps with its own clock",
    file: "src/federation/federation_clock.ts",
    find: "this.#offsetMicros = best.offsetMicros;",
    replace: "",
  },
  {
    name: "the time of a hub that is not timed is taken",
    file: LEAF,
    find: "if (this.#isHubTimed) clock.measure(",
    replace: "clock.measure(",
  },
  {
    name: "leaves are not told when their hub becomes timed",
    file: TIME,
    find: "for (const leaf of this.#core.leafLinks()) {",
    replace: "for (const leaf of this.#core.leafLinks().slice(0, 0)) {",
  },
  // Claims
  {
    name: "claims are declared once and not again",
    file: "src/federation/declaration.ts",
    find: "if (this.#last !== undefined && isSame(declaration, this.#last)) return false;",
    replace: "if (this.#last !== undefined) return false;",
  },
  {
    name: "claims of a lost leaf stay live",
    file: CORE,
    find: 'this.claims.markLost({ kind: "leaf", routerId: link.routerId });',
    replace: "",
  },
  {
    name: "the less specific claim decides",
    file: CLAIMS,
    find: "return compareSpecificity(a.pattern, b.pattern) > 0;",
    replace: "return compareSpecificity(a.pattern, b.pattern) < 0;",
  },
  {
    name: "conflicts go unnoticed",
    file: CLAIMS,
    find: "return aCoversB === bCoversA;",
    replace: "return false;",
  },
  {
    name: "equal claims of two owners go unnoticed",
    file: CLAIMS,
    find: "if (a.pattern.text === b.pattern.text) return true;",
    replace: "if (a.pattern.text === b.pattern.text) return false;",
  },
  {
    name: "a nested claim is refused",
    file: CLAIMS,
    find: "return aCoversB === bCoversA;",
    replace: "return true;",
  },
  {
    name: "a claim that is not live does not yield",
    file: CLAIMS,
    find: "const found = claims.find((other) => other.live && conflict(claim, other));",
    replace: "const found = claims.find((other) => conflict(claim, other));",
  },
  {
    name: "claims of routers below are not passed on",
    file: CLAIMS,
    find: "if (key === excluded) continue;",
    replace: 'if (key === excluded || (excluded === "hub" && key !== "self")) continue;',
  },
  // Loops
  {
    name: "a ring goes unnoticed",
    file: LEAF,
    find: "if (declaration.path.includes(routerId)) {",
    replace: "if (declaration.path.length > 99) {",
  },
  {
    name: "a ring of more than two goes unnoticed",
    file: CORE,
    find: "this.#path = [routerId, ...declaration.path];",
    replace: "this.#path = [routerId];",
  },
  {
    name: "an event goes back on its link",
    file: "src/router/router_core.ts",
    find: "if ((types & type) !== 0 && subscriber !== publication.from) {",
    replace: "if ((types & type) !== 0) {",
  },
  {
    name: "an event seen before is delivered again",
    file: RECEIVER,
    find: "if (!this.#seen.isNew(identity, deadlineMicros, router.nowMicros)) return;",
    replace: "",
  },
  {
    name: "an event from before the router started reaches its clients",
    file: RECEIVER,
    find: "return isRoot || publishedMicros >= router.startedMicros || !isRepeatable(message);",
    replace: "return true;",
  },
  {
    name: "an event does not grow older on its way",
    file: RECEIVER,
    find: "const deadlineMicros = router.nowMicros + lifeMs * 1_000 - link.travelMicros;",
    replace: "const deadlineMicros = router.nowMicros + lifeMs * 1_000;",
  },
  {
    name: "an event past its life is passed on",
    file: RECEIVER,
    find: "if (deadlineMicros <= router.nowMicros) {",
    replace: "if (deadlineMicros <= 0) {",
  },
  {
    name: "an event that expired in a lane is sent",
    file: "src/federation/event_lane.ts",
    find:
      'if (remainingLifeMs <= 0) {\n        this.#lose(entry, "expired");\n        continue;\n      }',
    replace: "",
  },
  {
    name: "an event that is lost in a lane is not told",
    file: "src/federation/event_lane.ts",
    find: 'this.#lost(entry.event, entry.wasSent ? "unknown" : why);',
    replace: "",
  },
  {
    name: "what was sent to a process that is gone is repeated to the next",
    file: "src/federation/event_lane.ts",
    find: 'if (entry.wasSent) this.#lost(entry.event, "unknown");\n      else this.#wait(entry);',
    replace: "this.#wait(entry);",
  },
  {
    name: "an own event that comes round is delivered",
    file: RECEIVER,
    find: 'if (origin === router.config.routerId && p2p?.kind !== "signal") return;',
    replace: "",
  },
  // Writes
  {
    name: "requests on a lost link wait for their whole life",
    file: CORE,
    find: "this.writes.linkLost(link, end.reason);",
    replace: "",
  },
  {
    name: "a request that nobody answers waits for ever",
    file: WRITES,
    find: "this.#pending.expire(router.nowMicros);",
    replace: "",
  },
  {
    name: "an answer counts from whatever link",
    file: "src/federation/write_requests.ts",
    find: "if (pending?.link !== link) return undefined;",
    replace: "",
  },
  {
    name: "an unasked answer changes what is not the peer's",
    file: WRITES,
    find: "(isAsked || link.mayUpdate(address))",
    replace: "(isAsked || link !== undefined)",
  },
  {
    name: "a write is acknowledged before it is merged",
    file: WRITES,
    find: "if (this.#core.mirrors(address) && (isAsked",
    replace: "if (pending === undefined && (isAsked",
  },
  {
    name: "a client does not read its own writes",
    file: "src/router/client_session.ts",
    find: "if (this.#pendingWrites.afterAll(address, () => this.#answerGet(message))) return;",
    replace: "return this.#answerGet(message);",
  },
  {
    name: "a request is refused where nobody can go further",
    file: WRITES,
    find:
      'return this.#core.config.offlineWrites === "accept" && this.#core.mirrorsAlways(address);',
    replace: 'return this.#core.config.offlineWrites === "reject";',
  },
  // Links
  {
    name: "an old session lives on beside the new one",
    file: "src/federation/newcomers.ts",
    find: "return this.#ask(connection, hello, old);",
    replace: "return this.#join(connection, hello);",
  },
  {
    name: "heartbeats are not missed",
    file: LINK,
    find: "if (this.#unanswered >= HEARTBEATS_UNANSWERED_MAX) {",
    replace: "if (this.#unanswered >= 30) {",
  },
  {
    name: "a link is Active before anything came back on it",
    file: LINK,
    find: "this.#syncsAwaited === 0 && this.#provenSinceSync",
    replace: "this.#syncsAwaited === 0",
  },
  {
    name: "a link is Active before its sync is complete",
    file: LINK,
    find: "this.#syncsAwaited === 0 && this.#provenSinceSync",
    replace: "this.#provenSinceSync",
  },
  {
    name: "only the first hub is tried",
    file: "src/federation/uplink.ts",
    find: "this.#hubIndex++;",
    replace: "",
    topology: "failover",
  },
  {
    name: "a lost link stays among the subscribers",
    file: CORE,
    find: "this.router.subscriptions.removeAll(link);",
    replace: "",
  },
  {
    name: "a leaf's declaration comes to nobody's knowledge",
    file: HUB,
    find: "    this.#core.claimsChanged();",
    replace: "",
  },
  // Queues and timers
  {
    name: "a value that cannot leave at once is forgotten",
    file: "src/router/outbox.ts",
    find: "if (this.#queue.length > 0 || !this.#hasRoom()) return this.conflate(change.address);",
    replace: "if (this.#queue.length > 0 || !this.#hasRoom()) return;",
  },
  {
    name: "an ACK comes before the value that waits",
    file: "src/router/client_session.ts",
    find: "    this.tellFirst(address);\n",
    replace: "",
  },
  {
    name: "timers stop",
    file: "src/edge/router_host.ts",
    find: "this.#wakeAtMicros = Infinity;\n    if",
    replace: "if",
  },
  // Expiry
  {
    name: "what expires is forgotten and leaves no tombstone",
    file: PARAMS,
    find: "expire: (address, version) => this.#put(address, version, tombstoneOf(version)),",
    replace: "expire: (address, version) => this.#forget(address, version),",
  },
  {
    name: "what came too late is alive again",
    file: PARAMS,
    find: "this.#expiry.cameTooLate(incoming) ? tombstoneOf(incoming) : incoming",
    replace: "incoming",
  },
  {
    name: "a tombstone is not sent on",
    file: LINK,
    find: "if (change.isTombstone) this.#writer.tombstone(kind, origin, change.peerFrame());",
    replace: "if (change.isTombstone) return;",
  },
  {
    name: "nothing expires",
    file: "src/router/param_expiry.ts",
    find: "if (this.isOver(address, version)) expire(address, version);",
    replace: "if (false as boolean) expire(address, version);",
  },
  // Time
  {
    name: "a root that restarts slow does not go forward",
    file: TIME,
    find: "const takes = isTop ? isAhead : timed && !clock.timed;",
    replace: "const takes = !isTop && timed && !clock.timed;",
  },
  // Events
  {
    name: "events are not kept for a peer that is away",
    file: RECORD,
    find: "    this.lane.close();\n    this.#standIn();",
    replace: "    this.lane.close();",
  },
  {
    name: "what was sent and not acknowledged is not repeated",
    file: LANE,
    find: "const entries = [...this.#sent.takeAll(), ...this.#takeWaiting()];",
    replace: "this.#sent.takeAll();\n    const entries = this.#takeWaiting();",
  },
  {
    name: "what one process got is repeated to the next",
    file: LANE,
    find: 'if (entry.wasSent) this.#lost(entry.event, "unknown");',
    replace: 'if (entry.place < 0) this.#lost(entry.event, "unknown");',
  },
  {
    name: "an event that waited too long is sent all the same",
    file: LANE,
    find: "if (remainingLifeMs <= 0) {",
    replace: "if (remainingLifeMs <= -Infinity) {",
  },
  {
    name: "only half a round trip is taken off a life, however long a message lay about",
    file: "src/federation/link_clock.ts",
    find: "return Math.max(best.roundTripMicros / 2, nowMicros + best.offsetMicros - sentMicros);",
    replace: "return best.roundTripMicros / 2;",
  },
  {
    name: "what is lost is not told",
    file: RECORD,
    find: 'this.#around.emit({ type: "eventLost", routerId, address, origin, sequence, why });',
    replace: "",
  },
  // Locks
  {
    name: "a lease outlives its renewals",
    file: LEASES,
    find: "expire(nowMicros: number): void {",
    replace: "expire(nowMicros: number): void {\n    if (nowMicros >= 0) return;",
  },
  {
    name: "what a client locked elsewhere is not given back when it goes",
    file: "src/federation/lease_router.ts",
    find: 'this.#send(this.#head("release"), this.#kept.sessionEnded(session));',
    replace: "this.#kept.sessionEnded(session);",
  },

  // Bundles
  {
    name: "what can be done of a share is done, when not all can",
    file: "src/router/bundle_share.ts",
    find: 'if (refusal !== undefined) return { kind: "refused", refusal };\n  let revision',
    replace:
      "if (refusal !== undefined) share = { ...share, parts: share.parts.slice(0, -1) };\n  let revision",
  },
  {
    name: "a share runs again when its clock is looked at",
    file: "src/router/bundle_schedule.ts",
    find: "      this.remove(first);\n      bytes += first.bytes;",
    replace:
      "      bytes += BUNDLES_RUN_BYTES_MAX / 2;\n      if (bytes > BUNDLES_RUN_BYTES_MAX / 2) this.remove(first);",
  },
];
