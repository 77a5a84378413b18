/**
 * A process whose memory is measured: a router, or a bare TCP server that reads and does nothing, which
 * is the least that a connection takes. It writes its port; for each line that it is told it collects
 * garbage and writes how many bytes are in use still, in V8's heap and in buffers beside it.
 *
 * @module
 */
import { Router } from "../../mod.ts";
import { inputLines } from "../support/line_process.ts";

const LOCAL = { port: 0, hostname: "127.0.0.1" };
const READ_BYTES = 512;

if (import.meta.main) {
  console.log(Deno.args[0] === "bare" ? listenBare() : listenRouter());
  for await (const _ of inputLines()) console.log(usedBytes());
  Deno.exit();
}

function listenRouter(): number {
  return new Router({ maxSessions: 10_000, maxSessionsPerAddress: 10_000 }).listen(LOCAL).port;
}

function listenBare(): number {
  const listener = Deno.listen(LOCAL);
  void acceptAll(listener);
  return listener.addr.port;
}

async function acceptAll(listener: Deno.TcpListener): Promise<void> {
  for await (const connection of listener) void readAll(connection);
}

async function readAll(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  while (await connection.read(buffer) !== null);
  connection.close();
}

function usedBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new TypeError("Start it with DENO_V8_FLAGS=--expose-gc");
  gc();
  gc();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
