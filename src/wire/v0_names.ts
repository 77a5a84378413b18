import {
  FEATURE,
  PHASE,
  type PhaseCode,
  SIGNAL,
  type SignalCode,
  type SignalName,
} from "./message.ts";

/** v0 writes codes as names. What is clasp-fed's own, the envelope feature, has none there. */
const PUBLIC_FEATURES = ["param", "event", "stream", "gesture", "timeline", "federation"] as const;
const SIGNALS = Object.entries(SIGNAL) as readonly (readonly [SignalName, SignalCode])[];
const PHASES = Object.entries(PHASE) as readonly (readonly [string, PhaseCode])[];

/** Feature bits for names; one that is not known has none. */
export function toFeatureBits(names: readonly string[]): number {
  let bits = 0;
  for (const name of PUBLIC_FEATURES) if (names.includes(name)) bits |= FEATURE[name];
  return bits;
}

/** The names of feature bits. */
export function toFeatureNames(bits: number): string[] {
  return PUBLIC_FEATURES.filter((name) => (bits & FEATURE[name]) !== 0);
}

/** The code of a kind of signal, or undefined. */
export function signalNamed(name: string): SignalCode | undefined {
  return SIGNALS.find(([known]) => known === name)?.[1];
}

/** The name of a kind of signal. */
export function signalName(code: SignalCode): SignalName {
  // Each code has a name.
  return SIGNALS.find(([, known]) => known === code)?.[0] ?? "event";
}

/** The names of the kinds of signal in a mask. */
export function maskNames(mask: number): SignalName[] {
  return SIGNALS.filter(([, code]) => (mask & (1 << code)) !== 0).map(([name]) => name);
}

/** The code of a gesture's phase, or undefined. */
export function phaseNamed(name: string): PhaseCode | undefined {
  return PHASES.find(([known]) => known === name)?.[1];
}

/** The name of a gesture's phase. */
export function phaseName(code: PhaseCode): string {
  return PHASES.find(([, known]) => known === code)?.[0] ?? "start";
}
