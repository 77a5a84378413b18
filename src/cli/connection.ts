import { AddressError } from "../address/address.ts";
import { Client, type ClientOptions } from "../edge/client.ts";
import { ClientError } from "../edge/client_error.ts";
import { TlsError } from "../edge/tls_error.ts";
import { FrameTooLargeError } from "../wire/frame_too_large_error.ts";
import type { Flag } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { printDiagnostic } from "./output.ts";
import { readPemFile } from "./pem_file.ts";
import { exposureWarning, readToken, TOKEN_HELP } from "./token.ts";
import { UsageError } from "./usage_error.ts";

const DEFAULT_SERVER = "ws://localhost:7330";

/** Flags of every command that talks to a router. */
export const CONNECTION_FLAGS: readonly Flag[] = [
  { name: "server", short: "s", value: "URL", help: `The router. Default ${DEFAULT_SERVER}` },
  {
    name: "ca",
    value: "FILE",
    help: "Authorities (PEM) to trust beside the usual ones for wss:// (needs --allow-read)",
  },
  { name: "token", value: "TOKEN", help: `Shown to the router. ${TOKEN_HELP}` },
];

/** The router that a command talks to. */
export function serverUrl(args: CommandArguments): string {
  return checkedUrl("--server", args.text("server") ?? DEFAULT_SERVER);
}

/** Checks a URL of a router before it is used. `what` is the flag or the argument. */
export function checkedUrl(what: string, url: string): string {
  if (URL.canParse(url) && /^wss?:$/.test(new URL(url).protocol)) return url;
  throw new UsageError(`${what} needs a URL like ${DEFAULT_SERVER}, not "${url}"`);
}

/**
 * Connects to the router that the flags name, does something there, and disconnects.
 *
 * @throws {CommandError} when it cannot connect, or the router refuses what is done
 */
export async function withClient<T>(
  args: CommandArguments,
  act: (client: Client) => Promise<T>,
): Promise<T> {
  return await withClients(args, [serverUrl(args)], async ([client]) => {
    if (client === undefined) throw new TypeError("There is a client for each URL");
    return await act(client);
  });
}

/**
 * The same with a connection to each of several routers, in their order.
 *
 * @throws {CommandError} when it cannot connect, or a router refuses what is done
 */
export async function withClients<T>(
  args: CommandArguments,
  urls: readonly string[],
  act: (clients: readonly Client[]) => Promise<T>,
): Promise<T> {
  const options = { ...await tokenOption(args), ...await caOption(args, urls) };
  const clients: Client[] = [];
  try {
    for (const url of urls) clients.push(await connect(url, options));
    return await act(clients);
  } catch (error) {
    if (error instanceof ClientError) throw new CommandError(describe(error));
    if (error instanceof FrameTooLargeError) throw new CommandError(error.message);
    throw error;
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** Checks an address or a pattern before it is sent. */
export function checked(text: string, check: (text: string) => unknown): string {
  try {
    check(text);
  } catch (error) {
    if (error instanceof AddressError) throw new UsageError(error.message);
    throw error;
  }
  return text;
}

/** The token that the flags name. */
export async function tokenOption(args: CommandArguments): Promise<Pick<ClientOptions, "token">> {
  const token = args.text("token");
  if (token === undefined) return {};
  const warning = exposureWarning("token", token);
  if (warning !== undefined) printDiagnostic(`clasp-fed: ${warning}`);
  return { token: await readToken("token", token) };
}

/** The authorities that the flags name, for routers at these URLs. */
export async function caOption(
  args: CommandArguments,
  urls: readonly string[],
): Promise<Pick<ClientOptions, "ca">> {
  const path = args.text("ca");
  if (path === undefined) return {};
  if (urls.every((url) => new URL(url).protocol !== "wss:")) {
    const all = urls.join(" and ");
    throw new UsageError(`--ca has no effect with ${all}; it is for wss://HOST:PORT`);
  }
  return { ca: (await readPemFile("ca", path)).text };
}

async function connect(url: string, options: ClientOptions): Promise<Client> {
  try {
    return await Client.connect(url, { ...options, name: "clasp-fed command line" });
  } catch (error) {
    if (error instanceof TlsError) throw new CommandError(`--ca: ${error.message}`);
    if (!(error instanceof ClientError)) throw error;
    if (error.code !== 0) throw new CommandError(`${url} refused: ${describe(error)}`);
    const isExplained = /--allow-net|--ca\b|there, not ws/.test(error.message);
    if (isExplained) throw new CommandError(error.message);
    throw new CommandError(`${error.message}; is a router running there? See --server`);
  }
}

function describe({ code, message }: ClientError): string {
  return code === 0 ? message : `ERROR ${code}: ${message}`;
}
