import { configureSync, type LogRecord } from "npm:@logtape/logtape@2.4.2";
import { oneLine, printDiagnostic } from "./output.ts";

/** What `--log-level` takes, from all to little. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevelName = (typeof LOG_LEVELS)[number];

/** Sends the log of the library to standard error. */
export function configureLog(
  options: { readonly level: LogLevelName; readonly isJson: boolean },
): void {
  const lowest = LOG_LEVELS.indexOf(options.level);
  const format = options.isJson ? formatRecordAsJson : formatRecord;
  configureSync({
    reset: true,
    sinks: { stderr: (record) => printDiagnostic(format(record)) },
    filters: {
      // Scripts wait for the line that names the port, so no level keeps it back.
      wanted: (record) =>
        record.properties["event"] === "listening" ||
        LOG_LEVELS.indexOf(levelName(record)) >= lowest,
    },
    loggers: [
      { category: ["clasp-fed"], sinks: ["stderr"], filters: ["wanted"] },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "warning" },
    ],
  });
}

/** A record for people: time, level, message on one line; after a bug, the stack below it. */
export function formatRecord(record: LogRecord): string {
  const time = new Date(record.timestamp).toISOString();
  const line = `${time} ${levelName(record).padEnd(5)} ${oneLine(messageOf(record))}`;
  const stack = record.properties["stack"];
  return typeof stack === "string" ? `${line}\n${stack}` : line;
}

/** A record for machines: time, level, message, and what the message is made of. */
export function formatRecordAsJson(record: LogRecord): string {
  return JSON.stringify({
    time: new Date(record.timestamp).toISOString(),
    level: levelName(record),
    message: messageOf(record),
    ...record.properties,
  });
}

function messageOf({ message }: LogRecord): string {
  return message.map(String).join("");
}

function levelName({ level }: LogRecord): LogLevelName {
  switch (level) {
    case "trace":
    case "debug":
      return "debug";
    case "info":
      return "info";
    case "warning":
      return "warn";
    case "error":
    case "fatal":
      return "error";
  }
}
