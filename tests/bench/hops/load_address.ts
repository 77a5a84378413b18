/** Digits at the end of each address. */
const DIGITS = 6;
const ZERO = 0x30;

/** Bytes of an address as one protocol spells it: all are equally long. */
export interface AddressSpelling {
  readonly first: string;
  readonly all: string;
  readonly length: number;
}

/** As CLASP spells the addresses of a load. */
export const CLASP_ADDRESSES: AddressSpelling = spelling("/site-a/params/", "/site-a/params/**");
/** As MQTT does. */
export const MQTT_ADDRESSES: AddressSpelling = spelling("site-a/params/", "site-a/params/#");
/** As NATS does. */
export const NATS_ADDRESSES: AddressSpelling = spelling("site-a.params.", "site-a.params.>");

/** Writes the number of an address over the digits that end before `end`. */
export function writeAddressNumber(bytes: Uint8Array, end: number, number: number): void {
  for (let at = end - 1, rest = number; at >= end - DIGITS; at--) {
    bytes[at] = ZERO + rest % 10;
    rest = (rest / 10) | 0;
  }
}

/** Reads it again; undefined when the address is none of the load's. */
export function readAddressNumber(bytes: Uint8Array, end: number): number | undefined {
  let number = 0;
  for (let at = end - DIGITS; at < end; at++) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return number;
}

function spelling(prefix: string, all: string): AddressSpelling {
  const first = prefix + "0".repeat(DIGITS);
  return { first, all, length: first.length };
}
