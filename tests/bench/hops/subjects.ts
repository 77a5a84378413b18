import { CLASP_FED_KIND } from "./clasp_fed_kind.ts";
import { MOSQUITTO_KIND, MOSQUITTO_QOS1_KIND } from "./mosquitto_kind.ts";
import { JETSTREAM_KIND, NATS_KIND } from "./nats_kind.ts";
import { JOINED_RELAY_KIND, RELAY_KIND } from "./relay_kind.ts";
import type { RouterKind } from "./router_kind.ts";

/** Something that is measured. */
export interface Subject {
  readonly kind: RouterKind;
  /** What must be installed; without it, nothing. */
  readonly program?: string;
}

/** Name of a subject. */
export type SubjectName =
  | "clasp-fed"
  | "nats"
  | "nats-jetstream"
  | "mosquitto"
  | "mosquitto-qos1"
  | "relay"
  | "relay-joined";

/** All that is measured, by name. */
export const SUBJECTS: Readonly<Record<SubjectName, Subject>> = {
  "clasp-fed": { kind: CLASP_FED_KIND },
  "nats": { kind: NATS_KIND, program: "nats-server" },
  "nats-jetstream": { kind: JETSTREAM_KIND, program: "nats-server" },
  "mosquitto": { kind: MOSQUITTO_KIND, program: "mosquitto" },
  "mosquitto-qos1": { kind: MOSQUITTO_QOS1_KIND, program: "mosquitto" },
  "relay": { kind: RELAY_KIND },
  "relay-joined": { kind: JOINED_RELAY_KIND },
};

/** Their names, in the order of tables. */
export const SUBJECT_NAMES: readonly SubjectName[] = Object.keys(SUBJECTS) as SubjectName[];
