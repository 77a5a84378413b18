import type { BundleMessage, Message, PublishMessage, SetMessage } from "../wire/message.ts";
import { BUNDLE_DEPTH_MAX, BUNDLE_MESSAGES_MAX } from "../limits.ts";
import { ERROR_CODE, type Refusal } from "./error_code.ts";

/** What a bundle is made of. */
export type Part = SetMessage | PublishMessage;

/**
 * Collects the parts of a bundle and of those in it, in order, or says why there can be no such
 * bundle. A bundle is done at one moment: one in it has no other time than the outermost.
 */
export function flatten(bundle: BundleMessage, parts: Part[], depth: number): Refusal | undefined {
  if (depth > BUNDLE_DEPTH_MAX) {
    return invalid(`Bundles are nested more than ${BUNDLE_DEPTH_MAX} deep`);
  }
  for (const message of bundle.messages) {
    const refusal = flattenPart(message, { bundle, parts, depth });
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function flattenPart(
  message: Message,
  { bundle, parts, depth }: {
    readonly bundle: BundleMessage;
    readonly parts: Part[];
    readonly depth: number;
  },
): Refusal | undefined {
  if (message.type === "BUNDLE") {
    const { timestampMicros = bundle.timestampMicros } = message;
    if (timestampMicros === bundle.timestampMicros) {
      return flatten({ ...message, timestampMicros }, parts, depth + 1);
    }
    return invalid(
      `A bundle in a bundle has the time ${timestampMicros} of its own, and a bundle is done at ` +
        "one moment; send it by itself",
    );
  }
  if (message.type !== "SET" && message.type !== "PUBLISH") {
    return invalid(`A bundle takes SET, PUBLISH and BUNDLE, not ${message.type}`);
  }
  if (parts.length >= BUNDLE_MESSAGES_MAX) {
    return invalid(`A bundle takes at most ${BUNDLE_MESSAGES_MAX} messages`);
  }
  parts.push(message);
  return undefined;
}

function invalid(message: string): Refusal {
  return { code: ERROR_CODE.invalidMessage, message };
}
