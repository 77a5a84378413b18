const SVG_NAMES = "http://www.w3.org/2000/svg";

/** An SVG element with these attributes. */
export function shape(name, attributes) {
  const made = document.createElementNS(SVG_NAMES, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** Text in a drawing. */
export function label(text, attributes) {
  const made = shape("text", attributes);
  made.textContent = text;
  return made;
}
