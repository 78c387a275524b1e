import { expect, test } from 'vitest';

import { gaussLegendre } from '#engine/explain/gauss-legendre.ts';

test('n nodes integrate every power up to 2n − 1 over [0, 1] to the last places', () => {
  for (let count = 1; count <= 40; count++) {
    const { nodes, weights } = gaussLegendre(count);
    for (let power = 0; power < 2 * count; power++) {
      const sum = nodes.reduce((total, node, i) => total + weights[i]! * node ** power, 0);
      expect(Math.abs(sum - 1 / (power + 1))).toBeLessThan(1e-14);
    }
  }
});
