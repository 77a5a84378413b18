const VALUE_UNITS_MAX = 160;

/** A time span in the two largest units that count. */
export function spanText(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)} h ${Math.floor(whole / 60) % 60} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor(whole / 3_600) % 24} h`;
}

/** The time of day of a moment that was so many seconds ago, by the clock of whoever looks. */
export function clockText(secondsAgo, nowMs) {
  const date = new Date(nowMs - secondsAgo * 1_000);
  const time = date.toLocaleTimeString([], { hour12: false });
  return secondsAgo < 43_200 ? time : `${date.toLocaleDateString()} ${time}`;
}

/** A number with separators. */
export function numberText(number) {
  return Math.round(number).toLocaleString("en");
}

/** A rate, exact where it is small. */
export function rateText(rate) {
  return rate >= 100 ? numberText(rate) : rate.toFixed(1);
}

/** A value on one line, cut when it is long. */
export function valueText(value) {
  const whole = shown(value, 3);
  return whole.length <= VALUE_UNITS_MAX ? whole : `${whole.slice(0, VALUE_UNITS_MAX)}…`;
}

function shown(value, depth) {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Map) {
    const inner = [...value].slice(0, 20).map(([key, item]) => `${key}: ${shown(item, depth - 1)}`);
    return depth === 0 ? "{…}" : `{ ${inner.join(", ")}${value.size > 20 ? ", …" : ""} }`;
  }
  if (Array.isArray(value)) {
    const inner = value.slice(0, 20).map((item) => shown(item, depth - 1));
    return depth === 0 ? "[…]" : `[${inner.join(", ")}${value.length > 20 ? ", …" : ""}]`;
  }
  if (typeof value === "string") return JSON.stringify(value.slice(0, VALUE_UNITS_MAX + 1));
  if (typeof value === "number" && !Number.isInteger(value)) return String(+value.toFixed(6));
  return String(value);
}
