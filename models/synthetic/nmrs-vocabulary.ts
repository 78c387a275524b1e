import type { ObservationKind } from '#patients/record/patient-record.ts';
import { featureByName } from '#patients/features/features.ts';

/**
 * Questions and answers of NMRS by number and in words. Source of the numbers: forms of the public module
 * nmrs-nigeria/openmrs-module-nigeriaemr and, for the stages of children, CIEL.
 */
export interface Question {
  readonly variable: string;
  readonly concept: number;
}

/** `concept` 0 where NMRS stores the words. */
export interface Answer {
  readonly word: string;
  readonly concept: number;
}

export interface Finding extends Question {
  readonly kind: ObservationKind;
  /** By the feature's code; empty where the value is a number or a date. */
  readonly answers: readonly Answer[];
  /** Where children have their own. */
  readonly childAnswers?: readonly Answer[];
}

/** Patients are answered for as adults from this age on. */
export const ADULT_YEARS = 15;

const answers = (...pairs: readonly (readonly [string, number])[]): Answer[] =>
  pairs.map(([word, concept]) => ({ word, concept }));

const stages = (of: string, ...concepts: readonly number[]): Answer[] => [
  { word: '', concept: 0 },
  ...concepts.map((concept, i) => ({ word: `WHO STAGE ${i + 1} ${of}`, concept })),
];

export const FINDINGS = [
  { kind: 'viralLoad', variable: 'Viral Load', concept: 856, answers: [] },
  {
    kind: 'whoStage',
    variable: 'WHO stage',
    concept: 5356,
    answers: stages('ADULT', 1204, 1205, 1206, 1207),
    childAnswers: stages('PEDS', 1220, 1221, 1222, 1223),
  },
  {
    kind: 'tbSymptoms',
    variable: 'Tuberculosis symptom',
    concept: 1659,
    answers: answers(['No signs or symptoms of TB', 1660], ['Presumptive TB', 142_177]),
  },
  {
    kind: 'functionalStatus',
    variable: 'Functional Status',
    concept: 165_039,
    answers: answers(['Working', 159_468], ['Ambulatory', 160_026], ['Bedridden', 162_752]),
  },
  {
    kind: 'pregnancy',
    variable: 'Pregnancy',
    concept: 165_050,
    answers: answers(['Not pregnant', 165_047], ['Pregnant', 165_048], ['Breastfeeding', 165_049]),
  },
  {
    kind: 'adherence',
    variable: 'ARV adherence',
    concept: 165_290,
    answers: answers(['Good (>95%)', 165_287], ['Fair (85-94%)', 165_288], ['Poor (<85%)', 165_289]),
  },
  {
    kind: 'counselling',
    variable: 'Adherence counseling',
    concept: 165_038,
    answers: answers(['No', 1066], ['Yes', 1065]),
  },
  {
    kind: 'dsdModel',
    variable: 'DSD model',
    concept: 166_148,
    answers: (featureByName('dsd_model')?.categories ?? []).map(({ label }) => ({ word: label, concept: 0 })),
  },
  { kind: 'artStart', variable: 'ART start date', concept: 159_599, answers: [] },
] as const satisfies readonly Finding[];

/** How a finding is answered. Throws for a code that the finding does not have. */
export function answerIn(finding: Finding, value: number, isAdult: boolean): Answer {
  const answer = (isAdult ? finding.answers : (finding.childAnswers ?? finding.answers))[value];
  if (answer === undefined) throw new Error(`${finding.variable} has no answer ${value}`);
  return answer;
}

/** A group of observations of the pharmacy form and the question that it asks for the drug. */
export interface DrugGroup extends Question {
  readonly drug: Question;
}

export const DRUG_GROUPS = {
  arv: {
    variable: 'ARV Drugs Grouping',
    concept: 162_240,
    drug: { variable: 'Medication dispensed', concept: 165_724 },
  },
  oi: {
    variable: 'OI Drugs Grouping',
    concept: 165_726,
    drug: { variable: 'Medication dispensed', concept: 165_727 },
  },
  tb: {
    variable: 'Anti-TB Drugs Grouping',
    concept: 165_728,
    drug: { variable: 'Medication dispensed', concept: 165_304 },
  },
} as const satisfies Record<string, DrugGroup>;

/** What is given beside ARVs, with the share of each [A]. */
export const OTHER_DRUGS = [
  { group: DRUG_GROUPS.oi, name: 'Cotrimoxazole 960mg', concept: 165_257, share: 0.75 },
  { group: DRUG_GROUPS.oi, name: 'Isoniazid 300mg', concept: 1679, share: 0.17 },
  { group: DRUG_GROUPS.tb, name: 'Rifampicin 150mg', concept: 767, share: 0.08 },
] as const;

export const LINES = {
  question: { variable: 'Regimen line', concept: 165_708 },
  adult: answers(
    ['Adult 1st line ARV regimen', 164_506],
    ['Adult 2nd line ARV regimen', 164_513],
    ['Adult 3rd line ARV regimen', 165_702],
  ),
  child: answers(
    ['Child 1st line ARV regimen', 164_507],
    ['Child 2nd line ARV regimen', 164_514],
    ['Child 3rd line ARV regimen', 165_703],
  ),
} as const;

/** The lines' questions: their answer is the regimen. */
export function lineQuestion({ word, concept }: Answer): Question {
  return { variable: word, concept };
}

/** Reasons for termination. */
export const EXITS = [
  { kind: 'death', answer: { word: 'Death', concept: 165_889 } },
  { kind: 'transferOut', answer: { word: 'Transferred Out', concept: 159_492 } },
  { kind: 'lost', answer: { word: 'Lost to Follow up', concept: 5240 } },
  { kind: 'stopped', answer: { word: 'Discontinued Care', concept: 165_916 } },
] as const satisfies readonly { kind: ObservationKind; answer: Answer }[];
