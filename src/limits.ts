/**
 * Every bound of the product, in one place, with its unit in its name.
 *
 * A peer can feed nothing that is not bounded by one of these. Those an operator may want to change
 * are defaults of `RouterConfig`; the rest are properties of the protocol.
 *
 * @module
 */

/** The payload of one frame, bytes: its length field is a u16. */
export const FRAME_PAYLOAD_BYTES_MAX: number = 65_535;
/** One WebSocket message between routers, bytes; larger ones are refused by the receiver. */
export const MESSAGE_BYTES_MAX: number = 1_048_576;
/** A batch on a link is closed at this size, bytes, so that one turn never builds a huge message. */
export const BATCH_BYTES_MAX: number = 262_144;

/** Nesting of arrays and maps in a value. */
export const VALUE_DEPTH_MAX: number = 32;
/** Named fields of one map in a v0 message, those that nobody knows included. */
export const V0_FIELDS_MAX: number = 64;
/** Nesting of arrays and maps in v0 fields that nobody knows: bundles, each with its list, and values. */
export const V0_NESTING_MAX: number = 48;
/** Nesting of bundles in bundles. */
export const BUNDLE_DEPTH_MAX: number = 4;
/** Messages in one bundle, those of nested bundles included. */
export const BUNDLE_MESSAGES_MAX: number = 4_096;

/** UTF-8 bytes of an address or a pattern. */
export const ADDRESS_BYTES_MAX: number = 1_024;
/** Segments of an address or a pattern. */
export const ADDRESS_SEGMENTS_MAX: number = 32;
/** `*` characters in a pattern; `**` counts as one. Keeps `covers` exact and quick at once. */
export const PATTERN_WILDCARDS_MAX: number = 10;
/** UTF-8 bytes of a router id, a session id or a client's name. */
export const NAME_BYTES_MAX: number = 128;
/** UTF-8 bytes of a token in HELLO. */
export const TOKEN_BYTES_MAX: number = 16_384;
/** Tokens in one token file: each HELLO is compared with all of them. */
export const TOKENS_PER_FILE_MAX: number = 1_000;
/** Bytes of a token file. */
export const TOKEN_FILE_BYTES_MAX: number = 4_194_304;
/** Milliseconds between two looks at a token file that may have changed. */
export const TOKEN_FILE_CHECK_MS: number = 1_000;
/** Milliseconds between two looks at it because a token would be refused. */
export const TOKEN_FILE_LOOK_MS: number = 100;
/** Scopes of one token; of a capability token, at each of its levels. */
export const SCOPES_PER_TOKEN_MAX: number = 64;
/** Those of them with `**` before the end of their pattern: comparing two takes up to 1 ms. */
export const SCOPES_COSTLY_MAX: number = 8;
/** UTF-8 bytes of a scope: the longest action, a colon and a pattern. */
export const SCOPE_BYTES_MAX: number = ADDRESS_BYTES_MAX + 6;
/** UTF-8 bytes of the nonce of a capability token; a UUID has 36. */
export const CAP_NONCE_BYTES_MAX: number = 128;
/** Delegations behind a capability token that a router accepts when it is not told otherwise. */
export const CAP_DEPTH_MAX_DEFAULT: number = 5;
/** The most delegations that a router may be told to accept. */
export const CAP_DEPTH_MAX: number = 16;

/** Seconds a new connection has to say HELLO. */
export const HANDSHAKE_TIMEOUT_SECONDS: number = 10;
/** Bytes that a connection may send while its token is looked at. */
export const AUTHENTICATION_BYTES_MAX: number = 16_384;
/** Messages of them. */
export const AUTHENTICATION_MESSAGES_MAX: number = 64;
/** Milliseconds after which the wall clock is looked at again for the expiry of a token. */
export const GRANT_CHECK_MS: number = 60_000;
/** Identities that are remembered as revoked, for bundles that wait; beyond it the oldest goes. */
export const REVOKED_IDENTITIES_MAX: number = 10_000;
/** Sessions a router accepts, peers included. */
export const SESSIONS_MAX: number = 1_000;
/**
 * Connections from one remote address (of IPv6, from one /64), loopback too: a quarter of all, so that
 * one machine leaves room for others. Behind a proxy, give it the value of all.
 */
export const SESSIONS_PER_ADDRESS_MAX: number = 256;
/**
 * Connections that one remote address may open in a second, when it goes on, and at once: all that a
 * site has come back several times over after a restart.
 */
