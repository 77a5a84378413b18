import { type Case, casesOf, type Depth } from "./cases.ts";
import { CLIENT_FORMS } from "./client_forms.ts";
import { FEDERATION_FORMS } from "./federation_forms.ts";
import { type Form, type Names, NO_SESSION } from "./form.ts";
import {
  CLIENT_HABITS,
  CLIENT_HELLO,
  declaration,
  LEGACY_HABITS,
  LEGACY_HELLO,
  PEER_HABITS,
  peerHello,
  SUBSCRIBE_ALL,
  syncComplete,
  V0_HELLO,
} from "./handshakes.ts";
import { V0_FORMS } from "./v0_forms.ts";
import type { Bytes } from "./raw_bytes.ts";
import type { Seat, Stage } from "./stage.ts";
import { TableSocket } from "./table_socket.ts";
import type { Habits, WireSession } from "./wire_session.ts";

/** Every message there is. */
export const ALL_FORMS: readonly Form[] = [...CLIENT_FORMS, ...FEDERATION_FORMS];

/** A message of v0, where any of them is answered alike. */
const V0_SAMPLE: readonly Case[] = V0_FORMS.filter(({ type }) => type === "SET")
  .flatMap((form) => casesOf(form, "samples"));

/** What has a value when the table begins. */
export const KEPT = "/t/-kept";

/** All cases of all forms, each as deep as `depthOf` says. */
export function allCases(depthOf: (form: Form) => Depth): readonly Case[] {
  return [...ALL_FORMS.flatMap((form) => casesOf(form, depthOf(form))), ...V0_SAMPLE];
}

/** Names of cases whose sender may write below `root`. */
export function namesBelow(root: string, routerId: string): (number: number) => Names {
  return (number) => {
    const digits = String(number).padStart(5, "0");
    return {
      address: `${root}/${digits}`,
      kept: KEPT,
      outside: `/o/${digits}`,
      namespace: `${root}/**`,
      routerId,
      session: NO_SESSION,
      number,
    };
  };
}

/** The router that is asked. */
export interface Target {
  readonly port: number;
  readonly bystander: WireSession;
}

/** All that is said to a hub by clients. */
export function clientStages(hub: Target): readonly Stage[] {
  return [beforeHello(hub), asClient(hub), asV0Client(hub)];
}

/** What is said to a router that does not federate. */
export function plainStages(router: Target): readonly Stage[] {
  return [{
    ...asClient(router),
    phase: "After HELLO as a client of a router that does not federate",
    cases: allCases(({ type }) => type === "FEDERATION_SYNC" ? "meanings" : "samples"),
  }, {
    ...beforeHello(router),
    phase: "Before HELLO, of a router that does not federate",
    cases: allCases(() => "samples").filter(({ form }) => form.startsWith("HELLO")),
  }];
}

function beforeHello(target: Target): Stage {
  return {
    phase: "Before HELLO",
    cases: [
      ...allCases(({ name, type }) => type === "HELLO" || name === "frame" ? "all" : "samples"),
      ...V0_FORMS.filter(({ type }) => type === "HELLO").flatMap((form) => casesOf(form, "all")),
    ],
    marking: "first",
    names: namesBelow("/t", "leaf-h"),
    open: () => openSeat(target, PEER_HABITS, () => Promise.resolve()),
  };
}

function asClient(target: Target): Stage {
  return {
    phase: "After HELLO as a client",
    // Of a client's message only the first frame is read: what stands behind a context is not.
    cases: allCases(() => "all").filter(({ form, field }) =>
      !form.includes("FORWARD") || !/^(SET|PUBLISH|BUNDLE|ACK) /.test(field)
    ),
    marking: "behind",
    names: namesBelow("/t", "leaf-c"),
    open: () => openSeat(target, CLIENT_HABITS, (session) => greet(session, CLIENT_HELLO)),
  };
}

