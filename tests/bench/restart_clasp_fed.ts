import { HUB, SiteRouters } from "../support/site_routers.ts";
import { SiteTraffic } from "../support/site_traffic.ts";
import type { LogLine } from "../support/process.ts";
import type { Arrival, RestartEnd, RestartSubject } from "./restart_subject.ts";

const RATES = { updatesPerSecond: 500, eventsPerSecond: 50 };

/** This project's routers. Both sites write 500 updates a second and publish 50 events a second. */
export async function startClaspFed(): Promise<RestartSubject> {
  const routers = await SiteRouters.start(["site-a", "site-b"]);
  const arrivals: Arrival[] = [];
  const onUpdate = (at: string, address: string, number: number): void => {
    if (at === "site-b" && address.startsWith("/site-a/")) {
      arrivals.push({ number, atMs: performance.now() });
    }
  };
  try {
    const traffic = await SiteTraffic.start(routers, { rates: RATES, onUpdate });
    return new ClaspFed(routers, traffic, arrivals);
  } catch (error) {
    await routers[Symbol.asyncDispose]();
    throw error;
  }
}

class ClaspFed implements RestartSubject {
  readonly arrivals: readonly Arrival[];
  readonly #routers: SiteRouters;
  readonly #traffic: SiteTraffic;

  constructor(routers: SiteRouters, traffic: SiteTraffic, arrivals: readonly Arrival[]) {
    this.#routers = routers;
    this.#traffic = traffic;
    this.arrivals = arrivals;
  }

  get hubPort(): number {
    return this.#routers.port(HUB);
  }

  get written(): number {
    return this.#traffic.client("site-a").updates;
  }

  writeOnce(addresses: number): void {
    for (let i = 0; i < addresses; i++) this.#traffic.client("site-a").set(`/site-a/once/${i}`);
  }

  killHub(): Promise<void> {
    return this.#routers.kill(HUB);
  }

  startHub(): Promise<void> {
    return this.#routers.start(HUB);
  }

  trace(openedAtMs: number): readonly string[] {
    const openedAtWallMs = performance.timeOrigin + openedAtMs;
    return ["site-a", "site-b"].map((site) => {
      const states = this.#routers.process(site).logs.filter(isLinkState);
      const lastDial = states.findLastIndex(({ state }) => state === "Connecting");
      const steps = states.slice(lastDial).map(({ state, time }) =>
        `${state} ${(Date.parse(String(time)) - openedAtWallMs).toFixed(0)}`
      );
      return `${site}: ${steps.join(", ")}`;
    });
  }

  async finish(): Promise<RestartEnd> {
    const { wrong, problems, repeats, events } = await this.#traffic.finish({
      wasKilled: true,
    });
    for (const problem of [...problems, ...events.late, ...events.twice]) console.log(problem);
    return { wrong: wrong.length, duplicates: repeats + events.twice.length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#traffic[Symbol.asyncDispose]();
    await this.#routers[Symbol.asyncDispose]();
  }
}

/** The states of a leaf's only link, which is told of by another event once the hub's id is known. */
function isLinkState(line: LogLine): boolean {
  return line["event"] === "uplink" || line["event"] === "link-state";
}
