import type { ByteConnection } from "./byte_connection.ts";

/** Writes some bytes. Returns whether the connection took all of them; it is of no use otherwise. */
export async function writeAll(connection: ByteConnection, bytes: Uint8Array): Promise<boolean> {
  try {
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    return true;
  } catch {
    // The other end has left, or the connection was cut here: whoever cut it knows why.
    return false;
  }
}
