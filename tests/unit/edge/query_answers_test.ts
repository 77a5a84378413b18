import { ClientError } from "../../../src/edge/client_error.ts";
import { QueryAnswers } from "../../../src/edge/query_answers.ts";
import { SIGNAL, type SignalDefinition } from "../../../src/wire/message.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

function definition(address: string): SignalDefinition {
  return { address, signal: SIGNAL.param };
}

function result(...addresses: readonly string[]) {
  return { type: "RESULT", signals: addresses.map(definition) } as const;
}

/** So many that the frame has hardly any room left. */
function fullResult() {
  const long = "/x".repeat(400);
  return result(...Array.from({ length: 80 }, (_, n) => `${long}/${n}`));
}

Deno.test("questions are asked one after the other, for an answer names none", async () => {
  const answers = new QueryAnswers();
  const asked: string[] = [];
  const first = answers.ask("/a/*", () => asked.push("first"));
  const second = answers.ask("/b/*", () => asked.push("second"));
  await Promise.resolve();
  assertEquals(asked, ["first"]);
  answers.received(result("/a/1", "/a/2"));
  assertEquals((await first).map(({ address }) => address), ["/a/1", "/a/2"]);
  await Promise.resolve();
  assertEquals(asked, ["first", "second"]);
  answers.received(result());
  assertEquals(await second, []);
});

Deno.test("behind a full RESULT another one is waited for", async () => {
  const answers = new QueryAnswers();
  const answer = answers.ask("/**", () => {});
  await Promise.resolve();
  answers.received(fullResult());
  answers.received(result("/z"));
  const signals = await answer;
  assertEquals([signals.length, signals.at(-1)], [81, { address: "/z", kind: "param" }]);
});

Deno.test("a full RESULT may be the last one", async () => {
  const answers = new QueryAnswers();
  const answer = answers.ask("/**", () => {});
  await Promise.resolve();
  answers.received(fullResult());
  assertEquals((await answer).length, 80);
});

Deno.test("a question that is refused does not keep the next one waiting", async () => {
  const answers = new QueryAnswers();
  const refused = answers.ask("/a", () => {});
  const next = answers.ask("/b", () => {});
  await Promise.resolve();
  assertEquals(answers.rejectFirst("/a", new ClientError("no", { code: 301 })), true);
  await assertRejects(() => refused, ClientError, "no");
  await Promise.resolve();
  answers.received(result("/b"));
  assertEquals((await next).length, 1);
  assertEquals(answers.rejectFirst("/c", new ClientError("no")), false);
});
