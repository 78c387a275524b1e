import type { Config } from '#shared/config/config.ts';
import type { DriftThresholds } from './judge-counts.ts';

export function driftThresholds(
  config: Pick<Config, 'DRIFT_FEATURE_PSI' | 'DRIFT_SCORE_PSI' | 'DRIFT_DEVIATIONS' | 'DRIFT_MINIMUM_ROWS'>,
): DriftThresholds {
  return {
    featurePsi: config.DRIFT_FEATURE_PSI,
    scorePsi: config.DRIFT_SCORE_PSI,
    deviations: config.DRIFT_DEVIATIONS,
    minimumRows: config.DRIFT_MINIMUM_ROWS,
  };
}
