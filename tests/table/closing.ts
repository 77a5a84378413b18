import { MESSAGE_CODE } from "../../src/wire/message.ts";
import { type ServerProcess, startServer } from "../support/process.ts";
import type { Case } from "./cases.ts";
import { describeEffects, describeEnd, describeHeard } from "./describe_heard.ts";
import { CLIENT_HABITS, CLIENT_HELLO } from "./handshakes.ts";
import { allCases, namesBelow, type Target } from "./inbound_stages.ts";
import { frame } from "./raw_bytes.ts";
import type { Asked } from "./stage.ts";
import { TableSocket } from "./table_socket.ts";

const NAMES = namesBelow("/x", "leaf-x");
const PING = frame(Uint8Array.of(MESSAGE_CODE.PING));

/** What is said on connections that end. */
export async function askClosing(target: Target): Promise<readonly Asked[]> {
  const rows: Asked[] = [];
  for (const [phase, close] of Object.entries(CLOSES)) {
    for (const [index, each] of closingCases().entries()) {
      const number = rows.length * 100 + index;
      rows.push(await askAfterClose(target, { phase, close, each, number }));
    }
  }
  return rows;
}

/** What is said to a router that has been told to stop. It is stopped afterwards. */
export async function askStopping(args: readonly string[]): Promise<readonly Asked[]> {
  await using server = await startServer(args);
  const cases = closingCases();
  const sockets = await Promise.all(cases.map(() => greeted(server.port)));
  server.kill("SIGTERM");
  const rows = await Promise.all(cases.map(async (each, index) => {
    const socket = sockets[index];
    if (socket === undefined) throw new Error("No socket for a case");
    await socket.session.until(() => false, "the close of a router that stops");
    const end = socket.session.end;
    return await heardAfter(socket, { phase: "To a router that stops", each, number: index, end });
  }));
  await endOf(server);
  return rows;
}

/** How a connection comes to be closed, up to the close frame that is answered by nobody. */
const CLOSES: Readonly<Record<string, (port: number) => Promise<TableSocket>>> = {
  "After the router has closed": async (port) => {
    const socket = await TableSocket.connect(port, { habits: CLIENT_HABITS, answersClose: false });
    socket.session.send(PING);
    await socket.session.until(() => false, "the close after a PING before HELLO");
    return socket;
  },
  "After the client has closed": async (port) => {
    const socket = await greeted(port);
    socket.sendClose();
    return socket;
  },
};

interface Question {
  readonly phase: string;
  readonly each: Case;
  readonly number: number;
}

async function askAfterClose(
  { port, bystander }: Target,
  question: Question & { readonly close: (port: number) => Promise<TableSocket> },
): Promise<Asked> {
  const socket = await question.close(port);
  await bystander.settle();
  bystander.forget();
  const row = await heardAfter(socket, { ...question, end: socket.session.end });
  await bystander.settle();
  const volatile = { names: NAMES(question.number), sessions: [] };
  return { ...row, effects: describeEffects(bystander.frames, volatile) };
}

async function heardAfter(
  socket: TableSocket,
  { phase, each, number, end }: Question & { readonly end: TableSocket["session"]["end"] },
): Promise<Asked> {
  const start = performance.now();
  const { session } = socket;
  session.forget();
  const volatile = { names: NAMES(number), sessions: [] };
  socket.sendInAnyCase(each.make(volatile.names));
  // An honest client agrees at last; a router that dropped the connection does not see it.
  if (end !== undefined) socket.sendClose();
  await socket.close();
  const { form, field, variant } = each;
  const heard = { frames: session.frames, end: session.end };
  return {
    phase,
    form,
    field,
    variant,
    answer: describeHeard(heard, volatile),
    effects: "",
    session: describeEnd(heard, volatile),
    tookMs: performance.now() - start,
  };
}

function closingCases(): readonly Case[] {
  return allCases(() => "samples").filter(({ variant }) => variant.startsWith("valid"));
}

async function greeted(port: number): Promise<TableSocket> {
  const socket = await TableSocket.connect(port, { habits: CLIENT_HABITS, answersClose: false });
  socket.session.send(CLIENT_HELLO);
  await socket.session.settle();
  return socket;
}

async function endOf(server: ServerProcess): Promise<void> {
  const { code } = await server.ended();
  if (code !== 0) throw new Error(`A router that was stopped ended with exit code ${code}`);
}
