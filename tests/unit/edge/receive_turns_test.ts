import { ReceiveTurns } from "../../../src/edge/receive_turns.ts";
import { RECEIVE_TURN_BYTES, RECEIVE_TURN_MESSAGES } from "../../../src/limits.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

function setUp(): {
  readonly turns: ReceiveTurns;
  readonly planned: (() => void)[];
  readonly runTurn: () => void;
} {
  const planned: (() => void)[] = [];
  const turns = new ReceiveTurns((action) => planned.push(action));
  return {
    turns,
    planned,
    runTurn: () => {
      for (const action of planned.splice(0)) action();
    },
  };
}

Deno.test("ReceiveTurns plans nothing for work that fits, and counts it", () => {
  const { turns, planned } = setUp();
  turns.spend(RECEIVE_TURN_MESSAGES - 1, 0);
  turns.spend(0, RECEIVE_TURN_BYTES - 1);
  assertEquals([turns.isSpent, planned.length], [false, 0]);
  turns.spend(1, 0);
  assertEquals(turns.isSpent, true);
});

Deno.test("ReceiveTurns is spent by bytes alone", () => {
  const { turns } = setUp();
  turns.spend(1, RECEIVE_TURN_BYTES);
  assertEquals(turns.isSpent, true);
});

Deno.test("ReceiveTurns goes round among those that wait, and no turn does more than its share", async () => {
  const { turns, planned, runTurn } = setUp();
  const log: string[] = [];
  const left: Record<string, number> = { a: 3, b: 1, c: 2 };
  const finished = Object.keys(left).map((name) =>
    turns.finish(() => {
      log.push(name);
      turns.spend(RECEIVE_TURN_MESSAGES / 2, 0);
      left[name] = (left[name] ?? 0) - 1;
      return left[name] === 0;
    })
  );
  const perTurn: string[] = [];
  while (planned.length > 0) {
    runTurn();
    perTurn.push(log.splice(0).join(""));
  }
  assertEquals(perTurn, ["ab", "ca", "ca"]);
  await Promise.all(finished);
});

Deno.test("ReceiveTurns gets on with one that is larger than a turn", () => {
  const { turns, runTurn } = setUp();
  let steps = 0;
  turns.finish(() => {
    turns.spend(2 * RECEIVE_TURN_MESSAGES, 0);
    return ++steps === 2;
  });
  runTurn();
  runTurn();
  assertEquals(steps, 2);
});

Deno.test("ReceiveTurns lets go of one that throws, and goes on with the others", async () => {
  const { turns, runTurn } = setUp();
  const thrown = assertRejects(
    () =>
      turns.finish(() => {
        throw new Error("bug");
      }),
    Error,
    "bug",
  );
  const other = turns.finish(() => true);
  runTurn();
  await Promise.all([thrown, other]);
});
