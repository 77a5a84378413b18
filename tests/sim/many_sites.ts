/**
 * One hub and many sites: `deno run -A tests/sim/many_sites.ts [SITES...]`, default 10, 100 and 1,000.
 *
 * Each site owns 100 params and one more, its part of the show; it mirrors its own and every site's
 * part of the show, the hub mirrors all. Each site in turn updates its part, with time enough between
 * for no two updates to share a message: what is printed is the most that an update costs. Then as
 * many join one after the other.
 *
 * @module
 */
import process from "node:process";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { MapParamStore } from "../../src/state/map_param_store.ts";
import { linkProblems } from "./expectations.ts";
import { START_WALL_MICROS } from "./sim_router.ts";
import { SimWorld } from "./sim_world.ts";

/** What an update cost, with so many sites. */
export interface ManySitesResult {
  readonly sites: number;
  readonly updates: number;
  /** Pairs of an update and a site, the sender left out, that did not get it. */
  readonly missing: number;
  /** Params that the hub keeps. */
  readonly hubParams: number;
  /** Of all routers together. */
  readonly messagesPerUpdate: number;
  readonly bytesPerUpdate: number;
  /** Of all routers together, the simulated network and the writing client included. */
  readonly cpuMicrosPerUpdate: number;
}

const PARAMS_PER_SITE = 100;
const UPDATES_MAX = 1_000;
const UPDATE_INTERVAL_MICROS = 5_000;
const JOIN_INTERVAL_MICROS = 20_000;
const GATHERED_MICROS = 10_000_000;
const JOIN_MS_MAX = 60_000;

if (import.meta.main) {
  const counts = Deno.args.length > 0 ? Deno.args.map(Number) : [10, 100, 1_000];
  let missing = 0;
  for (const sites of counts) {
    const result = runManySites(sites);
    console.log(describeManySites(result));
    missing += result.missing;
    console.log(describeJoiningSites(runJoiningSites(sites)));
  }
  Deno.exit(missing === 0 ? 0 : 1);
}

/** Joins so many sites and runs one update of each. */
export function runManySites(sites: number): ManySitesResult {
  const world = new SimWorld({ seed: sites });
  const ids = Array.from({ length: sites }, (_, index) => `s${index}`);
  startSites(world, ids);
  let messages = 0;
  let bytes = 0;
  world.network.observe((delivery) => {
    if (world.clients.has(delivery.from) || world.clients.has(delivery.to)) return;
    // A heartbeat is no part of an update.
    if (!isForward(delivery.bytes)) return;
    messages++;
    bytes += delivery.bytes.length;
  });
  const writing = ids.slice(0, UPDATES_MAX);
  const before = process.cpuUsage();
  for (const id of writing) {
    world.clients.get(clientOf(id))?.set(showAddressOf(id));
    const endMicros = world.clock.nowMicros + UPDATE_INTERVAL_MICROS;
    runUntilMicros(world, endMicros);
  }
  const { user, system } = process.cpuUsage(before);
  return {
    sites,
    updates: writing.length,
    missing: countMissing(world, ids, writing),
    hubParams: world.router("hub").host.core.params.size,
    messagesPerUpdate: messages / writing.length,
    bytesPerUpdate: bytes / writing.length,
    cpuMicrosPerUpdate: (user + system) / writing.length,
  };
}

/** What it cost that sites joined one after the other. */
export interface JoiningResult {
  readonly sites: number;
  /** Claims that the last one knew when its link was up. */
  readonly knownToLast: number;
  /** Of declarations, all links together. */
  readonly declaredBytes: number;
}

/** Joins so many sites, one after the other, a few milliseconds apart: as after a hub's restart. */
export function runJoiningSites(sites: number): JoiningResult {
  const world = new SimWorld({ seed: sites });
  let declaredBytes = 0;
  world.network.observe(({ frames }) => {
    for (const { message, bytes } of frames()) {
      const isDeclaration = message.type === "FEDERATION_SYNC" &&
        message.op === "DeclareNamespaces";
      if (isDeclaration) declaredBytes += bytes.length;
    }
  });
  world.addRouter({ id: "hub", core: { sessionsMax: sites + 10 } }).start();
  for (let index = 0; index < sites; index++) {
    runUntilMicros(world, world.clock.nowMicros + JOIN_INTERVAL_MICROS);
    world.addRouter({ id: `s${index}`, hubs: ["hub"], namespaces: [`/s${index}/**`] }).start();
  }
  awaitLinks(world, 1_000);
  const knownToLast = claimsKnown(world, sites - 1);
  // What was gathered by then.
  runUntilMicros(world, world.clock.nowMicros + GATHERED_MICROS);
  for (let index = 0; index < sites; index++) {
    const known = claimsKnown(world, index);
    if (known !== sites) throw new Error(`Site s${index} knows ${known} claims`);
  }
  return { sites, knownToLast, declaredBytes };
}

