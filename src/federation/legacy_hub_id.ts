import { routerIdProblem } from "./router_id.ts";

const PREFIX = "legacy:";

/**
 * The id by which a legacy hub is known here: it tells none itself, and its session is another one
 * each time. Made of the host and port of its URL, else of its name.
 */
export function legacyHubId(url: string, name: string): string {
  const host = URL.canParse(url) ? new URL(url).host : "";
  const id = PREFIX + (host === "" ? name : host);
  return routerIdProblem(id) === undefined ? id : `${PREFIX}hub`;
}
