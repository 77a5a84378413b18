import type { Case } from "./cases.ts";
import { describeEffects, describeEnd, describeHeard } from "./describe_heard.ts";
import { type Names, NO_SESSION } from "./form.ts";
import type { Row } from "./answers.ts";
import type { Marking, WireSession } from "./wire_session.ts";

/** A session in the phase that is asked about, and somebody else at the same router. */
export interface Seat {
  readonly session: WireSession;
  /** Ids that the router gave. */
  readonly sessions: readonly string[];
  /** A client that is subscribed to everything. */
  readonly bystander: WireSession;
  /** Ends the session, as far as it has not ended. */
  close(): Promise<void>;
}

/** One phase of a session, and all that is said in it. */
export interface Stage {
  readonly phase: string;
  readonly cases: readonly Case[];
  /** "first": what is said first decides, so that nothing may follow it unasked. */
  readonly marking: Marking | "first";
  readonly names: (number: number) => Names;
  /** Each case has a session of its own: what it says leads out of the phase. */
  readonly isNew?: boolean;
  /** Its sessions said HELLO in v0. */
  readonly isV0?: boolean;
  /** Cases after which the router may close, so that nothing may follow them unasked. */
  readonly mayClose?: (each: Case) => boolean;
  /** Brings a new session into the phase. */
  open(): Promise<Seat>;
}

/** What a row took. */
export interface Asked extends Row {
  readonly tookMs: number;
}

/** Messages after which a session is another one than before. */
const CHANGING = /^(HELLO|WELCOME|SUBSCRIBE|UNSUBSCRIBE|.*DeclareNamespaces)/;

/** Asks all cases of a stage, one after the other, of as few sessions as can be. */
export async function askStage(stage: Stage): Promise<readonly Asked[]> {
  const rows: Asked[] = [];
  let seat: Seat | undefined;
  let number = 0;
  for (const each of stage.cases) {
    seat ??= await stage.open();
    const names = { ...stage.names(++number), session: seat.sessions[0] ?? NO_SESSION };
    const row = await ask(stage, seat, { each, names });
    rows.push(row);
    const isUsed = stage.isNew === true || stage.marking === "first" || CHANGING.test(each.form) ||
      seat.session.end !== undefined;
    if (!isUsed) continue;
    await seat.close();
    await seat.bystander.settle();
    seat = undefined;
  }
  await seat?.close();
  return rows;
}

async function ask(
  { phase, marking, isV0 = false, mayClose = () => false }: Stage,
  { session, bystander, sessions }: Seat,
  { each, names }: { readonly each: Case; readonly names: Names },
): Promise<Asked> {
  const { form, field, variant, make, takesMarker } = each;
  const what = `${phase} | ${form} | ${field} | ${variant}`;
  await bystander.settle();
  bystander.forget();
  const isApart = mayClose(each) || (takesMarker && marking === "inside");
  const start = performance.now();
  const message = make(names);
  const heard = marking === "first"
    ? await session.askForClose(message, what)
    : await session.ask(message, isApart ? "apart" : marking, what);
  const tookMs = performance.now() - start;
  await bystander.settle();
  const volatile = { names, sessions, isV0 };
  return {
    phase,
    form,
    field,
    variant,
    answer: describeHeard(heard, volatile),
    effects: describeEffects(bystander.frames, volatile),
    session: describeEnd(heard, volatile),
    tookMs,
  };
}
