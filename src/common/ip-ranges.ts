import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** An address, or a range in CIDR notation. */
export function isRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const maxBits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : undefined;
  if (maxBits === undefined || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= maxBits);
}

/** The addresses and ranges of a list, all of which must be ones. */
export function rangesOf(entries: readonly string[]): BlockList {
  const ranges = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    ranges.addSubnet(address, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  return ranges;
}

/** Whether an address is in one of the ranges. */
export const contains = (ranges: BlockList, address: string): boolean =>
  ranges.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
