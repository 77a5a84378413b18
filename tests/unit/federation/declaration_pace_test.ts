import { DeclarationPace } from "../../../src/federation/declaration_pace.ts";
import { CLAIMS_DECLARED_PER_MS } from "../../../src/limits.ts";
import { Agenda, type Appointment } from "../../../src/router/agenda.ts";
import { assertEquals } from "../../support/assert.ts";

/** Turns of a millisecond. */
class Turns {
  nowMicros = 5_000_000;
  /** When it was told. */
  readonly toldMs: number[] = [];
  readonly pace: DeclarationPace;
  readonly #agenda = new Agenda();
  readonly #flushes = new Set<() => void>();

  constructor(claims: number) {
    const startMicros = this.nowMicros;
    this.pace = new DeclarationPace(this, () => {
      this.toldMs.push((this.nowMicros - startMicros) / 1_000);
      return claims;
    });
  }

  after(delayMs: number, action: () => void): Appointment {
    return this.#agenda.at(this.nowMicros + delayMs * 1_000, action);
  }

  flushAtEndOfTurn(flush: () => void): void {
    this.#flushes.add(flush);
  }

  run(turns: number, act: () => void = () => {}): void {
    for (let turn = 0; turn < turns; turn++) {
      this.#agenda.run(this.nowMicros);
      act();
      for (const flush of this.#flushes) flush();
      this.#flushes.clear();
      this.nowMicros += 1_000;
    }
  }
}

Deno.test("little is told at the end of each turn in which something changed, once", () => {
  const turns = new Turns(9 * CLAIMS_DECLARED_PER_MS);
  turns.run(3, () => {
    turns.pace.changed();
    turns.pace.changed();
  });
  turns.run(20);
  assertEquals(turns.toldMs, [0, 1, 2]);
});

Deno.test("much is told at once when it is quiet, then the more seldom the more it is", () => {
  for (const ms of [20, 500]) {
    const turns = new Turns(ms * CLAIMS_DECLARED_PER_MS);
    turns.run(ms + 10, () => turns.pace.changed());
    turns.run(5 * ms);
    // The last of the changes is told too.
    assertEquals(turns.toldMs, [0, ms, 2 * ms]);
    turns.run(1, () => turns.pace.changed());
    assertEquals(turns.toldMs.length, 4, "at once, long after");
  }
});
