import {
  encodeSubscribeOptions,
  type SubscribeOptions,
} from "../../../src/edge/subscribe_options.ts";
import { ALL_SIGNALS, SIGNAL, type SignalName } from "../../../src/wire/message.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const NOTHING = { maxRate: undefined, epsilon: undefined, history: undefined, window: undefined };

Deno.test("encodeSubscribeOptions() asks for what is named, and for all types by default", () => {
  assertEquals(encodeSubscribeOptions({}), { types: ALL_SIGNALS, options: NOTHING });
  const options = { maxRate: 5, epsilon: 0.5, history: 10, window: 20 };
  assertEquals(encodeSubscribeOptions({ types: ["param", "stream"], ...options }), {
    types: (1 << SIGNAL.param) | (1 << SIGNAL.stream),
    options,
  });
});

Deno.test("encodeSubscribeOptions() says which option cannot be sent", () => {
  const wrong: readonly (readonly [SubscribeOptions, string])[] = [
    [{ maxRate: 0.5 }, "maxRate 0.5: a whole number from 0 to 4294967295 is needed"],
    [{ history: -1 }, "history -1"],
    [{ window: 2 ** 32 }, "window 4294967296"],
    [{ epsilon: NaN }, "epsilon NaN: 0 or more is needed"],
    [{ epsilon: -0.1 }, "epsilon -0.1"],
    [{ types: [] }, "no types: name one at least"],
  ];
  for (const [options, problem] of wrong) {
    assertThrows(() => encodeSubscribeOptions(options), RangeError, problem);
  }
  const types = ["evnt" as SignalName];
  assertThrows(
    () => encodeSubscribeOptions({ types }),
    TypeError,
    '"evnt": known are param, event',
  );
});
