/** What HTTP and WebSocket need of a connection that carries bytes. */
export type ByteConnection = Pick<Deno.Conn, "read" | "write" | "closeWrite" | "close">;
