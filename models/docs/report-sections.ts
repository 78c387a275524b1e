import type { ModelManifest } from '#shared/models/manifest.ts';
import type { ModelReport } from './report.ts';
import { figure, percent, section, whole } from './words.ts';

const CONTENDERS: Readonly<Record<string, string>> = {
  model: 'this model',
  model_without_facility_effect: 'this model, facility effect off',
  all_features: 'all features, trained the same way',
  logistic: 'logistic model',
  points: 'points rule',
  overdue_first: 'overdue first, then usual lateness',
};

const FORMATS: Readonly<Record<string, string>> = {
  records: 'patient records',
  stacked: '12 stacked snapshots',
  snapshot: 'one snapshot',
};

const SPREADS = {
  with_effect: 'later period',
  without_effect: 'later period, facility effect off',
  new_patients: 'patients whom the model never saw',
} as const;

type Figures = ModelReport['at_risk'];

/** What `npm run model:report` found, as sections of the card. */
export function reportSections(manifest: ModelManifest, report: ModelReport): string[] {
  const { intervals, facilities, top_50: top } = report;
  const between = ([low, high]: readonly (number | null)[]) => `${figure(low)} to ${figure(high)}`;
  return [
    ...section('Against what needs no such model', [
      `Later period, at risk. The logistic model has ${report.logistic_terms} terms (due date, lateness, interruptions, time on ART, supply, viral load,`,
      'youth); the points rule gives 2 to 4 points for being overdue, 3 for an earlier interruption, 2 each for three late',
      'pickups of five and for the first six months, 1 each for an unsuppressed viral load, a month’s supply and age 15–24.',
      'AUCs are scikit-learn’s too, to nine decimals.',
      '',
      ...contenders(report.at_risk),
      '',
      `95 % interval of the AUC: ${between(intervals.by_patient)} by patients, ${between(intervals.by_facility)} by facilities.`,
      '',
      'Those not yet overdue on the as-of date, where only a prediction helps:',
      '',
      ...contenders(report.not_yet_overdue),
      '',
      `The first 50 of a facility’s list, mean over ${top['facilities'] ?? 0} facilities with 100 at risk or more (interrupted anyway ${percent(top['base_rate'])}):`,
      '',
      '| List by | Interrupted among the 50 |',
      '|---|---|',
      ...Object.entries(CONTENDERS)
        .filter(([name]) => top[name] !== undefined)
        .map(([name, words]) => `| ${words} | ${percent(top[name])} |`),
      '',
      '![Net benefit by the risk from which one calls](images/model-card-decision-curve.svg)',
      '',
      '| Calling from a risk of | Net benefit, this model | Logistic | Call everybody |',
      '|---|---|---|---|',
      ...report.decision_curve.map(
        (at) =>
          `| ${percent(at.threshold)} | ${figure(at.model, 4)} | ${figure(at.logistic, 4)} | ${figure(at.call_all, 4)} |`,
      ),
    ]),
    ...section('By kind of input', [
      'Patients whom the model never saw, at the same facilities; the lists were printed by the generator and read by the',
      'service, the outcomes are those of the records.',
      '',
      '| Input | n | AUC | PR-AUC | Observed / expected | Slope |',
      '|---|---|---|---|---|---|',
      ...Object.entries(report.formats).map(
        ([name, f]) =>
          `| ${FORMATS[name] ?? name} | ${whole(f.n)} | ${figure(f.auc)} | ${figure(f.pr_auc)} | ${figure(f.observed_expected, 2)} | ${figure(f.slope, 2)} |`,
      ),
      '',
      `Validated on: ${(manifest.formats ?? [])
        .filter((f) => f.validated)
        .map((f) => FORMATS[f.format] ?? f.format)
        .join(', ')}. Anything else is scored with a warning on the job and on every`,
      'page that shows its risks, or refused (`UNVALIDATED_FORMATS=refuse`).',
    ]),
    ...section('Spread over facilities', [
      `Observed over expected by facility, where at least 20 interruptions are expected (${facilities.with_effect.facilities} facilities):`,
      '',
      '| | 10th percentile | Median | 90th percentile |',
      '|---|---|---|---|',
      ...(['with_effect', 'without_effect', 'new_patients'] as const).map(
        (name) =>
          `| ${SPREADS[name]} | ${figure(facilities[name].p10, 2)} | ${figure(facilities[name].p50, 2)} | ${figure(facilities[name].p90, 2)} |`,
      ),
    ]),
    ...section('Whom the tiers find', [
      'Fresh patients at risk, from records. Sensitivity: share of the interrupted who were in the tier; PPV: share of the tier',
      'who were interrupted.',
      '',
      '| | | n | Interrupted | High: sensitivity | PPV | Medium or high: sensitivity | PPV |',
      '|---|---|---|---|---|---|---|---|',
      ...report.groups.map(
        (g) =>
          `| ${g.dimension} | ${g.group} | ${whole(g.n)} | ${whole(g.positives)} | ${percent(g.sensitivity_high)} | ${percent(g.ppv_high)} | ${percent(g.sensitivity_medium)} | ${percent(g.ppv_medium)} |`,
      ),
    ]),
    ...ablation(report),
  ];
}

function contenders(figures: Figures): string[] {
  return [
    '| | AUC | PR-AUC | Riskiest tenth catches | Observed / expected |',
    '|---|---|---|---|---|',
    ...Object.entries(CONTENDERS).flatMap(([name, words]) => {
      const f = figures[name];
      return f === undefined
        ? []
        : [
            `| ${words} | ${figure(f.auc)} | ${figure(f.pr_auc)} | ${percent(f.top_tenth_catches)} | ${figure(f.observed_expected, 2)} |`,
          ];
    }),
  ];
}

function ablation({ ablation: rows, at_risk: figures }: ModelReport): string[] {
  if (rows === null) return [];
  const signed = (value: number | null) =>
    value === null ? '–' : `${value > 0 ? '+' : ''}${value.toFixed(4)}`;
  return section('What each feature earns', [
    `AUC at risk, later period, trained anew without the feature (\`npm run model:report -- --ablation\`). All features together give ${figure(figures['all_features']?.auc)}.`,
    'Features that cost little stay where they are shown beside the risk (age, sex, supply, viral load, service delivery) or',
    'are spoken of in reasons (pickups that could be late at all), or carry a kind of input that lacks another.',
    '',
    '| Without | Records | One snapshot |',
    '|---|---|---|',
    ...rows.map((row) => `| \`${row.feature}\` | ${signed(row.records)} | ${signed(row.snapshot)} |`),
  ]);
}
