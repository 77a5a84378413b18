import {
  FEATURE,
  MESSAGE_CODE,
  type MessageType,
  PHASE,
  SIGNAL,
  VALUE_CODE,
} from "../../src/wire/message.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { readAnswers, type Row, writeAnswers } from "./answers.ts";
import { ANSWERS_FILE, TITLE } from "./answers_file.ts";
import { askAll } from "./ask_all.ts";
import { casesOf } from "./cases.ts";
import { differences } from "./differences.ts";
import { ALL_FORMS } from "./inbound_stages.ts";
import { messageFields } from "./message_fields.ts";
import { V0_FORMS } from "./v0_forms.ts";
import { brokenRules, lateRows } from "./rules.ts";

Deno.test("a router answers every message in every phase as the table says", async () => {
  const { rows, problems } = await askAll();
  const written = readAnswers(await Deno.readTextFile(ANSWERS_FILE));
  const wrong = [
    ...problems,
    ...brokenRules(rows),
    ...lateRows(rows),
    ...differences(written, rows),
  ];
  const hint = "; if this is right: deno run -A tests/table/main.ts --write, and read the diff";
  assert(wrong.length === 0, `${wrong.length} rows:\n${wrong.slice(0, 50).join("\n")}${hint}`);
});

Deno.test("the table has rows for each message, and each of its fields, as the source has them", async () => {
  const types = new Set(ALL_FORMS.map(({ type }) => type));
  assertEquals(types, new Set(Object.keys(MESSAGE_CODE) as MessageType[]));
  assertEquals(new Set(V0_FORMS.map(({ type }) => type)), types);
  const asked = ALL_FORMS.flatMap(({ fields }) =>
    fields.filter(({ variants }) => variants.length > 0).flatMap(({ covers }) => covers)
  );
  const fields = await messageFields();
  assert(fields.includes("ForwardMessage.bootId") && fields.includes("SetMessage.ttl"));
  assertEquals(fields.filter((field) => !asked.includes(field)), [], "fields without a row");
  assertEquals(asked.filter((field) => !fields.includes(field)), [], "rows without a field");
});

Deno.test("the table has rows for each kind of value, signal, phase and feature", () => {
  const variants = ALL_FORMS.flatMap((form) => casesOf(form, "all")).map(({ variant }) => variant);
  const kinds = [
    ...Object.keys(VALUE_CODE),
    ...Object.keys(SIGNAL).filter((name) => name !== "gesture"),
    ...Object.keys(PHASE).map((name) => `gesture ${name}`),
    ...Object.keys(FEATURE).map((name) => `only ${name}`),
  ];
  assertEquals(kinds.filter((kind) => !variants.includes(kind)), []);
});

Deno.test("each case of the table has a name of its own", () => {
  for (const form of [...ALL_FORMS, ...V0_FORMS]) {
    const names = casesOf(form, "all").map(({ field, variant }) => `${field} | ${variant}`);
    assertEquals(names.filter((name, index) => names.indexOf(name) !== index), [], form.name);
  }
});

const ROW: Row = {
  phase: "After HELLO as a client",
  form: "SET",
  field: "address",
  variant: "empty",
  answer: 'ERROR 200 "Not an address: it must start with a slash"',
  effects: "",
  session: "goes on",
};

Deno.test("what is written of rows is read again as it was", () => {
  const rows = [ROW, { ...ROW, variant: "cut" }, {
    ...ROW,
    variant: "late",
    answer: "nothing",
    effects: "SET /a",
  }];
  const read = readAnswers(writeAnswers(TITLE, rows));
  assertEquals(read, rows);
  assertEquals(differences(read, rows), []);
  assertEquals(differences(read, [{ ...ROW, answer: "ACK" }, ...rows.slice(1)]).length, 1);
  assertEquals(differences(read, rows.slice(1)).length, 1);
});

Deno.test("rules find rows that no table may have", () => {
  assertEquals(brokenRules([ROW]), []);
  const wrong: readonly Partial<Row>[] = [
    { session: "closed with 1008, the same reason" },
    { answer: "nothing" },
    { answer: `${ROW.answer}, ${ROW.answer}` },
    { answer: 'ERROR 200 "it must start with a slash"' },
    { answer: 'ERROR 200 "Bad address"' },
    { answer: 'ERROR 200 "Cannot set undefined: it is none"' },
    { effects: "SET ADDRESS r1 00" },
    { phase: "Before HELLO" },
    { phase: "Before HELLO", form: "HELLO", answer: "WELCOME", session: "closed with 1008" },
    { phase: "After the client has closed" },
    { phase: "As a peer that has said HELLO", session: "closed with 1008, the same reason" },
    { phase: "As a peer that has said HELLO", session: "closed with 1002, no reason" },
    { phase: "As a peer that has declared", answer: "nothing", effects: "SET OUTSIDE r1 00" },
    { phase: "As a legacy peer", answer: "ACK", effects: "SET OUTSIDE r1 00" },
  ];
  for (const change of wrong) {
    assert(brokenRules([{ ...ROW, ...change }]).length > 0, JSON.stringify(change));
  }
});
