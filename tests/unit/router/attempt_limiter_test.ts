import {
  ADDRESSES_WATCHED_MAX,
  ATTEMPT_DELAY_MAX_MS,
  ATTEMPT_DELAY_MS,
  ATTEMPT_FORGIVEN_MS,
  ATTEMPTS_FAILED_MAX,
  ATTEMPTS_FREE,
} from "../../../src/limits.ts";
import { AttemptLimiter } from "../../../src/router/attempt_limiter.ts";
import { assertEquals } from "../../support/assert.ts";

const HOST = "10.0.0.5";

function delays(limiter: AttemptLimiter, count: number, nowMicros = 0): (number | string)[] {
  return Array.from({ length: count }, () => {
    const verdict = limiter.ask(HOST, nowMicros);
    return verdict.kind === "later" ? verdict.delayMs : verdict.kind;
  });
}

Deno.test("failed attempts are free, then wait longer each time, then are refused", () => {
  const limiter = new AttemptLimiter();
  assertEquals(delays(limiter, ATTEMPTS_FREE), Array(ATTEMPTS_FREE).fill("now"));
  assertEquals(delays(limiter, 3), [ATTEMPT_DELAY_MS, 2 * ATTEMPT_DELAY_MS, 4 * ATTEMPT_DELAY_MS]);
  const slowed = delays(limiter, ATTEMPTS_FAILED_MAX - ATTEMPTS_FREE - 3);
  assertEquals(slowed.at(-1), ATTEMPT_DELAY_MAX_MS);
  assertEquals(limiter.ask(HOST, 1_000_000), {
    kind: "refused",
    retryMs: ATTEMPT_FORGIVEN_MS - 1_000,
  });
  assertEquals(limiter.ask("10.0.0.6", 0).kind, "now", "another address has its own");
});

Deno.test("a failure is forgiven after a while, one at a time, and all of them in the end", () => {
  const limiter = new AttemptLimiter();
  delays(limiter, ATTEMPTS_FAILED_MAX);
  const atMicros = ATTEMPT_FORGIVEN_MS * 1_000;
  assertEquals(delays(limiter, 2, atMicros), [ATTEMPT_DELAY_MAX_MS, "refused"]);
  // What is refused is not counted: it does not put off what is forgiven.
  delays(limiter, 100, atMicros + 1);
  assertEquals(delays(limiter, 2, 2 * atMicros), [ATTEMPT_DELAY_MAX_MS, "refused"]);
  assertEquals(delays(limiter, 1, 100 * atMicros), ["now"]);
});

Deno.test("a valid token forgives its own attempt only", () => {
  const limiter = new AttemptLimiter();
  delays(limiter, ATTEMPTS_FREE);
  for (let i = 0; i < 10; i++) {
    assertEquals(delays(limiter, 1), [ATTEMPT_DELAY_MS], "who guesses has one valid token");
    limiter.succeeded(HOST, 0);
  }
  const honest = new AttemptLimiter();
  for (let i = 0; i < 100; i++) {
    assertEquals(delays(honest, 1), ["now"]);
    honest.succeeded(HOST, 0);
  }
  assertEquals(honest.size, 0);
  honest.succeeded(HOST, 0);
  assertEquals(honest.size, 0);
});

Deno.test("many attempts at once are no way around, and the addresses remembered are bounded", () => {
  const limiter = new AttemptLimiter();
  assertEquals(
    delays(limiter, 100).filter((verdict) => verdict !== "refused").length,
    ATTEMPTS_FAILED_MAX,
  );
  for (let i = 0; i < ADDRESSES_WATCHED_MAX + 10; i++) limiter.ask(`host-${i}`, 0);
  assertEquals(limiter.size, ADDRESSES_WATCHED_MAX);
});
