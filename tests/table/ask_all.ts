import { type ServerProcess, startServer } from "../support/process.ts";
import { askClosing, askStopping } from "./closing.ts";
import { QuietLeaf, Witness } from "./bystanders.ts";
import { announcement, setSeven } from "./handshakes.ts";
import {
  clientStages,
  KEPT,
  legacyStages,
  peerStages,
  plainStages,
  type Target,
} from "./inbound_stages.ts";
import { LeafFarm, leafStages } from "./leaf_stages.ts";
import { type Asked, askStage, type Stage } from "./stage.ts";

/** All rows, and what went wrong beside them. */
export interface Answers {
  readonly rows: readonly Asked[];
  readonly problems: readonly string[];
}

const ROUTER = ["--federation-id", "the-router"] as const;

/** Starts routers, and asks them everything. */
export async function askAll(progress: (text: string) => void = () => {}): Promise<Answers> {
  const hub = [...ROUTER, "--features", "federation"];
  const all = await Promise.all([
    askRouter(hub, clientStages, progress),
    askRouter(hub, peerStages, progress),
    askRouter(hub, legacyStages, progress),
    askRouter([], plainStages, progress),
    askLeaves(progress),
    askStopping(hub).then((rows) => ({ rows, problems: [] })),
  ]);
  return {
    rows: all.flatMap(({ rows }) => rows),
    problems: all.flatMap(({ problems }) => problems),
  };
}

async function askLeaves(progress: (text: string) => void): Promise<Answers> {
  await using farm = new LeafFarm();
  return { rows: await askStages(leafStages(farm), progress), problems: [] };
}

async function askStages(
  stages: readonly Stage[],
  progress: (text: string) => void,
): Promise<readonly Asked[]> {
  const rows: Asked[] = [];
  for (const stage of stages) {
    const start = performance.now();
    rows.push(...await askStage(stage));
    const seconds = ((performance.now() - start) / 1_000).toFixed(1);
    progress(`${stage.phase}: ${stage.cases.length} rows in ${seconds} s`);
  }
  return rows;
}

async function askRouter(
  args: readonly string[],
  stagesOf: (target: Target) => readonly Stage[],
  progress: (text: string) => void,
): Promise<Answers> {
  await using server = await startServer(args);
  const witness = await Witness.connect(server.port);
  const { session: bystander } = witness.socket;
  const leaf = args.includes("--features") ? await QuietLeaf.connect(server.port) : undefined;
  bystander.send(setSeven(KEPT), announcement(KEPT));
  await bystander.settle();
  const target = { port: server.port, bystander };
  const rows = [...await askStages(stagesOf(target), progress)];
  if (stagesOf === clientStages) rows.push(...await askClosing(target));
  const problems = [
    ...await witness.problems(server.port),
    ...await leaf?.problems(witness) ?? [],
  ];
  await witness.socket.close();
  return { rows, problems: [...problems, ...await problemsOf(server)] };
}

/** What a router should not have logged, and how it should not have ended. */
async function problemsOf(server: ServerProcess): Promise<readonly string[]> {
  const { code } = await server.stop();
  const errors = server.logs.filter(({ event, text }) =>
    event === "handler-error" || text !== undefined
  );
  return [
    ...(code === 0 ? [] : [`A router ended with exit code ${code}`]),
    ...errors.map((line) => `A router logged ${JSON.stringify(line)}`),
  ];
}
