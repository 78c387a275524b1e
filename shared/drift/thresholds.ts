import type { Config } from '#shared/config/config.ts';
import type { DriftThresholds } from './stability-index.ts';

export function driftThresholds(
  config: Pick<Config, 'DRIFT_FEATURE_PSI' | 'DRIFT_SCORE_PSI' | 'DRIFT_MINIMUM_ROWS'>,
): DriftThresholds {
  return {
    featurePsi: config.DRIFT_FEATURE_PSI,
    scorePsi: config.DRIFT_SCORE_PSI,
    minimumRows: config.DRIFT_MINIMUM_ROWS,
  };
}
