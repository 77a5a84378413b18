/**
 * The deliberate mistakes that `deno task mutate` makes, each with the tests that must notice it.
 *
 * @module
 */

/** One mistake: `find` becomes `replace` in `file`, and one of `tests` must fail. */
export interface Mutation {
  /** Path from the project's root. */
  readonly file: string;
  /** Text that occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Test files, from the project's root. */
  readonly tests: readonly string[];
  /** What goes wrong for a user when nobody notices. */
  readonly why: string;
}

const VERSION = "tests/unit/state/version_test.ts";
const CLIENT_SESSION = "tests/unit/router/client_session_test.ts";
const LEGACY_HUB = "tests/sim/legacy_hub_test.ts";
const LEGACY_LEAF = "tests/sim/legacy_leaf_test.ts";
const SAME_VALUE = "tests/unit/wire/same_value_test.ts";

/** By directory of the sources. */
export const MUTATIONS: readonly Mutation[] = [
  {
    file: "src/wire/frame.ts",
    find: "if (payloadEnd > bytes.length) {",
    replace: "if (payloadEnd > bytes.length + 1) {",
    tests: ["tests/unit/wire/frame_test.ts"],
    why: "a cut frame would be read beyond its end",
  },
  {
    file: "src/wire/encoded_value.ts",
    find: "if (depth >= VALUE_DEPTH_MAX) {",
    replace: "if (depth > VALUE_DEPTH_MAX) {",
    tests: ["tests/unit/wire/value_codec_test.ts"],
    why: "a value could be nested deeper than its bound",
  },
  {
    file: "src/wire/param_codec.ts",
    find: "if (message.ttl !== undefined) writer.u32(message.ttl);",
    replace: "if (message.ttl) writer.u32(message.ttl);",
    tests: ["tests/unit/wire/param_codec_test.ts", "tests/unit/wire/round_trip_test.ts"],
    why: "a SET with TTL 0 would be cut short",
  },
  {
    file: "src/address/pattern.ts",
    find: 'while (segments[position]?.kind === "globstar") position++;',
    replace: "",
    tests: ["tests/unit/address/pattern_test.ts"],
    why: "/a/** would not match /a",
  },
  {
    file: "src/address/specificity.ts",
    find: "literalUnits(a.parts) - literalUnits(b.parts)",
    replace: "literalUnits(b.parts) - literalUnits(a.parts)",
    tests: ["tests/unit/address/specificity_test.ts"],
    why: "/zone* would own what /zone5* claims",
  },
  {
    file: "src/address/coverage.ts",
    find: "if (!a.segments.some(isGlobstar)) return false;",
    replace: "if (!a.segments.some(isGlobstar)) return true;",
    tests: ["tests/unit/address/coverage_test.ts"],
    why: "a peer that declared /a/* could sync /**",
  },
  {
    file: "src/state/version.ts",
    find: "Math.min(loser.revision + 1, VERSION_NUMBER_MAX)",
    replace: "Math.min(loser.revision, VERSION_NUMBER_MAX)",
    tests: [VERSION],
    why: "revisions would go backwards when a link heals",
  },
  {
    file: "src/state/version.ts",
    find: "if (a.origin !== b.origin) return a.origin < b.origin ? -1 : 1;",
    replace: "if (a.origin !== b.origin) return a.origin < b.origin ? -1 : 0;",
    tests: [VERSION],
    why: "two sites that write in the same microsecond would keep different values",
  },
  {
    file: "src/state/locks.ts",
    find: "if (this.#holderByAddress.get(address) !== holder) return;",
    replace: "",
    tests: ["tests/unit/state/locks_test.ts"],
    why: "anybody could release anybody's lock",
  },
  {
    file: "src/router/params.ts",
    find: "return knownTimestamp + 1 + Math.floor(random() * JUST_PAST_MICROS);",
    replace: "return time;",
    tests: ["tests/unit/router/params_test.ts"],
    why: "a write could be as old as the one it saw, and lose to it elsewhere",
  },
  {
    file: "src/router/bundle.ts",
    find: "const refusal = flatten(bundle, parts, 1) ?? problemOf(router, session, parts);",
    replace: "const refusal = flatten(bundle, parts, 1);",
    tests: ["tests/unit/router/bundle_test.ts"],
    why: "half a bundle would be applied",
  },
  {
    file: "src/router/client_session.ts",
    find: "this.#router.locks.releaseAll(this.id);",
    replace: "",
    tests: [CLIENT_SESSION],
    why: "a desk that crashed would hold its locks for ever",
  },
  {
    file: "src/federation/forward_receiver.ts",
    find: 'context.kind === "update" && !link.mayUpdate(address)',
    replace: 'context.kind === "offer" && !link.mayUpdate(address)',
    tests: ["tests/unit/federation/forward_receiver_test.ts"],
    why: "a site could write into another site's namespace",
  },
  {
    file: "src/federation/federation_core.ts",
    find: "this.writes.linkLost(link, end.reason);",
    replace: "",
    tests: ["tests/unit/federation/write_router_test.ts"],
    why: "a write on a lost link would be answered late",
  },
  {
    file: "src/edge/websocket_transport.ts",
    find: "const frame = closeFrame(code, reason);",
    replace: "const frame = { code, reason };",
    tests: ["tests/edge/websocket_transport_test.ts"],
    why: "a long reason would throw and leave the connection open",
  },
  {
    file: "src/edge/router_host.ts",
    find: "nowMicros - this.#flushPlannedMicros > FLUSH_AGE_MAX_MICROS",
    replace: "nowMicros < this.#flushPlannedMicros",
    tests: ["tests/unit/edge/router_host_test.ts"],
    why: "a flood of messages would hold back every batch to a peer",
  },
  {
    file: "src/edge/peer_directory.ts",
    find: "info.routerId !== exceptRouterId && ",
    replace: "",
    tests: ["tests/unit/edge/federation_manager_test.ts"],
    why: "an application would forward updates back to where they came from",
  },
  {
    file: "src/cli/value_text.ts",
    find: "return /[.e]/.test(text) ? text : `${text}.0`;",
    replace: "return text;",
    tests: ["tests/unit/cli/value_text_test.ts"],
    why: "get would print 1.0 as 1, and set would write it back as another type",
  },
  {
    file: "src/cli/server_options.ts",
    find: "ttlSeconds === undefined || ttlSeconds === 0",
    replace: "ttlSeconds === undefined",
    tests: ["tests/unit/cli/server_options_test.ts"],
    why: "--param-ttl 0 would not mean never",
  },
  {
    file: "src/cli/suggestion.ts",
    find: "<= slips ?",
    replace: "< slips ?",
    tests: ["tests/unit/cli/suggestion_test.ts"],
    why: "a slip of the finger would get no suggestion",
  },
  {
    file: "scripts/lint_plugin.ts",
    find: "if (targetRank < rank) return undefined;",
    replace: "if (targetRank <= rank) return undefined;",
    tests: ["tests/unit/scripts/lint_plugin_test.ts"],
    why: "wire and address could import each other",
  },
  {
    file: "scripts/compile.ts",
    find: '"--no-prompt",',
    replace: "",
    tests: ["tests/unit/scripts/compile_test.ts"],
    why: "a binary would stop and ask for permissions",
  },
  {
    file: "src/router/params.ts",
    find: "if (!cause.raised && (subscriber === from || subscriber === except)) continue;",
    replace: "if (!cause.raised && subscriber === except) continue;",
    tests: ["tests/sim/params_test.ts"],
    why: "every version would go back to the link it came from",
  },
  {
    file: "src/router/params.ts",
    find: "if (cause.raised && !senderTold) from?.paramChanged(change);",
    replace: "",
    tests: ["tests/sim/params_test.ts"],
    why: "a peer that did not subscribe would keep a revision that was raised",
  },
  {
    file: "src/router/params.ts",
    find: "revision: Math.max(known?.revision ?? 0, requesterKnown?.revision ?? 0) + 1,",
    replace: "revision: (known?.revision ?? 0) + 1,",
    tests: ["tests/sim/params_test.ts"],
    why: "a requester would see its revision go backwards",
  },
  {
    file: "src/state/version.ts",
    find: "if (winner.revision > loser.revision) {",
    replace: "if (winner !== loser) {",
    tests: ["tests/sim/params_test.ts"],
    why: "clients would see revisions go backwards",
  },
  {
    file: "src/state/version.ts",
    find: "if (winner.revision > loser.revision) {",
    replace: "if (winner.revision >= loser.revision) {",
    tests: ["tests/sim/sim_test.ts"],
    why: "one revision would have two values",
  },
  {
    file: "src/federation/forward_receiver.ts",
    find: 'if (context.kind === "update" && !link.mayUpdate(address)) {',
    replace:
      'if (context.origin === this.#core.router.config.routerId) return;\n    if (context.kind === "update" && !link.mayUpdate(address)) {',
    tests: ["tests/sim/params_test.ts"],
    why: "a restarted router would not get its own state back",
  },
  {
    file: "src/federation/link.ts",
    find: "if (identity.origin === this.#routerId) return;",
    replace: "",
    tests: ["tests/sim/events_test.ts"],
    why: "an event would go back to the router it is from",
  },
  {
    file: "src/federation/forward_receiver.ts",
    find: "if (origin === router.config.routerId) return;",
    replace: "",
    tests: ["tests/sim/events_test.ts"],
    why: "a router's own events would come round to its clients",
  },
  {
    file: "src/federation/forward_receiver.ts",
    find: "if (!this.#seen.isNew(identity, router.nowMicros)) return;",
    replace: "",
    tests: ["tests/sim/events_test.ts"],
    why: "a cue that comes by two ways would fire twice",
  },
  {
    file: "src/federation/leaf_role.ts",
    find: "if (declaration.path.includes(routerId)) {",
    replace: "if (declaration.path.length > 99) {",
    tests: ["tests/sim/rings_test.ts"],
    why: "a ring of routers would go unnoticed",
  },
  {
    file: "src/federation/federation_core.ts",
    find: "this.#path = [routerId, ...declaration.path];",
    replace: "this.#path = [routerId];",
    tests: ["tests/sim/rings_test.ts"],
    why: "a ring of more than two routers would go unnoticed",
  },
  {
    file: "src/federation/write_router.ts",
    find: 'if (direction.kind === "here" || this.#cameRound(identity)) {',
    replace: 'if (direction.kind === "here") {',
    tests: ["tests/sim/rings_test.ts"],
    why: "a write in a ring would go round for its whole life",
  },
  {
    file: "src/federation/federation_core.ts",
    find: "this.writes.linkLost(link, end.reason);",
    replace: "",
    tests: ["tests/sim/links_test.ts"],
    why: "a write on a lost link would wait for its whole life",
  },
  {
    file: "src/federation/write_router.ts",
    find: "this.#pending.expire(router.nowMicros);",
    replace: "",
    tests: ["tests/sim/links_test.ts"],
    why: "a write that nobody answers would wait for ever",
  },
  {
    file: "src/federation/link.ts",
    find: "if (this.#unanswered >= HEARTBEATS_UNANSWERED_MAX) {",
    replace: "if (this.#unanswered >= 30) {",
    tests: ["tests/sim/links_test.ts"],
    why: "a dead link would be shown as Active for a minute",
  },
  {
    file: "src/federation/link.ts",
    find: "this.#syncsAwaited === 0 && this.#provenSinceSync",
    replace: "this.#syncsAwaited === 0",
    tests: ["tests/sim/links_test.ts"],
    why: "a link would be shown as Active before anything came back on it",
  },
  {
    file: "src/federation/federation_core.ts",
    find: "this.#leaves.get(routerId)?.end({",
    replace: 'this.#leaves.get("")?.end({',
    tests: ["tests/sim/links_test.ts"],
    why: "an old connection would live on beside the new one of the same router",
  },
  {
    file: "src/federation/declaration.ts",
    find: "if (text === this.#text) return false;",
    replace: "",
    tests: ["tests/sim/links_test.ts"],
    why: "two routers would answer each other's declarations for ever",
  },
  {
    file: "src/federation/federation_core.ts",
    find: 'this.claims.markLost({ kind: "leaf", routerId: link.routerId });',
    replace: "",
    tests: ["tests/sim/claims_test.ts"],
    why: "the namespace of a dead router could not be taken over",
  },
  {
    file: "src/federation/claims.ts",
    find: "return compareSpecificity(a.pattern, b.pattern) > 0;",
    replace: "return compareSpecificity(a.pattern, b.pattern) < 0;",
    tests: ["tests/sim/claims_test.ts"],
    why: "a nested namespace would be decided by the owner around it",
  },
  {
    file: "src/federation/claims.ts",
    find: "return aCoversB === bCoversA;",
    replace: "return false;",
    tests: ["tests/sim/claims_test.ts"],
    why: "two routers would own the same address",
  },
  {
    file: "src/federation/federation_clock.ts",
    find: "this.#offsetMicros = best.offsetMicros;",
    replace: "",
    tests: ["tests/sim/params_test.ts"],
    why: "a leaf would stamp with its own wrong clock",
  },
  {
    file: "src/federation/uplink.ts",
    find: "refusals: this.#refusals,",
    replace: "refusals: 0,",
    tests: ["tests/sim/rings_test.ts"],
    why: "a refused router would knock several times a second",
  },
  {
    file: "src/router/outbox.ts",
    find: "if (this.#head === this.#messages.length && this.#hasRoom()) {",
    replace: "if (this.#hasRoom()) {",
    tests: ["tests/sim/slow_peers_test.ts"],
    why: "a slow client would get an old value after a newer one",
  },
  {
    file: "src/edge/router_host.ts",
    find: "this.#wakeAtMicros = Infinity;\n    if",
    replace: "if",
    tests: ["tests/sim/links_test.ts"],
    why: "a router's timers would stop",
  },
  {
    file: "src/federation/leaf_role.ts",
    find: "    this.#subscribeToClaims();\n    this.#requestSync();",
    replace: "    this.#requestSync();",
    tests: ["tests/sim/params_test.ts"],
    why: "a restarted leaf with narrow imports would stay empty",
  },
  {
    file: "src/federation/digest_exchange.ts",
    find: "if (order > 0) lacks.push(address);",
    replace: "if (order < 0) lacks.push(address);",
    tests: ["tests/unit/federation/digest_exchange_test.ts"],
    why: "sync would send what the other side has already",
  },
  {
    file: "src/federation/write_router.ts",
    find: 'return this.#core.config.offlineWrites === "accept" && this.#core.mirrors(address);',
    replace: 'return this.#core.config.offlineWrites === "accept";',
    tests: ["tests/unit/federation/write_router_test.ts"],
    why: "a router would take care of params that it has no copy of",
  },
  {
    file: "src/router/params.ts",
    find: "if (!isOwn || raisedMicros <= timestampMicros) continue;",
    replace: "if (!isOwn || raisedMicros > timestampMicros) continue;",
    tests: ["tests/unit/federation/untimed_test.ts"],
    why: "what a site wrote before it knew the time would lose to older writes",
  },
  {
    file: "src/federation/leaf_role.ts",
    find: "if (this.#isHubTimed) clock.measure(",
    replace: "clock.measure(",
    tests: ["tests/sim/params_test.ts"],
    why: "a site would take a wrong clock for the federation's and lose its writes to older ones",
  },
  {
    file: "src/federation/federation_clock.ts",
    find: "> STEP_MICROS + roundTripMicros / 2",
    replace: "> STEP_MICROS",
    tests: ["tests/unit/federation/federation_clock_test.ts"],
    why: "one slow answer would move the federation's time by seconds",
  },
  {
    file: "src/federation/digest_exchange.ts",
    find: "if (!this.#isFirst({ depth, index }, 1)) return;",
    replace: "",
    tests: ["tests/unit/federation/state_sync_test.ts"],
    why: "a peer could be sent the whole store as often as it says that it has nothing",
  },
  {
    file: "src/federation/digest_exchange.ts",
    find: "if (this.#partsInStep > PARTS_PER_STEP) {",
    replace: "if (this.#partsInStep > Infinity) {",
    tests: ["tests/unit/federation/state_sync_test.ts"],
    why: "a peer could keep a router busy with one endless step",
  },
  {
    file: "src/federation/legacy_outflow.ts",
    find: `this.#send({ type: "SET", address, value, ttl });
  }

  #sent(`,
    replace: `this.#send({ type: "SET", address, value, ttl, revision: version.revision });
  }

  #sent(`,
    tests: [LEGACY_HUB],
    why: "a legacy hub would read the revision of a SET as the expected one and refuse it",
  },
  {
    file: "src/federation/legacy_outflow.ts",
    find: `this.#send({ type: "SET", address, value, ttl });
  }

  /** The hub tells a value. */`,
    replace: `this.#send(set);
  }

  /** The hub tells a value. */`,
    tests: [LEGACY_HUB],
    why: "a client's expected revision would be compared with another router's numbers",
  },
  {
    file: "src/federation/legacy_outflow.ts",
    find: "CREDIT_MAX = LEGACY_SETS_PER_SECOND_MAX * SLICE_MS / 1_000",
    replace: "CREDIT_MAX = 5_000",
    tests: [LEGACY_HUB],
    why: "a legacy hub would drop what comes above its rate limit",
  },
  {
    file: "src/federation/legacy_outflow.ts",
    find: "if (detail === undefined) this.#unsent.add(address);",
    replace: "if (detail === undefined) continue;",
    tests: [LEGACY_HUB],
    why: "what was in flight when a link was lost would never arrive",
  },
  {
    file: "src/federation/echo_filter.ts",
    find: 'return echoed.sent.isHeld ? { kind: "echo" } : { kind: "news", sent: echoed.sent };',
    replace: 'return { kind: "news", sent: echoed.sent };',
    tests: [LEGACY_HUB],
    why: "echoes of older values would overwrite newer ones",
  },
  {
    file: "src/federation/echo_filter.ts",
    find: 'return isOlder ? { kind: "overtaken" } : NEWS;',
    replace: "return NEWS;",
    tests: [LEGACY_HUB],
    why: "two writes in one moment could end differently at both ends",
  },
  {
    file: "src/federation/legacy_inflow.ts",
    find: "params.stamp({ ...write, except: unsent })",
    replace: "params.stamp(write)",
    tests: [LEGACY_HUB],
    why: "each value of the hub would be sent back to it",
  },
  {
    file: "src/federation/legacy_hub_sync.ts",
    find: "if (!settled.has(address) && (scope?.matches(address) ?? true)) unsent.add(address);",
    replace: "unsent.add(address);",
    tests: [LEGACY_HUB],
    why: "a reconnect would send everything again",
  },
  {
    file: "src/federation/legacy_inflow.ts",
    find: 'if (told.kind !== "news" || unsent.has(address)) return;',
    replace: 'if (told.kind !== "news") return;',
    tests: [LEGACY_HUB],
    why: "what was written while the link was down would be lost",
  },
  {
    file: "src/federation/legacy_inflow.ts",
    find: "if (known !== undefined && !this.#yielded.has(address)) unsent.add(address);",
    replace: "if (known !== undefined) unsent.add(address);",
    tests: [LEGACY_HUB],
    why: "a leaf and its hub that refuse each other's value would not stop",
  },
  {
    file: "src/federation/legacy_hub_link.ts",
    find: 'if (this.#state !== "Syncing" || !this.#isProven || !isSynced) return;',
    replace: 'if (this.#state !== "Syncing") return;',
    tests: [LEGACY_HUB],
    why: "a link would be shown Active before it is proven",
  },
  {
    file: "src/federation/legacy_hub_link.ts",
    find: "return this.#declared.patterns.length === 0 || this.#declared.matches(address);",
    replace: "return true;",
    tests: [LEGACY_HUB],
    why: "each event elsewhere would be an error at the hub",
  },
  {
    file: "src/federation/legacy_leaf_writes.ts",
    find: "if (this.#leaf.hasDeclared(address)) return undefined;",
    replace: "return undefined;",
    tests: [LEGACY_LEAF],
    why: "a legacy leaf could write in anybody's namespaces",
  },
  {
    file: "src/federation/legacy_leaf_writes.ts",
    find: `const refusal = part.type === "PUBLISH"
        ? this.#scopeProblem(part) ?? this.#leaf.publishProblem(part)
        : this.#setProblem(part, newAddresses.size);`,
    replace: "const refusal = this.#leaf.writeProblem(part.address);",
    tests: [LEGACY_LEAF],
    why: "a bundle would get round the namespaces",
  },
  {
    file: "src/federation/legacy_leaf_writes.ts",
    find: "return { address, value, ttl, holder: id, origin: routerId, except: this.#leaf };",
    replace: "return { address, value, ttl, holder: id, origin: routerId };",
    tests: [LEGACY_LEAF],
    why: "a legacy leaf would be sent back all that it sends",
  },
  {
    file: "src/federation/legacy_leaf_writes.ts",
    find: "if (known !== undefined && known.origin !== origin && sameValue(known.value, value)) {",
    replace: "if (known === undefined) {",
    tests: [LEGACY_LEAF],
    why: "a legacy leaf that passes on what it was told would make versions for ever",
  },
  {
    file: "src/federation/legacy_leaf_link.ts",
    find: 'if (this.#routerId === "" && this.#core.isConnected(routerId)) {',
    replace: 'if (this.#core.isConnected("")) {',
    tests: [LEGACY_LEAF],
    why: "a legacy leaf could take the place of a router that is connected",
  },
  {
    file: "src/federation/legacy_leaf_link.ts",
    find: "patterns.filter(({ text }) => text !== EVERYTHING)",
    replace: "patterns",
    tests: [LEGACY_LEAF],
    why: "the first public leaf with default settings would shut out every other",
  },
  {
    file: "src/federation/legacy_leaf_sync.ts",
    find: "if (granted.some((by) => covers(by, pattern))) continue;",
    replace: "continue;",
    tests: [LEGACY_LEAF],
    why: "a peer could read what it was not granted",
  },
  {
    file: "src/federation/legacy_leaf_sync.ts",
    find: "if (this.#waiting < LEGACY_ANSWERS_WAITING_MAX) return undefined;",
    replace: "return undefined;",
    tests: [LEGACY_LEAF],
    why: "a peer that reads nothing could have any number of answers wait",
  },
  {
    file: "src/federation/ping_heartbeat.ts",
    find: "if (this.#unanswered >= HEARTBEATS_UNANSWERED_MAX) {",
    replace: "if (this.#unanswered > 1_000) {",
    tests: [LEGACY_LEAF],
    why: "a legacy peer that is gone would stay Active",
  },
  {
    file: "src/wire/same_value.ts",
    find: "if (isFloat(codeA) !== isFloat(codeB)) return false;",
    replace: "",
    tests: [SAME_VALUE],
    why: "1 would be taken for 1.0, and not be kept",
  },
  {
    file: "src/router/params.ts",
    find: `      origin,
      ttl: write.ttl`,
    replace: `      origin: routerId,
      ttl: write.ttl`,
    tests: [LEGACY_LEAF],
    why: "what a legacy peer wrote would be shown as its hub's",
  },
  {
    file: "src/router/params.ts",
    find: "const isOwn = version?.origin === origin &&",
    replace: "const isOwn = version?.origin === this.#options.routerId &&",
    tests: [LEGACY_LEAF],
    why: "what was stamped for a legacy leaf would lose against older writes of others",
  },
];
