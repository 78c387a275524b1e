/** One patient's features as they were last put, by name. */
export type PatientFeatures = {
  facilityId: string | null;
  /** YYYY-MM-DD */
  dueDate: string | null;
  /** YYYY-MM-DD: the day that the features describe; null where whoever put them did not say. */
  asOf: string | null;
  /** When they were put, on the clock of whoever put them: what a job scored later is newer. */
  storedAtMs: number;
  /** Missing features are left out; none is NaN or infinite. */
  values: Readonly<Record<string, number>>;
};

export type PatientEntry = { patientId: string; features: PatientFeatures };

/**
 * The latest features of patients, for online scoring: a cache beside PostgreSQL, where jobs keep theirs. An entry
 * lives for the store's TTL. Every call throws `features_unavailable` where the store cannot be reached in time.
 */
export type FeatureStore = AsyncDisposable & {
  readonly kind: 'memory' | 'redis';
  /** In the order of `patientIds`; undefined for those that the store does not hold. */
  get: (tenantId: number, patientIds: readonly string[]) => Promise<(PatientFeatures | undefined)[]>;
  /** Replaces what was there; of two entries of one patient the later counts. */
  put: (tenantId: number, entries: readonly PatientEntry[]) => Promise<void>;
  close: () => Promise<void>;
};