function claimsKnown(world: SimWorld, index: number): number {
  return world.router(`s${index}`).host.federation?.claims.size ?? 0;
}

/** For people. */
export function describeJoiningSites({ sites, knownToLast, declaredBytes }: JoiningResult): string {
  return `${sites} sites joined one after the other: ${(declaredBytes / 1e6).toFixed(1)} MB of ` +
    `declarations; the last one knew ${knownToLast} claims when its link was up`;
}

/** For people. */
export function describeManySites(result: ManySitesResult): string {
  const { sites, updates, missing, hubParams } = result;
  const { messagesPerUpdate, bytesPerUpdate, cpuMicrosPerUpdate } = result;
  return `${sites} sites, ${hubParams} params at the hub, ${updates} updates, ` +
    `${missing} not received: ${messagesPerUpdate.toFixed(1)} messages, ` +
    `${bytesPerUpdate.toFixed(0)} bytes, ${cpuMicrosPerUpdate.toFixed(0)} us of CPU an update, ` +
    `${(cpuMicrosPerUpdate / Math.max(1, sites - 1)).toFixed(1)} us a receiving site`;
}

/** Whether a message begins with a context: FEDERATION_SYNC, op FORWARD, behind a frame's header. */
function isForward(bytes: Uint8Array): boolean {
  return bytes[4] === 0x04 && bytes[5] === 0x05;
}

function startSites(world: SimWorld, ids: readonly string[]): void {
  const core = { sessionsMax: 2 * ids.length + 10 };
  world.addRouter({ id: "hub", core }).start();
  for (const id of ids) {
    const plan = { id, hubs: ["hub"], namespaces: [`/${id}/**`], imports: ["/*/show"] };
    const router = world.addRouter(plan);
    router.disk = ownParamsOf(id);
    router.start();
    world.addClient({ name: clientOf(id), router: id }).connect();
  }
  awaitLinks(world, 100_000);
  // What was begun by then.
  runUntilMicros(world, world.clock.nowMicros + 1_000_000);
}

function awaitLinks(world: SimWorld, stepMicros: number): void {
  const deadlineMicros = world.clock.nowMicros + JOIN_MS_MAX * 1_000;
  while (linkProblems(world).length > 0) {
    if (world.clock.nowMicros > deadlineMicros) throw new Error("Not all sites joined");
    runUntilMicros(world, world.clock.nowMicros + stepMicros);
  }
}

function ownParamsOf(id: string): MapParamStore {
  const store = new MapParamStore();
  for (let index = 0; index < PARAMS_PER_SITE; index++) {
    store.put(`/${id}/${index}`, {
      value: encodeValue(index),
      revision: 1,
      timestampMicros: START_WALL_MICROS - index,
      origin: id,
      ttl: 0,
    });
  }
  return store;
}

function countMissing(
  world: SimWorld,
  ids: readonly string[],
  writing: readonly string[],
): number {
  let missing = 0;
  for (const id of writing) {
    const address = showAddressOf(id);
    const sent = world.router(id).version(address);
    for (const other of ids) {
      const held = world.router(other).version(address);
      if (sent === undefined || held?.timestampMicros !== sent.timestampMicros) missing++;
    }
  }
  return missing;
}

function showAddressOf(id: string): string {
  return `/${id}/show`;
}

function clientOf(id: string): string {
  return `writer-of-${id}`;
}

// `runFor` bounds how much happens at once, for small federations.
function runUntilMicros(world: SimWorld, endMicros: number): void {
  let isOver = false;
  world.clock.after(endMicros - world.clock.nowMicros, () => isOver = true);
  world.clock.runUntil(() => isOver, "the time to pass");
}
