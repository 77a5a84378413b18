import { ALL_SIGNALS } from "../../src/wire/message.ts";
import { LineProcess } from "../support/line_process.ts";
import { startServer } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";

/** V8 gives back what it does not need when a process has done nothing for about 40 s. */
const REST_MS = 60_000;
/** The first ones have code compiled, and pools filled. */
const FIRST_SESSIONS = 90;
/** A router takes so many from one address at once, and then so many a second. */
const AT_ONCE = 900;
const PACE_MS = 12;
const PINGS = 200_000;
const PINGS_AT_ONCE = 2_000;

/** Resident bytes a session when all have been at rest for a minute, against such a router with few. */
export async function restingBytes(sessions: number): Promise<number> {
  return await grownBytes(sessions, () => wait(REST_MS));
}

/**
 * Resident bytes a session right after they came and another client has kept the router busy: with what
 * connecting left behind, and with a young generation that has grown to its largest.
 */
export async function freshBytes(sessions: number): Promise<number> {
  return await grownBytes(sessions, async (port) => {
    await using client = await RawClient.connect(port);
    for (let n = 0; n < PINGS; n++) {
      client.send({ type: "PING" });
      if (n % PINGS_AT_ONCE === 0) await client.settle();
    }
  });
}

/** Bytes a session that the router refers to: all that is left when garbage is collected. */
export async function aliveBytes(sessions: number): Promise<number> {
  Deno.env.set("DENO_V8_FLAGS", "--expose-gc");
  await using subject = await LineProcess.start("../bench/memory_subject.ts", "router");
  const port = Number(await subject.next());
  const clients = await connectAll(port, FIRST_SESSIONS);
  const before = Number(await subject.ask());
  clients.push(...await connectAll(port, sessions));
  const after = Number(await subject.ask());
  for (const client of clients) await client.close();
  return (after - before) / sessions;
}

/** Resident bytes a TCP connection of a server that reads and does nothing: what is not the router's. */
export async function bareBytes(connections: number): Promise<number> {
  await using subject = await LineProcess.start("../bench/memory_subject.ts", "bare");
  const port = Number(await subject.next());
  const open: Deno.TcpConn[] = [];
  const connect = async () => {
    const connection = await Deno.connect({ port, hostname: "127.0.0.1" });
    await connection.write(new Uint8Array(50));
    open.push(connection);
  };
  for (let n = 0; n < FIRST_SESSIONS; n++) await connect();
  await wait(REST_MS);
  const before = residentBytes(subject.pid);
  for (let n = 0; n < connections; n++) await connect();
  await wait(REST_MS);
  const after = residentBytes(subject.pid);
  for (const connection of open) connection.close();
  return (after - before) / connections;
}

async function grownBytes(
  sessions: number,
  settle: (port: number) => Promise<void>,
): Promise<number> {
  const flags = ["--max-sessions", "10000", "--max-sessions-per-address", "10000"];
  await using server = await startServer(flags);
  const { port, child: { pid } } = server;
  const clients = await connectAll(port, FIRST_SESSIONS);
  await settle(port);
  const before = residentBytes(pid);
  clients.push(...await connectAll(port, sessions));
  await settle(port);
  const after = residentBytes(pid);
  for (const client of clients) await client.close();
  return (after - before) / sessions;
}

/** Clients with one subscription, that say no more. */
async function connectAll(port: number, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < count) {
    const client = await RawClient.connect(port);
    await client.ask({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: ALL_SIGNALS });
    clients.push(client);
    if (clients.length > AT_ONCE) await wait(PACE_MS);
  }
  return clients;
}

/** Linux tells it. */
function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(
    Deno.readTextFileSync(`/proc/${pid}/status`),
  ) ?? [];
  return Number(kilobytes) * 1_024;
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
