import type { LoadProtocolName } from "./load_plan.ts";

/** How one router is started. */
export interface RouterCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Written to a file, whose name is the last argument. */
  readonly config?: string;
}

/** Ports of 127.0.0.1 of a hub and two leaves. */
export interface ChainPorts {
  readonly hub: number;
  /** Where leaves dial, for products that have a port of its own for that. */
  readonly hubLinks: number;
  readonly a: number;
  readonly b: number;
}

/** What differs between products. */
export interface RouterKind {
  readonly protocol: LoadProtocolName;
  hub(ports: ChainPorts): RouterCommand;
  leaf(name: "a" | "b", ports: ChainPorts): RouterCommand;
  /** What is done once the hub listens. */
  prepareHub?(ports: ChainPorts): Promise<void>;
}
