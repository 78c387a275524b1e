import { describe, expect, test } from 'vitest';
import { AddressGuard, RefusedAddressError } from './address-guard.ts';

const PRIVATE = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '64:ff9b::a00:1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'ff02::1',
];
const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '172.15.0.1',
  '172.32.0.1',
  '192.169.0.1',
  '2606:4700::1111',
  '2a00:1450::1',
];

describe('an address', () => {
  const guard = new AddressGuard('');

  test.each(PRIVATE)('%s is refused', (address) => {
    expect(guard.isAllowed(address, true)).toBe(false);
  });

  test.each(PUBLIC)('%s is allowed by TLS and not without', (address) => {
    expect(guard.isAllowed(address, true)).toBe(true);
    expect(guard.isAllowed(address, false)).toBe(false);
  });

  test('of a network that is allowed may be private and without TLS; its neighbours may not', () => {
    const inside = new AddressGuard('10.2.0.0/16, fd00:1::/32');
    expect(inside.isAllowed('10.2.255.1', false)).toBe(true);
    expect(inside.isAllowed('fd00:1::7', true)).toBe(true);
    expect(inside.isAllowed('10.3.0.1', true)).toBe(false);
    expect(inside.isAllowed('fd00:2::7', true)).toBe(false);
  });

  test.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
  ])('written as %s in an endpoint is refused', (url) => {
    expect(() => guard.judgeLiteral(new URL(url))).toThrow(RefusedAddressError);
  });

  test('that a name leads to is refused as the connection is made, and handed over when it may be', async () => {
    const lookUp = (of: AddressGuard, all: boolean) =>
      new Promise<unknown>((resolve) =>
        of.lookup(true)('localhost', { all }, (error, address) => resolve(error ?? address)),
      );
    expect(await lookUp(guard, true)).toBeInstanceOf(RefusedAddressError);
    expect(await lookUp(guard, false)).toBeInstanceOf(RefusedAddressError);
    const inside = new AddressGuard('127.0.0.0/8,::1/128');
    expect(await lookUp(inside, false)).toMatch(/^(?:127\.0\.0\.1|::1)$/u);
    expect(await lookUp(inside, true)).toContainEqual({ address: '127.0.0.1', family: 4 });
  });
});
