import type { ByteConnection } from "./byte_connection.ts";

/** Frees a connection, whether it is open, broken or freed already. */
export function dropConnection(connection: ByteConnection): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
