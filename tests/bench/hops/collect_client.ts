/**
 * A client of a leaf that starts: connects as soon as the leaf listens and waits until it has all
 * values. `deno run --allow-net collect_client.ts PLAN`, where PLAN is JSON. In a process of its own.
 *
 * @module
 */
import { createLoadProtocol } from "./create_load_protocol.ts";
import { LoadConnection, type LoadListener } from "./load_connection.ts";
import type { CollectPlan } from "./load_plan.ts";
import type { LoadProtocol } from "./load_protocol.ts";
import { ReaderRecord } from "./reader_record.ts";
import { type LoadParent, runLoadClient } from "./run_load_client.ts";

const RETRY_MS = 2;
const ALIVE_MS = 2_000;
const OPEN_DEADLINE_MS = 20_000;
const LIFE_MS = 60_000;

await runLoadClient(collect);

async function collect({ say }: LoadParent): Promise<void> {
  const plan: CollectPlan = JSON.parse(Deno.args[0] ?? "");
  const record = new ReaderRecord(plan.addresses);
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const listener: LoadListener = {
    update: (address, number) => void record.take(address, number),
    answered() {},
    chunkEnded() {
      if (record.distinct === plan.addresses) end();
    },
  };
  setTimeout(end, LIFE_MS);
  const alive = setInterval(() => say({ kind: "alive" }), ALIVE_MS);
  say({ kind: "ready" });
  const protocol = createLoadProtocol(plan.protocol, { role: "reader", isConfirmed: false });
  const { connection, openMs } = await open(plan.readerPort, { protocol, listener });
  const { request } = protocol;
  const asking = setInterval(() => {
    if (request !== undefined && !record.isReached) connection.write(request);
  }, RETRY_MS);
  await ended;
  const atMs = Date.now();
  clearInterval(asking);
  clearInterval(alive);
  const wrong = new Set<number>();
  record.collectWrong(Float64Array.from({ length: plan.addresses }, (_, number) => number), wrong);
  say({
    kind: "collected",
    openMs,
    atMs,
    lost: plan.addresses - record.distinct,
    wrong: wrong.size,
  });
}

/** Connects again and again until it works. */
async function open(
  port: number,
  end: { readonly protocol: LoadProtocol; readonly listener: LoadListener },
): Promise<{ readonly connection: LoadConnection; readonly openMs: number }> {
  const startMs = Date.now();
  for (;;) {
    const openMs = Date.now();
    try {
      return { connection: await LoadConnection.open(port, end), openMs };
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      if (openMs - startMs > OPEN_DEADLINE_MS) {
        throw new Error(`Waited ${OPEN_DEADLINE_MS} ms in vain for leaf B to listen`);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}
