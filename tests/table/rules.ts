import { caseOf, type Row } from "./answers.ts";
import { GOES_ON, SILENCE } from "./describe_heard.ts";
import type { Asked } from "./stage.ts";

/** Nothing that the table asks may take longer, on a machine that is busy with other things too. */
const ROW_MS_MAX = 5_000;

/** How the session of a message ends that is too large to be read. */
const TOO_LARGE = "closed with 1009, the same reason";

/** A rule: why a row breaks it, or undefined. */
type Rule = (row: Row) => string | undefined;

/** What must hold for every row, whatever is written in the table: each row that breaks a rule. */
export function brokenRules(rows: readonly Row[]): readonly string[] {
  return rows.flatMap((row) =>
    RULES.flatMap((rule) => {
      const why = rule(row);
      return why === undefined ? [] : `${caseOf(row)}: ${why}: ${row.answer} | ${row.session}`;
    })
  );
}

/** Rows that took too long. */
export function lateRows(rows: readonly Asked[]): readonly string[] {
  return rows.filter(({ tookMs }) => tookMs > ROW_MS_MAX)
    .map((row) => `${caseOf(row)} took ${Math.round(row.tookMs)} ms`);
}

const RULES: readonly Rule[] = [
  clientsGoOn,
  onlyHelloComesFirst,
  closingIsSilent,
  refusedOnce,
  refusedWithReason,
  refusedWithoutEffect,
  neverSilent,
  closedWithReason,
  linksEndOnlyWhenUnreadable,
  peersChangeOnlyTheirs,
];

const isClient = ({ phase }: Row) => phase.startsWith("After HELLO as a client");
const isClosing = ({ phase }: Row) => /^After the|^To a router that stops/.test(phase);
const isPeer = ({ phase }: Row) => /^As a peer|^To a leaf (that|whose)/.test(phase);
const isLegacy = ({ phase }: Row) => phase.includes("legacy");
const errorsOf = (
  { answer }: Row,
) => [...answer.matchAll(/(?:^|, )(?:\w+ of [^:]*: |in v0: )?ERROR \d+ "/g)];

/** Nothing that a client says ends its session, but a message that is too large to be read. */
function clientsGoOn(row: Row): string | undefined {
  const goesOn = row.session === GOES_ON || row.session === TOO_LARGE;
  return isClient(row) && !goesOn ? "a client's session ended" : undefined;
}

/** Before HELLO everything else is refused, and the connection closed with the same reason. */
function onlyHelloComesFirst(row: Row): string | undefined {
  if (!row.phase.startsWith("Before HELLO")) return undefined;
  if (row.form.startsWith("HELLO") && /^(in v0: )?WELCOME/.test(row.answer)) {
    return row.session === GOES_ON ? undefined : "a HELLO was answered and closed";
  }
  const isRefused = /^(in v0: )?ERROR/.test(row.answer) &&
    row.session === "closed with 1008, the same reason";
  return isRefused ? undefined : "what came before HELLO was not refused";
}

/** Behind a close frame nothing is read, and nothing done. */
function closingIsSilent(row: Row): string | undefined {
  if (!isClosing(row)) return undefined;
  return row.answer === SILENCE && row.effects === "" ? undefined : "it was read behind a close";
}

/** Whatever is refused is refused once. */
function refusedOnce(row: Row): string | undefined {
  return errorsOf(row).length > 1 ? "more than one ERROR" : undefined;
}

/** An ERROR has a code of the table, and a text of several words about this very case. */
function refusedWithReason(row: Row): string | undefined {
  for (const [, code, text = ""] of row.answer.matchAll(/ERROR (\d+) "(.*?)"(?:, |$| at )/g)) {
    if (Number(code) < 100 || Number(code) > 503) return `no code of an ERROR: ${code}`;
    if (text.split(" ").length < 4) return "an ERROR that says too little";
    if (!/^[A-Z]/.test(text)) return "an ERROR that is no sentence";
    // What was said is told as it was.
    const isNone = row.variant === "NaN" ? /undefined|\[object/ : /undefined|NaN\b|\[object/;
    if (isNone.test(text)) return "an ERROR with a value that is none";
  }
  return undefined;
}

/** What is refused is not done. What stood before it in the same message may be. */
function refusedWithoutEffect(row: Row): string | undefined {
  if (errorsOf(row).length === 0 || row.effects === "") return undefined;
  const isBehind = row.form.includes("FORWARD") && row.field === "count";
  return isBehind ? undefined : "it was refused, and done";
}

/** Messages that are answers themselves, or are told on a link and not asked: never answered. */
const NEVER_ANSWERED = /^(PONG|ACK|ERROR)( in v0)?$/;
const NEVER_ANSWERED_ON_LINKS =
  /^(SUBSCRIBE|UNSUBSCRIBE|SNAPSHOT|FEDERATION_SYNC (DeclareNamespaces|SyncComplete|LINK_ACK|TIME|DIGEST.*|LEASE.*|FORWARD.*|SIGNALS of .*|SIGNAL_ANSWER|SHARE_CANCEL))$/;
/** Asked with Fire, these say nothing when they are done. */
const DONE_SILENTLY = /^(UNSUBSCRIBE|SUBSCRIBE|ANNOUNCE)( in v0)?$/;

function neverSilent(row: Row): string | undefined {
  const { phase, form, variant, answer, effects, session } = row;
  if (answer !== SILENCE || effects !== "" || session !== GOES_ON) return undefined;
  if (isClosing(row) || NEVER_ANSWERED.test(form)) return undefined;
  // A public hub does not read what leaves refuse; unexpected messages are told to the operator.
  if (phase.startsWith("To a leaf of a legacy hub")) return undefined;
  if (isPeer(row) && NEVER_ANSWERED_ON_LINKS.test(form)) return undefined;
  // Without a frame there is nothing to answer.
  if (isPeer(row) && variant === "no byte") return undefined;
  if (isLegacy(row) && /SyncComplete|RevisionVector/.test(form)) return undefined;
  if (variant.endsWith("Fire") && DONE_SILENTLY.test(form)) return undefined;
  return "silence";
}

/** Whoever is closed is told why. */
function closedWithReason(row: Row): string | undefined {
  if (row.session === GOES_ON || isClosing(row)) return undefined;
  return row.session.endsWith("no reason") ? "closed without a reason" : undefined;
}

/** A link ends by what cannot be read, and by what cannot be a link; not by what is refused. */
function linksEndOnlyWhenUnreadable(row: Row): string | undefined {
  if (!isPeer(row) || row.session === GOES_ON) return undefined;
  const isUnreadable = /^closed with (1002|1009|1003)/.test(row.session);
  const isNoLink = /DeclareNamespaces|WELCOME|^ERROR|LINK_ACK/.test(row.form);
  return isUnreadable || isNoLink ? undefined : "a link ended by what is only refused";
}

/** What a leaf has not declared it changes by an offer or a request, and in no other way. */
function peersChangeOnlyTheirs(row: Row): string | undefined {
  if (!row.phase.startsWith("As a ")) return undefined;
  if (!/SET (OUTSIDE|KEPT|\/clasp)/.test(row.effects)) return undefined;
  const isAsked = !isLegacy(row) && /FORWARD of (an offer|a request|a share$)/.test(row.form);
  return isAsked ? undefined : "a peer changed what is not its own";
}
