const GROUP_WORDS = 4;
const IPV6_WORDS = 8;

/**
 * What limits for one remote address count by: an IPv4 address itself, and of an IPv6 address its
 * first 64 bits, as any machine has all addresses that begin alike. What is neither stays as it is.
 *
 * @param host Without a port; an IPv6 address with or without brackets.
 */
export function addressGroup(host: string): string {
  const address = host.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "");
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = address.split("::");
  const first = wordsOf(head);
  const last = wordsOf(tail ?? "");
  const gap = tail === undefined ? 0 : Math.max(0, IPV6_WORDS - first.length - last.length);
  const words = [...first, ...Array<string>(gap).fill("0"), ...last];
  const group = words.slice(0, GROUP_WORDS).map((word) =>
    word.toLowerCase().replace(/^0+(?=.)/, "")
  );
  return `${group.join(":")}::/64`;
}

/** The same for an address with a port, as "10.0.0.5:1234" or "[fe80::1]:1234". */
export function remoteGroup(remoteAddress: string): string {
  return addressGroup(remoteAddress.replace(/:\d*$/, ""));
}

function wordsOf(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