export const CONNECTIONS_PER_ADDRESS_PER_SECOND: number = 100;
/** See above. */
export const CONNECTIONS_PER_ADDRESS_BURST: number = 1_000;
/** Remote addresses of which is remembered what they did lately; beyond it the oldest is forgotten. */
export const ADDRESSES_WATCHED_MAX: number = 10_000;
/**
 * Messages a second of one client's session, and at once. A load generator on the router's own machine
 * was measured at 55,000: what is far above that is no honest client's. 0 is no limit, as it is for peers.
 */
export const MESSAGES_PER_SECOND_MAX: number = 200_000;
/** Bytes a second of one client's session, and at once. */
export const BYTES_PER_SECOND_MAX: number = 268_435_456;
/** Seconds on end of more than that after which the connection is closed. */
export const RATE_EXCEEDED_SECONDS_MAX: number = 10;
/** SUBSCRIBEs a second of one session, when it goes on: each may walk through all params. */
export const SUBSCRIBES_PER_SECOND_MAX: number = 200;
/** SUBSCRIBEs at once: all that a session may have, twice. */
export const SUBSCRIBES_BURST: number = 2_000;
/** Attempts with a wrong token that one remote address has before the next ones are slowed down. */
export const ATTEMPTS_FREE: number = 50;
/** Milliseconds that the next attempt waits; doubled with each further one that fails. */
export const ATTEMPT_DELAY_MS: number = 250;
/** The longest such wait: shorter than a client waits for WELCOME, so that a valid token gets in. */
export const ATTEMPT_DELAY_MAX_MS: number = 4_000;
/** Failed attempts from which on all attempts of an address are refused. */
export const ATTEMPTS_FAILED_MAX: number = 100;
/** Milliseconds after which one of them is forgiven. */
export const ATTEMPT_FORGIVEN_MS: number = 30_000;
/** Subscriptions of one session. */
export const SUBSCRIPTIONS_PER_SESSION_MAX: number = 1_000;
/**
 * Addresses of one session whose updates its subscriptions limit; the one left alone longest is
 * forgotten, and where none can be, updates of others are not limited. For params and streams each.
 */
export const LIMITED_ADDRESSES_MAX: number = 10_000;
/**
 * Bytes of streams that such limits of one session hold back, and of samples that they gather, each;
 * what comes beyond it is sent at once.
 */
