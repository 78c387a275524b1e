import { FEATURES } from '#patients/features/features.ts';
import type { Column, Layout } from './columns.ts';

const NEEDS: Readonly<Record<string, readonly Column[]>> = {
  age: ['birth', 'age'],
  gender: ['sex'],
  months_on_art: ['artStart'],
  regimen_line: ['regimenLine'],
  regimen_stability: ['regimen'],
  who_stage: ['whoStage'],
  has_vl_data: ['viralLoad'],
  viral_load: ['viralLoad'],
  viral_load_suppressed: ['viralLoad'],
  viral_load_age_days: ['viralLoad'],
  dsd_model: ['dsd'],
};

/**
 * Features that a list of this layout cannot know: those of an EMR alone, those whose column is not there, and without
 * stacked snapshots those that need more than one.
 */
export function unknownFeatures(layout: Layout, areStacked: boolean): string[] {
  return FEATURES.filter(
    (f) =>
      f.lineList === 'never' ||
      (f.lineList === 'stacked' && !areStacked) ||
      NEEDS[f.name]?.every((column) => layout[column] < 0),
  ).map((f) => f.name);
}
