import { lookup } from 'node:dns';
import { type BlockList, isIP, type LookupFunction } from 'node:net';
import { networksOf } from '#shared/config/networks.ts';

/** What IANA's registries of special-purpose addresses do not call globally reachable. */
const NOT_PUBLIC_IPV4 = networksOf(
  [
    '0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24,192.0.2.0/24',
    '192.88.99.0/24,192.168.0.0/16,198.18.0.0/15,198.51.100.0/24,203.0.113.0/24,224.0.0.0/4,240.0.0.0/4',
  ].join(','),
) as BlockList;
/** Beyond 2000::/3 nothing is: loopback, mapped IPv4, NAT64, local and link-local addresses lie there. Within: Teredo, 6to4, examples. */
const NOT_PUBLIC_IPV6 = networksOf(
  '::/3,4000::/2,8000::/1,2001::/23,2001:db8::/32,2002::/16,3fff::/20',
) as BlockList;

/** An address that is not to be spoken to from inside. */
export class RefusedAddressError extends Error {
  override readonly name = 'RefusedAddressError';

  constructor() {
    super('The name leads to an address that is not public, or is not to be spoken to without TLS.');
  }
}

/**
 * Judges the addresses of endpoints, which strangers name: public ones over TLS, and those of `privateNetworks` with or
 * without.
 */
export class AddressGuard {
  readonly #allowed: BlockList;

  /** As WEBHOOK_PRIVATE_NETWORKS. */
  constructor(privateNetworks: string) {
    this.#allowed = networksOf(privateNetworks) as BlockList;
  }

  isAllowed(address: string, isTls: boolean): boolean {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (this.#allowed.check(address, family)) return true;
    // A list of both would hold IPv4 against ::/3, as mapped addresses.
    return isTls && !(family === 'ipv6' ? NOT_PUBLIC_IPV6 : NOT_PUBLIC_IPV4).check(address, family);
  }

  /**
   * Throws `RefusedAddressError` where the host is written as an address: such a one is never looked up. A name is judged by
   * `lookup`.
   */
  judgeLiteral({ hostname, protocol }: URL): void {
    const host = hostname.replace(/^\[|\]$/gu, '');
    if (isIP(host) !== 0 && !this.isAllowed(host, protocol === 'https:')) throw new RefusedAddressError();
  }

  /**
   * For a connection: it goes to the very address that was judged, whatever the name answers the next time. One address among
   * several that may not be is one too many.
   */
  lookup(isTls: boolean): LookupFunction {
    return (hostname, options, callback) => {
      lookup(hostname, { ...options, all: true }, (error, addresses) => {
        if (error !== null) return callback(error, '', 0);
        const first = addresses[0];
        if (first === undefined || !addresses.every(({ address }) => this.isAllowed(address, isTls))) {
          return callback(new RefusedAddressError(), '', 0);
        }
        if (options.all === true) return callback(null, addresses);
        return callback(null, first.address, first.family);
      });
    };
  }
}