export const LIMITED_BYTES_MAX: number = 1_048_576;
/** Milliseconds after which an address that is left alone is forgotten there. */
export const LIMITED_IDLE_MS: number = 600_000;
/** Longest time for which a subscription's samples are gathered, milliseconds. */
export const SAMPLE_WINDOW_MAX_MS: number = 1_000;
/** Samples gathered in one message. */
export const SAMPLES_GATHERED_MAX: number = 4_096;
/** Changes of params that a router remembers for SUBSCRIBEs with `history`, all addresses together. */
export const HISTORY_CHANGES_MAX: number = 10_000;
/** Bytes of them, about: 16 MiB. */
export const HISTORY_BYTES_MAX: number = 16_777_216;
/** Values of each address that a SUBSCRIBE may ask for with `history`, the current one included. */
export const HISTORY_VALUES_MAX: number = 1_000;
/** Milliseconds between two moves of a gesture: the newest of those that come faster is sent. */
export const GESTURE_MOVE_INTERVAL_MS: number = 16;
/** Gestures whose moves one router conflates at once; those of others are sent as they come. */
export const GESTURES_MAX: number = 10_000;
/** Those of one session. */
export const GESTURES_PER_SESSION_MAX: number = 256;
/** Bytes of the moves that wait. */
export const GESTURES_BYTES_MAX: number = 16_777_216;
/** SUBSCRIBEs of one session that wait for what the hub knows. */
export const SUBSCRIBES_WAITING_MAX: number = 1_000;
/** GETs of one session that wait for its own writes. */
export const GETS_WAITING_PER_SESSION_MAX: number = 1_000;
/** Definitions of signals that one session announces. */
export const DEFINITIONS_PER_SESSION_MAX: number = 5_000;
/** Definitions a router keeps, its own clients' and those that links told it. */
export const DEFINITIONS_MAX: number = 50_000;
/** Of these, what links may take: they never leave a router's own clients without room. */
export const DEFINITIONS_OF_LINKS_MAX: number = 40_000;
/** UTF-8 bytes of the datatype, and of the access, in a definition. */
export const DEFINITION_TEXT_BYTES_MAX: number = 128;
/** Milliseconds that a definition outlives the session that announced it, or the way to it. */
export const DEFINITION_KEPT_MS: number = 3_600_000;
/** Milliseconds that a peer has to tell its definitions again after it has connected anew. */
export const DEFINITION_REPEAT_MS: number = 30_000;
/** Signals to sessions at other routers that wait for an answer: of one session, and on one router. */
export const P2P_WAITING_PER_SESSION_MAX: number = 256;
/** See above. */
export const P2P_WAITING_MAX: number = 10_000;
/** Milliseconds that a signal to a session at another router has, its answer included. */
export const P2P_LIFE_MS: number = 5_000;
/** Sessions at routers below that are reached by P2P signals. */
export const P2P_SESSIONS_MAX: number = 20_000;
/** Milliseconds ahead of federation time that a bundle may be scheduled. */
export const BUNDLE_AHEAD_MAX_MS: number = 86_400_000;
/** Scheduled bundles, or shares of them, that wait on one router. */
export const BUNDLES_WAITING_MAX: number = 10_000;
/** Bytes of their frames, and `BUNDLED_MESSAGE_BYTES` for each message in them. */
export const BUNDLES_WAITING_BYTES_MAX: number = 67_108_864;
/** Those of one session. They go on waiting when it ends. */
export const BUNDLES_WAITING_PER_SESSION_MAX: number = 1_000;
/** Bytes of them, counted alike. */
export const BUNDLES_WAITING_PER_SESSION_BYTES_MAX: number = 8_388_608;
/** Those that came by one peer. */
export const BUNDLES_WAITING_PER_PEER_MAX: number = 5_000;
/** Bytes of them, counted alike. */
export const BUNDLES_WAITING_PER_PEER_BYTES_MAX: number = 33_554_432;
/** What a message of a waiting bundle takes beside its bytes. */
export const BUNDLED_MESSAGE_BYTES: number = 200;
/** Bytes of bundles that run in one event-loop turn, when many are due: the rest follows. */
export const BUNDLES_RUN_BYTES_MAX: number = 1_048_576;
/** Milliseconds after its time from which on a bundle counts as late, and its sender is told. */
export const BUNDLE_LATE_MS: number = 20;
/** Milliseconds after which a router with scheduled bundles looks at federation time again. */
export const BUNDLE_CLOCK_CHECK_MS: number = 1_000;
/** Params a router keeps. */
export const PARAMS_MAX: number = 1_000_000;
/** Tombstones a router keeps, beside its params; the oldest goes first. */
export const TOMBSTONES_MAX: number = 100_000;
/** Milliseconds that an expired param is remembered, so that no router brings its value back. */
export const TOMBSTONE_LIFE_MS: number = 86_400_000;
/** Bytes of params in one block of a state file, except that a block holds one param at least. */
export const STATE_BLOCK_BYTES: number = 65_536;
/** Bytes of a block that a reader of a state file believes in. */
export const STATE_BLOCK_BYTES_MAX: number = 4 * STATE_BLOCK_BYTES;
/** Seconds between two savings of the params, when nobody names another. */
export const PERSIST_INTERVAL_SECONDS: number = 30;
/** The longest such interval. */
export const PERSIST_INTERVAL_SECONDS_MAX: number = 86_400;
/** Milliseconds after which a failed saving is tried again, when the interval is longer. */
export const PERSIST_RETRY_MS: number = 10_000;
/** Milliseconds that connections have at a stop to take what waits for them, unless told otherwise. */
export const DRAIN_TIMEOUT_MS: number = 5_000;
/** Bytes queued for one connection before it is closed with 503 at once. */
export const OUTBOX_BYTES_MAX: number = 67_108_864;
/** Messages queued for one connection before it is closed with 503 at once: small ones cost more. */
export const OUTBOX_MESSAGES_MAX: number = 250_000;
/** Stream samples and moves of gestures queued for one connection; beyond it the oldest goes. */
export const OUTBOX_SAMPLES_MAX: number = 1_000;
/** Bytes of their frames. */
export const OUTBOX_SAMPLES_BYTES_MAX: number = 1_048_576;
/** With more bytes than this queued for `OUTBOX_SLOW_MS` on end, a connection is closed with 503. */
export const OUTBOX_SLOW_BYTES: number = 8_388_608;
/** Snapshots and other bulk data that wait to be made for one connection. */
export const OUTBOX_SOURCES_MAX: number = 2_000;
/** Milliseconds that a connection may stay behind: a burst passes, a reader that stopped does not. */
export const OUTBOX_SLOW_MS: number = 2_000;
/** Bytes in the socket's own buffer above which the router queues instead of sending. */
export const OUTBOX_HIGH_WATER_BYTES: number = 262_144;
/** Part of the high-water mark to which that buffer must drain before the router sends again. */
export const OUTBOX_LOW_WATER_SHARE: number = 0.5;
/** Bytes that one connection may send of what waits for it, in one turn, while others wait. */
export const OUTBOX_SLICE_BYTES: number = 65_536;
/** Bytes that all connections together may send of what waits, in one turn of the event loop. */
export const OUTBOX_TURN_BYTES: number = 524_288;
/** Payload bytes of one SNAPSHOT chunk; small enough that a snapshot and live updates interleave. */
export const SNAPSHOT_CHUNK_BYTES: number = 32_768;
/** Messages, with the reads they came in, that one connection has handled in a turn while others wait. */
export const RECEIVE_SLICE_MESSAGES: number = 500;
/** Bytes of them. */
export const RECEIVE_SLICE_BYTES: number = 131_072;
/** The same of all connections together, in one turn of the event loop. */
export const RECEIVE_TURN_MESSAGES: number = 2_000;
/** Bytes of them. */
export const RECEIVE_TURN_BYTES: number = 524_288;
/** Bytes of buffers that are kept for frames to be written, of all connections together. */
export const FRAME_BUFFERS_BYTES_MAX: number = 4_194_304;
/** Bytes that are read from a socket at once. */
export const READ_BYTES_MAX: number = 65_536;
/**
 * Connections that are no WebSocket yet, or get a page, from one address (of IPv6, from one /64): as
 * many as all clients of a site behind one proxy that come back together. With one more, the oldest
 * is cut.
 */
