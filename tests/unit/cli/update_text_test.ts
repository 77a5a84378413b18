import {
  formatParamAsJson,
  formatUpdate,
  formatUpdateAsJson,
} from "../../../src/cli/update_text.ts";
import type { Update } from "../../../src/edge/update.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";

const PARAM: Update = {
  kind: "param",
  address: "/a",
  value: 1,
  encoded: encodeValue(1),
  revision: 3,
};
const GESTURE: Update = {
  kind: "gesture",
  address: "/pad",
  value: 1,
  encoded: encodeValue(1n),
  phase: "move",
  gestureId: 0,
  timestampMicros: 5,
};
const SAMPLES: Update = { kind: "stream", address: "/mic", value: [1, 0.5] };
const EMPTY: Update = { kind: "event", address: "/cue", value: null };

Deno.test("formatUpdate() is one line for people", () => {
  assertEquals(formatUpdate(PARAM), "/a = 1.0 (revision 3)");
  assertEquals(formatUpdate(GESTURE), "/pad = 1 (gesture move id 0)");
  assertEquals(formatUpdate(SAMPLES), "/mic = [1.0,0.5] (stream)");
  assertEquals(formatUpdate(EMPTY), "/cue = null (event)");
});

Deno.test("formatUpdate() escapes control characters of an address", () => {
  assertEquals(formatUpdate({ ...EMPTY, address: "/\u009b2J" }), "/\\u009b2J = null (event)");
});

Deno.test("formatUpdateAsJson() is one JSON object", () => {
  assertEquals(
    formatUpdateAsJson(PARAM),
    '{"kind":"param","address":"/a","value":1.0,"type":"f64","revision":3}',
  );
  assertEquals(
    formatUpdateAsJson(GESTURE),
    '{"kind":"gesture","address":"/pad","value":1,"type":"i64","phase":"move","id":0,' +
      '"timestampMicros":5}',
  );
  assertEquals(JSON.parse(formatUpdateAsJson(SAMPLES)), {
    kind: "stream",
    address: "/mic",
    value: [1, 0.5],
    type: "samples",
  });
  assertEquals(JSON.parse(formatUpdateAsJson(EMPTY)), {
    kind: "event",
    address: "/cue",
    value: null,
  });
});

Deno.test("formatParamAsJson() names address, value, type and revision", () => {
  assertEquals(
    formatParamAsJson({ address: '/a"b', encoded: encodeValue(1n), revision: 2 }),
    '{"address":"/a\\"b","value":1,"type":"i64","revision":2}',
  );
});
