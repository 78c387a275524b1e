import type { Manifest } from '../manifests.ts';

/** Somebody who sends or gets: a pod of some namespace, or an address outside the cluster. */
export type Party = { namespace?: string; labels?: Record<string, string>; address?: string };

type Selector = {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
};
type Peer = {
  podSelector?: Selector;
  namespaceSelector?: Selector;
  ipBlock?: { cidr: string; except?: string[] };
};
type Opening = { from?: Peer[]; to?: Peer[]; ports?: { protocol?: string; port?: number }[] };
type Policy = { podSelector: Selector; policyTypes: string[]; ingress?: Opening[]; egress?: Opening[] };

/**
 * Whether the NetworkPolicies of `own` let a connection through, by the rules of the Kubernetes API: a pod that some policy
 * selects for a direction is closed but for the union of the openings; both ends have to agree. Of other namespaces nothing
 * is known, and their end agrees.
 */
export function allows(
  manifests: readonly Manifest[],
  own: string,
  { from, to, port, protocol = 'TCP' }: { from: Party; to: Party; port: number; protocol?: string },
): boolean {
  const policies = manifests
    .filter((manifest) => manifest.kind === 'NetworkPolicy')
    .map((manifest) => manifest.spec as unknown as Policy);
  const open = (direction: 'Ingress' | 'Egress', self: Party, other: Party) => {
    if (self.namespace !== own) return true;
    const applying = policies.filter(
      (policy) => policy.policyTypes.includes(direction) && selects(policy.podSelector, self.labels),
    );
    if (applying.length === 0) return true;
    return applying.some((policy) =>
      (policy[direction === 'Ingress' ? 'ingress' : 'egress'] ?? []).some((opening) => {
        const peers = opening.from ?? opening.to;
        const ports = opening.ports;
        return (
          (peers === undefined || peers.some((peer) => matches(peer, other, own))) &&
          (ports === undefined ||
            ports.some((entry) => entry.port === port && (entry.protocol ?? 'TCP') === protocol))
        );
      }),
    );
  };
  return open('Egress', from, to) && open('Ingress', to, from);
}

function matches(peer: Peer, party: Party, own: string): boolean {
  if (peer.ipBlock !== undefined) {
    const { cidr, except = [] } = peer.ipBlock;
    const { address } = party;
    return address !== undefined && within(cidr, address) && !except.some((range) => within(range, address));
  }
  if (party.namespace === undefined) return false;
  const sameNamespace =
    peer.namespaceSelector === undefined
      ? party.namespace === own
      : selects(peer.namespaceSelector, { 'kubernetes.io/metadata.name': party.namespace });
  return sameNamespace && (peer.podSelector === undefined || selects(peer.podSelector, party.labels));
}

function selects(selector: Selector, labels: Record<string, string> = {}): boolean {
  const exact = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  const expressions = (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    if (operator === 'In') return values.includes(labels[key] ?? '');
    if (operator === 'NotIn') return !values.includes(labels[key] ?? '');
    if (operator === 'Exists') return key in labels;
    if (operator === 'DoesNotExist') return !(key in labels);
    throw new Error(`${operator} is no operator.`);
  });
  return exact && expressions;
}

function within(cidr: string, address: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/');
  const mask = Number(bits) === 0 ? 0 : (~0 << (32 - Number(bits))) >>> 0;
  return (number(base) & mask) >>> 0 === (number(address) & mask) >>> 0;
}

function number(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