export const VISITS_PER_ADDRESS_MAX: number = 512;
/** The same in all. */
export const VISITS_MAX: number = 1_024;
/** Seconds until a page must have been made and taken, once it was asked for. */
export const PAGE_TIMEOUT_SECONDS: number = 30;
/** Bytes of an HTTP request, request line and headers. */
export const REQUEST_HEAD_BYTES_MAX: number = 16_384;
/** Bytes of its target, path and query. */
export const REQUEST_TARGET_BYTES_MAX: number = 4_096;
/** Its header lines. */
export const REQUEST_HEADERS_MAX: number = 100;
/** Milliseconds after which a listener goes on when the system let it accept nothing. */
export const ACCEPT_RETRY_MS: number = 100;
/**
 * Sockets on the way to their end, from one address: closed by one end and waiting for the other.
 * With one more, the oldest is cut.
 */
export const CLOSING_SOCKETS_PER_ADDRESS_MAX: number = 256;
/** The same in all. */
export const CLOSING_SOCKETS_MAX: number = 1_024;
/** UTF-8 bytes of the reason in a close frame. */
export const CLOSE_REASON_BYTES_MAX: number = 123;
/** Milliseconds that a peer has to agree to a close, counted anew whenever it takes something. */
export const CLOSE_GRACE_MS: number = 1_000;
/** Milliseconds that it has at all. */
export const CLOSING_MAX_MS: number = 10_000;
/** Milliseconds between attempts to have a port again that this router had before. */
export const LISTEN_RETRY_MS: number = 250;
/** Bytes of a file with certificates or a key. */
export const PEM_FILE_BYTES_MAX: number = 262_144;
/** Milliseconds until an unanswered dial fails. */
export const DIAL_TIMEOUT_MS: number = 5_000;
/** Servers that are remembered because they left a TLS handshake without an answer. */
export const STALLED_SERVERS_MAX: number = 1_000;
/** Bytes of a server's HTTP answer to a dial, status line and headers. */
export const UPGRADE_RESPONSE_BYTES_MAX: number = 16_384;
/** Seconds without a message or a pong after which a WebSocket counts as dead; pinged at half. */
export const IDLE_TIMEOUT_SECONDS: number = 30;

