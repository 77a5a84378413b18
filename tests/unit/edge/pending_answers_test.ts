import { ClientError } from "../../../src/edge/client_error.ts";
import { PendingAnswers } from "../../../src/edge/pending_answers.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

Deno.test("the first answer about a key is that of the first question about it", async () => {
  const pending = new PendingAnswers<number>();
  const [first, second, other] = [pending.wait("/a"), pending.wait("/a"), pending.wait("/b")];
  assertEquals(
    [
      pending.resolveFirst("/a", 1),
      pending.resolveFirst("/b", 2),
      pending.resolveFirst("/a", 3),
      pending.resolveFirst("/a", 4),
    ],
    [true, true, true, false],
  );
  assertEquals([await first, await second, await other], [1, 3, 2]);
});

Deno.test("a refusal answers the first question too, and leaves the next", async () => {
  const pending = new PendingAnswers<number>();
  const [first, second] = [pending.wait("/a"), pending.wait("/a")];
  assertEquals(pending.rejectFirst("/b", new ClientError("no")), false);
  assertEquals(pending.rejectFirst("/a", new ClientError("no", { code: 400 })), true);
  pending.resolveFirst("/a", 2);
  const error = await assertRejects(() => first, ClientError);
  assertEquals([error.code, await second], [400, 2]);
});

Deno.test("one answer may be for all questions about a key, and one refusal for every question", async () => {
  const pending = new PendingAnswers<number>();
  const alike = [pending.wait("/a"), pending.wait("/a")];
  const others = [pending.wait("/b"), pending.wait("/c")];
  pending.resolveAll("/a", 1);
  pending.resolveAll("/nobody", 1);
  pending.rejectAll(new ClientError("gone"));
  assertEquals(await Promise.all(alike), [1, 1]);
  for (const other of others) await assertRejects(() => other, ClientError, "gone");
});
