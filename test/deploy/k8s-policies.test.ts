import { beforeAll, describe, test } from 'vitest';
import { skipWithout } from '#deploy/checks/tools.ts';
import { OVERLAYS, renderText } from './manifests.ts';
import { kubernetesRules, readOverlay, type Rendered } from './rules/kubernetes-rules.ts';
import { treeOf } from './rules/rule.ts';

describe.skipIf(skipWithout('kubectl')).each(OVERLAYS)('overlay %s', (overlay) => {
  let rendered: Rendered;

  beforeAll(() => {
    rendered = readOverlay(overlay, renderText(overlay), treeOf());
  });

  test.each(kubernetesRules)('$name', ({ check }) => check(rendered));
});