/** Namespace patterns a peer may declare, and patterns a RequestSync may name. */
export const MAX_FEDERATION_PATTERNS: number = 1_000;
/**
 * Subscriptions of one peer: what a leaf imports, what it and its leaves claim, and what is wanted there
 * beyond both, each at most `MAX_FEDERATION_PATTERNS`. It believes in them: none may be refused.
 */
export const PEER_SUBSCRIPTIONS_MAX: number = 3 * MAX_FEDERATION_PATTERNS;
/**
 * Bytes of the patterns in one FEDERATION_SYNC: leaves room in the same frame for the sender's id, and
 * for the path of a declaration.
 */
export const FEDERATION_PATTERNS_BYTES_MAX: number = 60_000;
/** Entries in one revision vector. */
export const MAX_REVISION_ENTRIES: number = 10_000;
/** Claims a router keeps, of all routers together. */
export const CLAIMS_MAX: number = 100_000;
/**
 * Claims that a hub tells its leaves a millisecond, those that each leaf knows already included. With
 * a thousand leaves of one claim each, changes are gathered for 4 s.
 */
export const CLAIMS_DECLARED_PER_MS: number = 250;
/**
 * Comparisons of patterns that the declarations from one remote address cost a hub in a second, when it
 * goes on: half of that second. Each pattern is compared with all claims that the hub knows.
 */
export const DECLARATION_WORK_PER_SECOND: number = 10_000_000;
/** The same at once: what a site with its routers takes to come back, many times over. */
export const DECLARATION_WORK_BURST: number = 200_000_000;
/** Comparisons that any declaration counts for at least, since others are told of it. */
export const DECLARATION_WORK_MIN: number = 20_000;
/**
 * Params that a hub looks through for each millisecond between two comparisons of states that one peer
 * asks for: with a million params, one begins every 2 s at most. The last that was asked for does.
 */
export const SYNC_PARAMS_PER_MS: number = 500;
/** Routers on the path from a router to the root. */
export const PATH_ROUTERS_MAX: number = 16;
/** Milliseconds that a link has to show that it lives, when its router id connects a second time. */
export const NEWCOMER_WAIT_MS: number = 500;
/** Bytes that such a second connection may send meanwhile; a leaf sends a heartbeat at most. */
export const NEWCOMER_BYTES_MAX: number = 65_536;
/** Peers a federation manager tells about; beyond it one that is away is forgotten. */
export const PEERS_KNOWN_MAX: number = 10_000;
/** Write requests waiting for an answer, on one router. */
export const PENDING_WRITES_MAX: number = 100_000;
/** Shares of bundles that a router sent on and may still be told about. */
export const SHARES_SENT_MAX: number = 10_000;
/** Those that came by one peer. */
export const SHARES_SENT_PER_PEER_MAX: number = 5_000;
/** GETs waiting for the hub's answer, on one router. */
export const REMOTE_GETS_WAITING_MAX: number = 10_000;
/** Link events that wait for the reader of an application; beyond it the oldest goes. */
export const LINK_EVENTS_WAITING_MAX: number = 10_000;
/** SYNCs of one link that wait for their answers; beyond it the oldest is not waited for. */
export const SYNCS_WAITING_MAX: number = 16;
/** Entries in one FORWARD context. */
export const CONTEXT_ENTRIES_MAX: number = 1_000;
/** Event identities remembered against duplicates. */
export const SEEN_EVENTS_MAX: number = 100_000;
/** Routers beyond the peers of which is remembered by which link they are reached. */
export const ORIGINS_MAX: number = 10_000;
/** Events kept for one peer, sent and not acknowledged or not sent yet; beyond it the oldest goes. */
export const EVENTS_QUEUED_MAX: number = 10_000;
/** Bytes of their frames. */
export const EVENTS_QUEUED_BYTES_MAX: number = 16_777_216;
/** Repeatable events after which a link's receiver acknowledges at once. */
export const EVENTS_PER_ACK_MAX: number = 64;
/** Milliseconds after which it acknowledges fewer. */
export const EVENT_ACK_DELAY_MS: number = 50;
/** Peers without a link that are remembered; beyond it the one away longest is forgotten. */
export const PEERS_AWAY_MAX: number = 1_000;
/**
 * Milliseconds after its last link that a router id belongs to the credential that used it. A new one
 * of other rights for the same site has to wait, or to take another router id.
 */
export const ROUTER_ID_KEPT_MS: number = 3_600_000;
/** Router ids of one credential that are remembered; beyond it the one away longest is forgotten. */
export const ROUTER_IDS_PER_IDENTITY_MAX: number = 64;
/** Milliseconds that events are kept for a leaf that is away. */
export const PEER_AWAITED_MS: number = 600_000;

