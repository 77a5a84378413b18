import type { BundleMessage, Message, PublishMessage, SetMessage } from "../wire/message.ts";
import { BUNDLE_DEPTH_MAX, BUNDLE_MESSAGES_MAX } from "../limits.ts";
import { encodeFrame } from "../wire/frame.ts";
import type { ClientSession } from "./client_session.ts";
import { ERROR_CODE, type Refusal } from "./error_code.ts";
import { partsProblem } from "./parts_problem.ts";
import type { RouterCore } from "./router_core.ts";

/** What became of a bundle. */
export type BundleOutcome =
  | { readonly kind: "done"; readonly lastRevision: number | undefined }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** What a bundle is made of. */
export type Part = SetMessage | PublishMessage;

/**
 * Runs a client's bundle: all of it, or, when anything in it cannot be done, none of it. Every check
 * comes before the first effect.
 *
 * A bundle whose time is not past is refused, and so is one with a param that another router owns:
 * neither could be kept to "all or nothing" by this version.
 */
export function runBundle(
  router: RouterCore,
  session: ClientSession,
  bundle: BundleMessage,
): BundleOutcome {
  const { timestampMicros } = bundle;
  if (timestampMicros !== undefined && timestampMicros > router.timeMicros()) {
    return refused(
      ERROR_CODE.unavailable,
      "Scheduled bundles are not supported by this version of the router; send it when it is due",
    );
  }
  const parts: Part[] = [];
  const refusal = flatten(bundle, parts, 1) ?? problemOf(router, session, parts);
  if (refusal !== undefined) return { kind: "refused", refusal };
  let lastRevision: number | undefined;
  for (const part of parts) {
    if (part.type === "SET") {
      const answer = router.write(part, session.id);
      // Checked above, in the same turn: a refusal here would be a bug, and half a bundle.
      if (answer.kind === "refused") throw new Error(answer.refusal.message);
      lastRevision = answer.version.revision;
    } else {
      router.publish(part, encodeFrame(part), session);
    }
  }
  return { kind: "done", lastRevision };
}

/** Collects the parts of a bundle and of those in it, or says why there can be no such bundle. */
export function flatten(bundle: BundleMessage, parts: Part[], depth: number): Refusal | undefined {
  if (depth > BUNDLE_DEPTH_MAX) {
    return {
      code: ERROR_CODE.invalidMessage,
      message: `Bundles are nested more than ${BUNDLE_DEPTH_MAX} deep`,
    };
  }
  for (const message of bundle.messages) {
    const refusal = flattenPart(message, parts, depth);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function flattenPart(message: Message, parts: Part[], depth: number): Refusal | undefined {
  if (message.type === "BUNDLE") return flatten(message, parts, depth + 1);
  if (message.type !== "SET" && message.type !== "PUBLISH") {
    return {
      code: ERROR_CODE.invalidMessage,
      message: `A bundle takes SET, PUBLISH and BUNDLE, not ${message.type}`,
    };
  }
  if (parts.length >= BUNDLE_MESSAGES_MAX) {
    return {
      code: ERROR_CODE.invalidMessage,
      message: `A bundle takes at most ${BUNDLE_MESSAGES_MAX} messages`,
    };
  }
  parts.push(message);
  return undefined;
}

function problemOf(
  router: RouterCore,
  session: ClientSession,
  parts: readonly Part[],
): Refusal | undefined {
  return partsProblem(router.params, parts, (part, earlier) => {
    if (part.type === "PUBLISH") return session.publishProblem(part);
    return session.writeProblem(part.address) ?? routeProblem(router, part) ??
      router.params.problem(router.toWrite(part, session.id), earlier);
  });
}

function routeProblem(router: RouterCore, set: SetMessage): Refusal | undefined {
  const { address } = set;
  const route = router.route(address);
  switch (route.kind) {
    case "here":
      return undefined;
    case "caretaker":
      return set.lock || set.unlock ? route.lockRefusal : undefined;
    case "unreachable":
      return route.refusal;
    case "elsewhere":
      return {
        code: ERROR_CODE.unavailable,
        message: `Cannot bundle a SET of "${address}": another router owns it, and bundles ` +
          "across routers are not supported by this version",
        address,
      };
  }
}

function refused(code: typeof ERROR_CODE.unavailable, message: string): BundleOutcome {
  return { kind: "refused", refusal: { code, message } };
}
