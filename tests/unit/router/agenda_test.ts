import { Agenda, type Appointment } from "../../../src/router/agenda.ts";
import { assertEquals } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";

Deno.test("Agenda runs by time, and in the order of planning at one time", () => {
  const prng = createPrng(1);
  const agenda = new Agenda();
  const planned: { readonly at: number; readonly order: number }[] = [];
  const ran: { readonly at: number; readonly order: number }[] = [];
  for (let order = 0; order < 500; order++) {
    const plan = { at: prng.nextInt(50), order };
    planned.push(plan);
    agenda.at(plan.at, () => ran.push(plan));
  }
  for (let now = 0; now < 50; now += 7) agenda.run(now);
  agenda.run(50);
  assertEquals(ran, planned.toSorted((a, b) => a.at - b.at || a.order - b.order));
  assertEquals(agenda.nextMicros, undefined);
});

Deno.test("Agenda runs nothing before its time and says when that is", () => {
  const agenda = new Agenda();
  let ran = 0;
  agenda.at(20, () => ran++);
  agenda.at(10, () => ran++);
  assertEquals(agenda.nextMicros, 10);
  agenda.run(9);
  assertEquals(ran, 0);
  agenda.run(10);
  assertEquals([ran, agenda.nextMicros], [1, 20]);
});

Deno.test("Agenda does not run what was cancelled, wherever it stands", () => {
  const prng = createPrng(2);
  const agenda = new Agenda();
  const ran = new Set<number>();
  const plans: Appointment[] = [];
  for (let n = 0; n < 200; n++) plans.push(agenda.at(prng.nextInt(30), () => ran.add(n)));
  for (let n = 0; n < 200; n += 2) agenda.cancel(plans[n]);
  agenda.run(30);
  assertEquals([...ran].sort((a, b) => a - b), Array.from({ length: 100 }, (_, n) => 2 * n + 1));
});

Deno.test("Agenda forgets a cancelled appointment that would be next", () => {
  const agenda = new Agenda();
  const first = agenda.at(1, () => {});
  agenda.at(5, () => {});
  agenda.cancel(first);
  agenda.cancel(undefined);
  assertEquals(agenda.nextMicros, 5);
});

Deno.test("Agenda runs what an action plans for now, and cancels what it takes back", () => {
  const agenda = new Agenda();
  const ran: string[] = [];
  agenda.at(1, () => {
    ran.push("a");
    agenda.at(1, () => ran.push("planned"));
    agenda.at(2, () => ran.push("later"));
    agenda.cancel(doomed);
  });
  const doomed = agenda.at(1, () => ran.push("doomed"));
  agenda.run(1);
  assertEquals(ran, ["a", "planned"]);
  // Cancelling what has run is harmless.
  agenda.cancel(doomed);
  agenda.run(2);
  assertEquals(ran, ["a", "planned", "later"]);
});
