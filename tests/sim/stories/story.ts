import { assertEquals } from "../../support/assert.ts";
import { awaitActive, held } from "../federation_setup.ts";
import { readPeerFrames } from "../peer_frames.ts";
import type { SimClient } from "../sim_client.ts";
import type { RouterPlan } from "../sim_router.ts";
import { SimWorld } from "../sim_world.ts";

/** Lines of a trace that a story shows: what it says itself, and how links fare. */
const SAID = "story: ";
const LINK_STATE = /^(\S+) (\S+): \{"type":"stateChanged",(.*)\}$/u;

/**
 * One complaint of people who federate, played by production routers under a virtual clock and
 * written down line by line. What the text says happened was checked while it was written.
 */
export class Story {
  readonly world: SimWorld = new SimWorld({ keepTrace: true });

  /** Starts these routers, each with a client `<id>-client` that subscribes to everything. */
  constructor(plans: readonly RouterPlan[]) {
    for (const plan of plans) {
      this.world.addRouter(plan).start();
      this.client(plan.id).connect();
    }
    awaitActive(this.world);
  }

  /** The client of a router. */
  client(router: string): SimClient {
    const name = `${router}-client`;
    return this.world.clients.get(name) ??
      this.world.addClient({ name, router, subscriptions: ["/**"] });
  }

  /** Adds a line. */
  tell(text: string): void {
    this.world.say(() => SAID + text);
  }

  /** Lets time pass. */
  pass(ms: number): void {
    this.world.clock.runFor(ms);
  }

  /** Lets time pass until something is so. Returns how long it took, in milliseconds. */
  await(what: string, isSo: () => boolean, deadlineMs: number = 60_000): number {
    const { clock } = this.world;
    const before = clock.nowMicros;
    clock.runUntil(isSo, what, deadlineMs);
    return Math.ceil((clock.nowMicros - before) / 1_000);
  }

  /** Adds a line with something that was measured or counted, which must be what is expected. */
  see<T extends string | number | boolean>(what: string, actual: T, expected: T): void {
    assertEquals(actual, expected, what);
    this.tell(`${what}: ${actual}`);
  }

  /** Adds a line with a count or a time that must not be above its bound. */
  seeAtMost(what: string, actual: number, bound: number, unit: string): void {
    this.see(`${what}, at most ${bound} ${unit}`, actual <= bound, true);
  }

  /** Writes through the client of a router, and tells the answer. */
  set(router: string, address: string): void {
    const written = this.client(router).set(address);
    this.await(`the answer to SET "${address}"`, () => written.answers.length > 0);
    const [answer] = written.answers;
    const outcome = answer?.kind === "accepted"
      ? `ACK, revision ${answer.revision}`
      : `ERROR ${answer?.code}`;
    this.tell(`a client at ${router} sets ${address}: ${outcome}`);
    this.pass(50);
  }

  /** Tells what every router holds of an address; it must be the same everywhere. */
  seeAgreed(address: string, expected: string): void {
    for (const router of this.world.routers.keys()) {
      this.see(`${router} holds ${address}`, held(this.world, router, address), expected);
    }
  }

  /** State of a link as one end shows it. */
  state(router: string, peer: string): string {
    return this.world.router(router).linkState(peer) ?? "none";
  }

  /** Breaks the connection of two routers; each end is told after so long, or never. */
  breakLink(
    leaf: string,
    hub: string,
    toldAfterMs: { readonly leaf?: number; readonly hub?: number },
  ): void {
    const micros = (ms: number | undefined) => ms === undefined ? undefined : ms * 1_000;
    for (const connection of this.world.network.connections(leaf, hub)) {
      connection.cut({ dialler: micros(toldAfterMs.leaf), acceptor: micros(toldAfterMs.hub) });
    }
  }

  /** Counts frames of a type that arrive at a router from a router, from now on. */
  count(from: string, to: string, type: string): () => number {
    let count = 0;
    this.world.network.observe((delivery) => {
      if (delivery.from !== from || delivery.to !== to) return;
      count += readPeerFrames(delivery.bytes).filter(({ message }) => message.type === type).length;
    });
    return () => count;
  }

  /** The story so far, a line for each event. */
  get transcript(): string {
    const lines = this.world.trace.text.split("\n").flatMap((line) => {
      const [time = "", ...rest] = line.split(" ");
      const text = rest.join(" ");
      if (text.startsWith(SAID)) return [`${stamp(time)} ${text.slice(SAID.length)}`];
      const state = describeState(line);
      return state === undefined ? [] : [`${stamp(time)}   ${state}`];
    });
    return `${lines.join("\n")}\n`;
  }
}

function stamp(time: string): string {
  return `${Number(time).toFixed(3).padStart(9)} s`;
}

function describeState(line: string): string | undefined {
  const [, , router, facts] = LINK_STATE.exec(line) ?? [];
  if (router === undefined) return undefined;
  const event: unknown = JSON.parse(`{${facts}}`);
  if (typeof event !== "object" || event === null || !("state" in event)) return undefined;
  const isShown = event.state === "Active" || event.state === "Disconnected" ||
    event.state === "Failed";
  const peer = "routerId" in event && event.routerId !== "" ? String(event.routerId) : undefined;
  if (!isShown || peer === undefined) return undefined;
  const reason = "reason" in event ? ` (${event.reason})` : "";
  return `${router}: link to ${peer} is ${event.state}${reason}`;
}
