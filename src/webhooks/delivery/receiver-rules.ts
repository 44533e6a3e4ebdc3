import { type BlockList, isIP, isIPv4 } from 'node:net';
import { contains, isRange, rangesOf } from '../../common/ip-ranges.js';

/** What of the IPv4 and IPv6 special-purpose registries (RFC 6890) no public receiver has. */
const NOT_PUBLIC_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];
/** The only addresses that are routed; mapped, translated, local and multicast ones are outside. */
const GLOBAL_IPV6 = ['2000::/3'];
const NOT_PUBLIC_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

const notPublic = rangesOf([...NOT_PUBLIC_IPV4, ...NOT_PUBLIC_IPV6]);
const globalIpv6 = rangesOf(GLOBAL_IPV6);
const loopback = rangesOf(LOOPBACK);

/**
 * Which receivers may be called: https to public addresses, and whatever WEBHOOK_ALLOW names (by host, address or range),
 * by http too. In development also http and loopback.
 */
export class ReceiverRules {
  readonly #hosts: ReadonlySet<string>;
  readonly #ranges: BlockList;
  readonly #hasRanges: boolean;

  /** `allow` has host names, addresses and ranges such as `10.1.0.0/16`. */
  constructor(
    allow: readonly string[],
    private readonly isDevelopment: boolean,
  ) {
    const ranges = allow.filter(isRange);
    this.#hosts = new Set(allow.filter((entry) => !isRange(entry)).map((name) => name.toLowerCase()));
    this.#ranges = rangesOf(ranges);
    this.#hasRanges = ranges.length > 0;
  }

  /** Why a URL can never be called; undefined when that is known only once its host is looked up. */
  faultOf({ protocol, hostname, username, password }: URL): string | undefined {
    if (protocol !== 'https:' && protocol !== 'http:') return 'must be an https URL';
    if (username !== '' || password !== '') return 'must have no user and no password';
    const address = literalIn(hostname);
    if (address !== undefined && !this.allows(protocol, hostname, address))
      return 'must not be a private, local or reserved address';
    const isHttpPossible = this.isDevelopment || this.#isListed(hostname) || this.#hasRanges;
    return protocol === 'http:' && address === undefined && !isHttpPossible
      ? 'must be an https URL'
      : undefined;
  }

  /** Whether `address`, which `hostname` stands for, may be connected to. */
  allows(protocol: string, hostname: string, address: string): boolean {
    if (this.#isListed(hostname) || contains(this.#ranges, address)) return true;
    if (this.isDevelopment && contains(loopback, address)) return true;
    return (protocol === 'https:' || this.isDevelopment) && isPublic(address);
  }

  #isListed(hostname: string): boolean {
    return this.#hosts.has(hostname.toLowerCase().replace(/\.$/, ''));
  }
}

/** The address that a URL's host is, if it is one. URL has already read its other spellings (`2130706433`, `0x7f.1`). */
function literalIn(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? undefined : bare;
}

const isPublic = (address: string): boolean =>
  isIPv4(address)
    ? !contains(notPublic, address)
    : contains(globalIpv6, address) && !contains(notPublic, address);
