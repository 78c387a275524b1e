import { z } from 'zod';

const share = z.number().min(0).max(1);

/** What a model must show in its silent period before it may be used; all of it. */
export const trialRuleSchema = z
  .strictObject({
    minimum_patients: z.int().min(30).max(10_000_000).default(500),
    minimum_interruptions: z.int().min(5).max(1_000_000).default(30),
    minimum_auc: share
      .default(0.65)
      .meta({ description: 'The lower end of its 95 % interval must reach it less 0.05' }),
    observed_expected_from: z.number().min(0).default(0.8),
    observed_expected_to: z.number().min(1).default(1.25),
    maximum_high_share: share.default(0.15).meta({ description: 'What there are hands to call' }),
    maximum_sensitivity_gap: share.default(0.2).meta({
      description: 'Between all interrupted and those of any sex or age group with 20 or more of them',
    }),
  })
  .meta({ id: 'TrialRule' });

export type TrialRule = z.infer<typeof trialRuleSchema>;

/** What the silent period has shown so far. */
export type TrialFigures = {
  patients: number;
  interruptions: number;
  auc: number | null;
  aucInterval: [number, number] | null;
  observedExpected: number | null;
  observedExpectedInterval: [number, number] | null;
  highShare: number | null;
  /** The widest, and whose. */
  sensitivityGap: number | null;
  sensitivityGapOf: string | null;
};

export type Verdict = 'go' | 'no_go' | 'too_early';
export type Criterion = { name: keyof TrialRule; required: number; found: number | null; verdict: Verdict };

/** How far below the wanted AUC the lower end of its interval may lie. */
const AUC_MARGIN = 0.05;

/**
 * Holds figures against a rule. Too few patients or interruptions: it is too early to say anything. Calibration is no reason
 * against where its interval still reaches into what is wanted.
 */
export function judgeTrial(
  rule: TrialRule,
  figures: TrialFigures,
): { verdict: Verdict; criteria: Criterion[] } {
  const enough = (name: keyof TrialRule, found: number): Criterion => ({
    name,
    required: rule[name],
    found,
    verdict: found >= rule[name] ? 'go' : 'too_early',
  });
  const held = (
    name: keyof TrialRule,
    found: number | null,
    isHeld: (value: number) => boolean,
  ): Criterion => ({
    name,
    required: rule[name],
    found,
    verdict: found === null ? 'too_early' : isHeld(found) ? 'go' : 'no_go',
  });
  const [ratioLow, ratioHigh] = figures.observedExpectedInterval ?? [NaN, NaN];
  const aucLow = figures.aucInterval?.[0] ?? NaN;
  const criteria = [
    enough('minimum_patients', figures.patients),
    enough('minimum_interruptions', figures.interruptions),
    held(
      'minimum_auc',
      figures.auc,
      (auc) => auc >= rule.minimum_auc && aucLow >= rule.minimum_auc - AUC_MARGIN,
    ),
    held('observed_expected_from', figures.observedExpected, () => ratioHigh >= rule.observed_expected_from),
    held('observed_expected_to', figures.observedExpected, () => ratioLow <= rule.observed_expected_to),
    held('maximum_high_share', figures.highShare, (found) => found <= rule.maximum_high_share),
    held('maximum_sensitivity_gap', figures.sensitivityGap, (found) => found <= rule.maximum_sensitivity_gap),
  ];
  const early = criteria.slice(0, 2).some(({ verdict }) => verdict === 'too_early');
  if (early) return { verdict: 'too_early', criteria };
  return { verdict: criteria.some(({ verdict }) => verdict === 'no_go') ? 'no_go' : 'go', criteria };
}
