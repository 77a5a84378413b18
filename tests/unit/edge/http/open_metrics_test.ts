import { openMetricsText } from "../../../../src/edge/http/open_metrics.ts";
import { assertEquals } from "../../../support/assert.ts";

Deno.test("openMetricsText() writes types, units, suffixes and escapes, and the end", () => {
  const text = openMetricsText([
    {
      name: "a_bytes",
      type: "counter",
      unit: "bytes",
      help: 'What "it"\nis\\',
      samples: [
        { labels: { peer: 'x"\\\n' }, value: 3 },
      ],
    },
    { name: "b", type: "info", help: "Which", samples: [{ value: 1 }] },
    { name: "c", type: "gauge", help: "How", samples: [{ value: -0.5 }, { value: Infinity }] },
  ]);
  assertEquals(
    text,
    [
      "# TYPE a_bytes counter",
      "# UNIT a_bytes bytes",
      '# HELP a_bytes What \\"it\\"\\nis\\\\',
      'a_bytes_total{peer="x\\"\\\\\\n"} 3',
      "# TYPE b info",
      "# HELP b Which",
      "b_info 1",
      "# TYPE c gauge",
      "# HELP c How",
      "c -0.5",
      "c +Inf",
      "# EOF",
      "",
    ].join("\n"),
  );
});
