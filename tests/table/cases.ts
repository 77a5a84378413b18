import { QOS } from "../../src/wire/message.ts";
import { cutForm, encodeForm } from "./encode_form.ts";
import { type Form, type Names, NO_SESSION } from "./form.ts";
import { type Bytes, frame, join } from "./raw_bytes.ts";

/** One row: a message in which one thing is as it should not be, or nothing. */
export interface Case {
  /** Name of the form. */
  readonly form: string;
  readonly field: string;
  readonly variant: string;
  /** The WebSocket message. */
  readonly make: (names: Names) => Bytes;
  /** A marker must not stand behind it in the same WebSocket message. */
  readonly takesMarker: boolean;
}

/** How much of a form is asked. */
export type Depth =
  /** Valid messages, and one that is cut short. */
  | "samples"
  /** All that can be decoded, and one lie of each field. */
  | "meanings"
  /** Everything. */
  | "all";

/** All cases of a form, in the order of the wire. */
export function casesOf(form: Form, depth: Depth): readonly Case[] {
  const wholes = (form.wholes ?? []).filter(({ isLie }) => depth === "all" || isLie !== true)
    .map(({ field, name: variant, make, takesMarker = false }) => ({
      form: form.name,
      field,
      variant,
      make,
      takesMarker,
    }));
  if (depth === "samples") return [...valid(form, ["Confirm"]), ...cuts(form).slice(0, 1)];
  return [
    ...valid(form, Object.keys(QOS) as readonly (keyof typeof QOS)[]),
    ...changes(form, depth),
    ...(depth === "all" ? cuts(form) : []),
    ...wholes,
  ];
}

const MESSAGE = "message";

function valid(form: Form, qualities: readonly (keyof typeof QOS | "Confirm")[]): readonly Case[] {
  if (form.name === "frame") return [];
  const plain = qualities.map((quality) => {
    const qos = quality === "Confirm" ? QOS.confirm : QOS[quality];
    const variant = `valid ${quality[0]?.toUpperCase()}${quality.slice(1)}`;
    return framed(form, MESSAGE, variant, (names) => encodeForm(form, names), qos);
  });
  if (qualities.length < 2) return plain;
  const trailing = framed(
    form,
    MESSAGE,
    "bytes behind it",
    (names) => join(encodeForm(form, names), 1, 2, 3),
  );
  return [...plain, trailing];
}

function changes(form: Form, depth: Depth): readonly Case[] {
  return form.fields.flatMap((field) => {
    const isOptional = field.flag !== undefined && field.sample !== undefined &&
      field.name !== "value";
    const absent = { name: "absent", make: undefined, isLie: false };
    const variants = [...(isOptional ? [absent] : []), ...field.variants];
    const lies = variants.filter(({ isLie = false }) => isLie);
    const asked = variants.filter(({ isLie = false }) => !isLie || depth === "all");
    const chosen = depth === "all" ? asked : [...asked, ...lies.slice(0, 1)];
    return chosen.map((variant) =>
      framed(form, field.name, variant.name, (names) =>
        encodeForm(form, names, {
          field,
          variant: variant.make === undefined ? undefined : { ...variant, make: variant.make },
        }))
    );
  });
}

function cuts(form: Form): readonly Case[] {
  return form.fields.flatMap((field) =>
    (["before", "inside"] as const).flatMap((at) => {
      if (cutForm(form, PROBE, { field, at }) === undefined) return [];
      return framed(
        { ...form, behind: undefined },
        field.name,
        `cut ${at} it`,
        (names) => cutForm(form, names, { field, at }) ?? join(),
      );
    })
  );
}

function framed(
  form: Omit<Form, "behind"> & { readonly behind?: Form["behind"] | undefined },
  field: string,
  variant: string,
  payload: (names: Names) => Bytes,
  qos: number = QOS.confirm,
): Case {
  return {
    form: form.name,
    field,
    variant,
    make: (names) =>
      join(frame(payload(names), { qos, ...form.header }), form.behind?.(names) ?? join()),
    // A context would take the marker for one of the frames that it is about.
    takesMarker: form.behind !== undefined && field === "count",
  };
}

/** Only to see whether there is something to cut. */
const PROBE: Names = {
  address: "/t/00000",
  kept: "/t/-kept",
  outside: "/o/00000",
  namespace: "/t/**",
  routerId: "leaf-0",
  session: NO_SESSION,
  number: 0,
};