function asV0Client(target: Target): Stage {
  return {
    phase: "After HELLO as a client of v0",
    isV0: true,
    cases: [
      ...V0_FORMS.flatMap((form) => casesOf(form, "all")),
      ...CLIENT_FORMS.flatMap((form) => casesOf(form, "samples")),
    ],
    marking: "behind",
    names: namesBelow("/v", "leaf-v"),
    open: () => openSeat(target, CLIENT_HABITS, (session) => greet(session, V0_HELLO)),
  };
}

/** All that is said to a hub by leaves. */
export function peerStages(target: Target): readonly Stage[] {
  const greeted = namesBelow("/q", "leaf-g");
  const registered = namesBelow("/p", "leaf-p");
  const active = namesBelow("/a", "leaf-a");
  return [{
    phase: "As a peer that has said HELLO",
    cases: allCases(({ name }) => name.endsWith("DeclareNamespaces") ? "meanings" : "samples"),
    marking: "inside",
    names: greeted,
    open: () =>
      openSeat(target, PEER_HABITS, (session) => greet(session, peerHello(greeted(0).routerId))),
  }, {
    phase: "As a peer that has declared its namespaces",
    cases: allCases(() => "meanings"),
    marking: "inside",
    names: registered,
    open: () =>
      openSeat(target, PEER_HABITS, async (session) => {
        await greet(session, peerHello(registered(0).routerId));
        session.send(declaration(registered(0), false));
        await session.settle();
      }),
  }, {
    phase: "As a peer whose link is Active",
    // Where it matters who decides: until then the hub does.
    cases: allCases(({ name }) =>
      /FORWARD of a (request|share)/.test(name) ? "meanings" : "samples"
    ),
    marking: "inside",
    names: active,
    open: () =>
      openSeat(target, PEER_HABITS, async (session) => {
        const names = active(0);
        await greet(session, peerHello(names.routerId));
        session.send(declaration(names, false), SUBSCRIBE_ALL);
        session.send(syncComplete(names.namespace, names.routerId));
        await session.settle();
      }),
  }];
}

/** All that is said to a hub by public routers. */
export function legacyStages(target: Target): readonly Stage[] {
  const greeted = namesBelow("/m", "leaf-m");
  const registered = namesBelow("/l", "leaf-l");
  const isItsOwn = ({ name, type }: Form): Depth =>
    /SET$|PUBLISH|BUNDLE|without owners|RequestSync|Vector|SyncComplete/.test(name) ||
      type === "GET" || type === "SUBSCRIBE"
      ? "meanings"
      : "samples";
  return [{
    phase: "As a legacy peer that has said HELLO",
    cases: allCases(({ name }) => name.endsWith("without owners") ? "meanings" : "samples"),
    marking: "behind",
    mayClose: ({ form, variant }) => form.endsWith("owners") && variant === "the receiver",
    names: greeted,
    open: () => openSeat(target, LEGACY_HABITS, (session) => greet(session, LEGACY_HELLO)),
  }, {
    phase: "As a legacy peer that has declared its namespaces",
    cases: allCases(isItsOwn),
    marking: "behind",
    mayClose: ({ form, variant }) => form.endsWith("owners") && variant === "the receiver",
    names: registered,
    open: () =>
      openSeat(target, LEGACY_HABITS, async (session) => {
        await greet(session, LEGACY_HELLO);
        session.send(declaration(registered(0), true));
        await session.settle();
      }),
  }];
}

async function openSeat(
  { port, bystander }: Target,
  habits: Habits,
  prepare: (session: WireSession) => Promise<unknown>,
): Promise<Seat> {
  const socket = await TableSocket.connect(port, { habits });
  const { session } = socket;
  await prepare(session);
  const sessions = session.frames.flatMap(({ message }) =>
    message.type === "WELCOME" ? message.session : []
  );
  session.forget();
  return { session, sessions, bystander, close: () => socket.close() };
}

async function greet(session: WireSession, hello: Bytes): Promise<void> {
  session.send(hello);
  await session.until(
    () => session.frames.some(({ message }) => message.type === "WELCOME"),
    "WELCOME",
  );
  // The state that comes with it has no end of its own, but nothing else stands behind it.
  if (session.frames.some(({ message: { type } }) => type === "SNAPSHOT")) return;
  await session.settle();
}
