import { formatRecord, formatRecordAsJson } from "../../../src/cli/log_output.ts";
import { assertEquals } from "../../support/assert.ts";

const RECORD = {
  category: ["clasp-fed"],
  level: "warning",
  rawMessage: "Leaf {routerId} disconnected",
  message: ["Leaf ", "a\nb\u001b[2J", " disconnected"],
  timestamp: 0,
  properties: { event: "leaf-disconnected", routerId: "a\nb\u001b[2J" },
} as const;

Deno.test("formatRecord() is one line, whatever a peer calls itself", () => {
  assertEquals(
    formatRecord(RECORD),
    "1970-01-01T00:00:00.000Z warn  Leaf a\\u000ab\\u001b[2J disconnected",
  );
});

Deno.test("formatRecord() puts the stack of a bug below its line", () => {
  const record = {
    ...RECORD,
    level: "error",
    properties: { stack: "Error: x\n    at y" },
  } as const;
  assertEquals(formatRecord(record).split("\n").slice(1), ["Error: x", "    at y"]);
});

Deno.test("formatRecordAsJson() is one line with time, level, message and properties", () => {
  const text = formatRecordAsJson(RECORD);
  assertEquals(text.split("\n").length, 1);
  assertEquals(JSON.parse(text), {
    time: "1970-01-01T00:00:00.000Z",
    level: "warn",
    message: "Leaf a\nb\u001b[2J disconnected",
    event: "leaf-disconnected",
    routerId: "a\nb\u001b[2J",
  });
});
