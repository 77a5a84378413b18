import { numberText, rateText } from "./format.js";
import { label, shape } from "./svg.js";

const CHART = { height: 150, left: 46, right: 8, top: 10, bottom: 20 };

/** Draws rates of messages, in and out, over time. */
export function drawRates(container, { history, rates }) {
  const { height, left, right, top, bottom } = CHART;
  const width = Math.max(240, container.clientWidth);
  const { messagesIn, messagesOut, intervalMs } = history;
  const peak = niceAbove(Math.max(10, ...messagesIn, ...messagesOut));
  const slots = 300;
  const x = (index, count) => left + (width - left - right) * (slots - count + index) / (slots - 1);
  const y = (rate) => top + (height - top - bottom) * (1 - rate / peak);
  const points = (list) =>
    list.map((rate, i) => `${x(i, list.length).toFixed(1)},${y(rate).toFixed(1)}`);
  const svg = shape("svg", {
    ...{ viewBox: `0 0 ${width} ${height}`, role: "img" },
    "aria-label": `Messages a second: ${rateText(rates.messagesIn)} in, ` +
      `${rateText(rates.messagesOut)} out; at most ${numberText(peak)} in the last 5 minutes`,
  });
  for (const rate of [0, peak / 2, peak]) {
    svg.append(
      shape("line", { class: "grid", x1: left, x2: width - right, y1: y(rate), y2: y(rate) }),
      label(numberText(rate), { class: "axis", x: left - 6, y: y(rate) + 4, "text-anchor": "end" }),
    );
  }
  for (const minutes of [5, 4, 3, 2, 1]) {
    const at = x(slots - 1 - minutes * 60_000 / intervalMs + 1, slots);
    svg.append(label(`−${minutes} min`, { class: "axis", x: Math.max(at, left), y: height - 5 }));
  }
  if (messagesIn.length > 1) {
    svg.append(
      shape("polyline", { class: "rate-in", points: points(messagesIn).join(" ") }),
      shape("polyline", { class: "rate-out", points: points(messagesOut).join(" ") }),
    );
  }
  container.replaceChildren(svg);
}

/** 1, 2 or 5 times a power of ten. */
function niceAbove(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 5, 10].map((factor) => factor * power).find((nice) => nice >= number) ?? number;
}
