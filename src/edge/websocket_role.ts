/**
 * Which end of a WebSocket this is: a client masks what it sends, a server does not (RFC 6455,
 * section 5.1).
 */
export type WebSocketRole = "client" | "server";
