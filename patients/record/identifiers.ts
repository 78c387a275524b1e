/**
 * What people work with beside a patient's id, kept with the prediction: never names, addresses or phone numbers. Texts
 * as the source wrote them, at most 64 characters.
 */
export const IDENTIFIER_NAMES = [
  'facility_name',
  'lga',
  'state',
  'age',
  'sex',
  'hospital_number',
  'case_manager',
  'dsd',
] as const;
export type IdentifierName = (typeof IDENTIFIER_NAMES)[number];

/** One patient's; what the source does not have is not there. */
export type Identifiers = Partial<Record<IdentifierName, string>>;
