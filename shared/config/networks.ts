import { BlockList, isIP } from 'node:net';

const NETWORK = /^(?<address>[0-9a-fA-F:.]{2,45})\/(?<bits>\d{1,3})$/u;

/** A list of networks with commas (`10.2.0.0/16,fd00:1::/32`); undefined where one is none. */
export function networksOf(text: string): BlockList | undefined {
  const networks = new BlockList();
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === '') continue;
    const { address = '', bits = '' } = NETWORK.exec(part)?.groups ?? {};
    const family = isIP(address);
    if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) return undefined;
    networks.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  }
  return networks;
}
