import { LIMITED_BYTES_MAX, SAMPLES_GATHERED_MAX } from "../../../src/limits.ts";
import { Agenda } from "../../../src/router/agenda.ts";
import type { Publication } from "../../../src/router/publication.ts";
import { SampleWindows } from "../../../src/router/sample_windows.ts";
import { decodeFrame, encodeFrame } from "../../../src/wire/frame.ts";
import { SIGNAL } from "../../../src/wire/message.ts";
import { assertEquals, assertLessOrEqual } from "../../support/assert.ts";

const WINDOW_MICROS = 100_000;

class Stage {
  readonly agenda = new Agenda();
  readonly sent: Publication[] = [];
  nowMicros = 0;
  readonly windows = new SampleWindows({
    nowMicros: () => this.nowMicros,
    after: (delayMs, action) => this.agenda.at(this.nowMicros + delayMs * 1_000, action),
    cancel: (appointment) => this.agenda.cancel(appointment),
    send: (publication) => this.sent.push(publication),
  });

  pass(samples: readonly number[], { address = "/s", deadlineMicros = Infinity } = {}): void {
    const message = {
      type: "PUBLISH",
      address,
      signal: SIGNAL.stream,
      phase: 0,
      samples,
    } as const;
    this.windows.pass({
      address,
      signal: SIGNAL.stream,
      phase: 0,
      frame: encodeFrame(message),
      identity: { origin: "r", bootId: 1, sequence: 1 },
      deadlineMicros,
      publishedMicros: 0,
      audience: "all",
      from: { paramChanged() {}, published() {} },
    }, WINDOW_MICROS);
  }

  runTo(nowMicros: number): void {
    this.nowMicros = nowMicros;
    this.agenda.run(nowMicros);
  }

  /** The numbers of samples in what was sent. */
  get counts(): (number | undefined)[] {
    return this.sent.map(({ frame }) => {
      const { message } = decodeFrame(frame);
      return message.type === "PUBLISH" ? message.samples?.length : undefined;
    });
  }
}

Deno.test("a window ends before the life of its first sample does", () => {
  const stage = new Stage();
  stage.pass([1], { deadlineMicros: 50_000 });
  stage.runTo(25_000);
  assertEquals(stage.sent.map(({ deadlineMicros }) => deadlineMicros), [50_000]);
});

Deno.test("no message has more samples than its bound, and none is lost", () => {
  const stage = new Stage();
  const half = SAMPLES_GATHERED_MAX / 2;
  for (const count of [half, half, 1, SAMPLES_GATHERED_MAX, SAMPLES_GATHERED_MAX + 1]) {
    stage.pass(Array.from({ length: count }, () => 0));
  }
  assertEquals(stage.counts, [2 * half, 1, SAMPLES_GATHERED_MAX, SAMPLES_GATHERED_MAX + 1]);
  assertEquals([stage.windows.size, stage.windows.gatheredBytes], [0, 0]);
});

Deno.test("beyond the bound of bytes samples are sent as they come", () => {
  const stage = new Stage();
  const samples = Array.from({ length: SAMPLES_GATHERED_MAX }, () => 0);
  const most = LIMITED_BYTES_MAX / (8 * SAMPLES_GATHERED_MAX);
  for (let n = 0; n < most; n++) stage.pass(samples, { address: `/s/${n}` });
  assertEquals(stage.sent.length, 0);
  stage.pass([1], { address: "/more" });
  assertEquals(stage.counts, [1]);
  assertLessOrEqual(stage.windows.gatheredBytes, LIMITED_BYTES_MAX);
  stage.runTo(WINDOW_MICROS);
  assertEquals(stage.sent.length, most + 1);
  assertEquals([stage.windows.size, stage.windows.gatheredBytes], [0, 0]);
});

Deno.test("what was gathered can be dropped, and nothing comes later", () => {
  const stage = new Stage();
  stage.pass([1]);
  stage.windows.drop("/s");
  assertEquals([stage.windows.gatheredBytes, stage.agenda.nextMicros], [0, undefined]);
  stage.runTo(WINDOW_MICROS);
  assertEquals(stage.sent, []);
});