/** No right clock shows an earlier time than this: 2026-11-01, microseconds since 1970. */
export const EARLIEST_TIME_MICROS: number = 1_793_491_200_000_000;
/** No peer moves federation time beyond this: 2100-01-01, microseconds since 1970. */
export const LATEST_TIME_MICROS: number = 4_102_444_800_000_000;
/** A year later: a clock that was moved to the latest time runs on, is measured, and stamps. */
export const TIME_SEEN_MAX_MICROS: number = LATEST_TIME_MICROS + 31_557_600_000_000;
/**
 * How far leaves move a router's time forward, all together in the life of a process: 30 years. A
 * machine whose battery is dead shows 1970 and starts at `EARLIEST_TIME_MICROS`; a release is not run
 * for longer than this after its date.
 */
export const TIME_FORWARD_MAX_MICROS: number = 946_728_000_000_000;

/** Peers that the explanation of an address names. */
export const EXPLAINED_PEERS_MAX: number = 50;

/** Milliseconds until a DeclareNamespaces that a legacy hub does not answer shows: no federation. */
export const LEGACY_DECLARE_TIMEOUT_MS: number = 5_000;
/** SETs a second that bring a legacy hub up to date: it drops what comes above 1,000 messages. */
export const LEGACY_SETS_PER_SECOND_MAX: number = 800;
/** SETs to a legacy hub that wait for their answers. */
export const LEGACY_IN_FLIGHT_MAX: number = 10_000;
/** RequestSync and RevisionVector messages of a legacy leaf that wait to be answered. */
export const LEGACY_ANSWERS_WAITING_MAX: number = 1_000;

/** Levels of the digest tree below its root; a node has 16 parts on the next. */
export const DIGEST_DEPTH_MAX: number = 4;

/** Life of a write request, milliseconds. */
export const WRITE_LIFE_MS: number = 5_000;
/** Life of an event on its way, milliseconds, when its router is not told another. */
export const EVENT_LIFE_MS: number = 5_000;
/** Renewal of a lock that was taken through another router, milliseconds. */
export const LEASE_RENEWAL_MS: number = 3_000;
/** Life of such a lock after its last renewal, milliseconds. */
export const LEASE_LIFE_MS: number = 10_000;
/** Such locks that a router gives to other routers, and those that it keeps at other routers. */
export const LEASES_MAX: number = 10_000;
/** Locks in one LEASE message. */
export const LEASE_ENTRIES_MAX: number = 1_000;
/** Routers that a LEASE message passes, up to the root and down again. */
export const LEASE_HOPS_MAX: number = 2 * PATH_ROUTERS_MAX;
/** Shortest life of events that a router may be told, milliseconds. */
export const EVENT_LIFE_MIN_MS: number = 100;
/** Longest life of any event, milliseconds; one that claims more has this. */
export const EVENT_LIFE_MAX_MS: number = 60_000;
/** Heartbeat on a link, milliseconds. */
export const HEARTBEAT_MS: number = 2_000;
/** Unanswered heartbeats before a link counts as lost. */
export const HEARTBEATS_UNANSWERED_MAX: number = 3;

/** Requests for `/status` and `/metrics` that one remote address may send in a second, when it goes on. */
export const PAGES_PER_ADDRESS_PER_SECOND: number = 20;
/** The same at once. */
export const PAGES_PER_ADDRESS_BURST: number = 100;
/** Claims, links and shown links that `/status` lists; how many more there are, it says. */
export const STATUS_ENTRIES_MAX: number = 5_000;
/** Peers of which `/metrics` has samples of their own, so that strange ids do not flood a database. */
export const METRICS_PEERS_MAX: number = 1_000;
/** Milliseconds between two looks at the counters, for rates. */
export const RATE_INTERVAL_MS: number = 1_000;
/** Intervals over which a rate is taken. */
export const RATE_INTERVALS: number = 5;
/** Intervals that are remembered for a drawing: 5 minutes. */
export const RATE_HISTORY_INTERVALS: number = 300;
/** Links of which the last error is remembered; beyond it the oldest goes. */
export const LINK_ERRORS_KEPT_MAX: number = 1_000;
/** Bytes of `/status` that the command line reads. */
export const STATUS_BYTES_MAX: number = 67_108_864;
