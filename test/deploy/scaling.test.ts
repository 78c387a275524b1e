import { test } from 'vitest';
import { treeOf } from './rules/rule.ts';
import { readScaling, scalingRules } from './rules/scaling-rules.ts';

const scaling = readScaling(treeOf());

test.each(scalingRules)('$name', ({ check }) => check(scaling));
