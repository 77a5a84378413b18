import { LineProcess } from "../support/line_process.ts";
import type { Depth } from "./cases.ts";
import type { Form, Names } from "./form.ts";
import {
  ACK,
  declaration,
  openBystander,
  PEER_HABITS,
  setSeven,
  SUBSCRIBE_ALL,
  syncComplete,
  welcome,
} from "./handshakes.ts";
import { allCases, namesBelow } from "./inbound_stages.ts";
import { type HubLink, ScriptedHub } from "./scripted_hub.ts";
import type { Seat, Stage } from "./stage.ts";
import type { WireSession } from "./wire_session.ts";

const HUB_ID = "the-hub";
/** What the leaf itself owns: it decides there, whatever becomes of its hub. */
const KEPT = "/o/-kept";
const NAMES = (number: number): Names => ({ ...namesBelow("/h", HUB_ID)(number), kept: KEPT });
const LEGACY_HABITS = { answersSync: false, answersPing: true, marker: "PING" } as const;

/** Leaves in a process, and the hub in this one that they dial. */
export class LeafFarm implements AsyncDisposable {
  readonly #hub = new ScriptedHub();
  readonly #process: LineProcess = LineProcess.start("../table/leaf_process.ts");
  #asked: Promise<unknown> = Promise.resolve();

  /** A new leaf that has dialled, said HELLO, and been told what `greet` says. */
  async open(greet: (session: WireSession) => Promise<void>): Promise<Seat> {
    const { url, link: linked } = this.#hub.expect();
    const port = Number(await this.#ask(url));
    const [link, bystander] = await Promise.all([linked, openBystander(port)]);
    await link.session.take("HELLO");
    await greet(link.session);
    bystander.session.send(setSeven(KEPT));
    await bystander.session.settle();
    return {
      session: link.session,
      sessions: [],
      bystander: bystander.session,
      close: () => this.#close(link, () => bystander.close(), port),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await this.#hub[Symbol.asyncDispose]();
  }

  async #close(link: HubLink, leave: () => Promise<void>, port: number): Promise<void> {
    await link.close();
    await leave();
    await this.#ask(`stop ${port}`);
  }

  #ask(line: string): Promise<unknown> {
    const answer = this.#asked.then(() => this.#process.ask(line));
    this.#asked = answer.catch(() => {});
    return answer;
  }
}

/** All that is said to a leaf by its hub. */
export function leafStages(farm: LeafFarm): readonly Stage[] {
  return [{
    phase: "To a leaf that has said HELLO",
    cases: allCases(({ type }) => type === "WELCOME" ? "meanings" : "samples")
      .filter(isNotOfMarkers),
    // After a public hub's WELCOME a leaf reads one frame a message, and answers no SYNC.
    marking: "behind",
    isNew: true,
    names: NAMES,
    open: () =>
      farm.open((session) => {
        session.habits = LEGACY_HABITS;
        return Promise.resolve();
      }),
  }, {
    phase: "To a leaf that has declared its namespaces",
    cases: allCases(() => "samples"),
    marking: "inside",
    isNew: true,
    names: NAMES,
    open: () => farm.open(untilDeclared),
  }, {
    phase: "To a leaf whose link is Active",
    cases: allCases(() => "meanings"),
    marking: "inside",
    names: NAMES,
    open: () => farm.open(untilActive),
  }, {
    phase: "To a leaf of a legacy hub that has declared its namespaces",
    cases: allCases(() => "samples").filter(isNotOfMarkers),
    marking: "behind",
    isNew: true,
    names: NAMES,
    open: () => farm.open(untilLegacyDeclared),
  }, {
    phase: "To a leaf of a legacy hub whose link is Active",
    cases: allCases(legacyDepth).filter(isNotOfMarkers),
    marking: "behind",
    names: NAMES,
    open: () => farm.open(untilLegacyActive),
  }];
}

/** A public hub says these to a leaf. */
function legacyDepth({ name, type }: Form): Depth {
  const isSaid = /^(SET|PUBLISH|SNAPSHOT|ACK|ERROR|BUNDLE)$/.test(type) ||
    name.endsWith("SyncComplete");
  return isSaid ? "meanings" : "samples";
}

/** There PING is the marker: its own answer could not be told from it. */
function isNotOfMarkers({ form }: { readonly form: string }): boolean {
  return form !== "PING" && form !== "PONG" && form !== "frame";
}

async function untilDeclared(session: WireSession): Promise<void> {
  session.habits = PEER_HABITS;
  session.send(welcome(HUB_ID));
  await session.take("FEDERATION_SYNC");
  await session.settle();
}

async function untilActive(session: WireSession): Promise<void> {
  await untilDeclared(session);
  session.send(ACK, SUBSCRIBE_ALL, declaration(NAMES(0), false));
  await session.take("FEDERATION_SYNC");
  session.send(syncComplete("/**", HUB_ID));
  await session.settle();
  session.forget();
}

async function untilLegacyDeclared(session: WireSession): Promise<void> {
  session.habits = LEGACY_HABITS;
  session.send(welcome(undefined));
  await session.take("FEDERATION_SYNC");
}

async function untilLegacyActive(session: WireSession): Promise<void> {
  await untilLegacyDeclared(session);
  session.send(ACK);
  await session.take("FEDERATION_SYNC");
  session.send(syncComplete("/o/**", HUB_ID));
  await session.settle();
  session.forget();
}
