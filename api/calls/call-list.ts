import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { type Contact, latestContacts } from '#api/contacts/contacts.ts';
import type { ApiDeps } from '#api/deps.ts';
import { type PatientFacts, readPatientFacts } from '#api/worklist/patient-facts.ts';
import { readWorklistRows, type WorklistRow } from '#api/worklist/worklist-rows.ts';
import type { Db } from '#shared/db/database.ts';
import type { Tier } from '#shared/models/manifest.ts';
import { readTierOverrides, type TierOverride } from '#shared/tiers/tier-overrides.ts';
import type { CurrentList } from './current-list.ts';
import { type CallListName, daysLeft, type Standing, standingOf } from './standing.ts';

export type CallRow = WorklistRow & {
  standing: Standing;
  /** Negative where the due date has passed; undefined without one. */
  daysToDue: number | undefined;
  daysLeft: number | undefined;
  facts: PatientFacts;
  contact: Contact | undefined;
  /** Where a person has set the tier that stands here against the model's. */
  override: TierOverride | undefined;
};

/** Somebody of the facility whom the job could not score: to be traced, or whose data are to be mended. */
export type UnscoredRow = {
  patientId: string;
  dueDay: number | undefined;
  code: string;
  message: string;
  list: 'interrupted' | 'unknown';
  contact: Contact | undefined;
};

export type CallQuery = {
  list: CallListName;
  tier: Tier | undefined;
  /** Part of a patient's id: looks over all lists, and over those who are due later. */
  search: string | undefined;
  /** By risk, or by the days that are left. */
  sort: 'risk' | 'days';
  limit: number;
  /** Row after which the page begins. */
  after: number | undefined;
  /** Days since 1970-01-01, in the reader's zone. */
  today: number;
};

export type CallPage = {
  rows: CallRow[];
  /** After those that were scored: the last page of `interrupted` and `unknown` has them. */
  unscored: UnscoredRow[];
  /** Rank of the first row, from 1. */
  firstRank: number;
  /** Of the list (or search), tier applied. */
  total: number;
  counts: Record<CallListName, number>;
  patients: number;
  /** For `after` of the next page. */
  next: number | undefined;
  /** Days since 1970-01-01: the newest day that the rows on the page describe. */
  asOfDay: number | undefined;
};

const MOST_PATIENTS = 50_000;
const CACHED_ROWS = 300_000;
const CACHE_MS = 60_000;

type FacilityList = {
  readonly rows: readonly WorklistRow[];
  readonly unscored: readonly Omit<UnscoredRow, 'contact'>[];
};

/** A facility's rows by risk. A job that is over never changes, so they are kept for a minute. */
export class FacilityRows {
  readonly #pool: Pool;
  readonly #db: Db;
  readonly #cache = new LRUCache<string, FacilityList>({
    maxSize: CACHED_ROWS,
    sizeCalculation: ({ rows, unscored }) => rows.length + unscored.length + 1,
    ttl: CACHE_MS,
  });

  constructor(db: Db, pool: Pool) {
    this.#db = db;
    this.#pool = pool;
  }

  async of(list: CurrentList): Promise<FacilityList> {
    const key = `${list.jobId}/${list.facilityId}/${list.finishedAt.getTime()}`;
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    const rows = await readWorklistRows(
      this.#pool,
      {
        jobId: list.jobId,
        period: list.period,
        facilityId: list.facilityId,
        tier: undefined,
        capacity: undefined,
      },
      MOST_PATIENTS,
    );
    const found = { rows, unscored: await readUnscored(this.#db, list) };
    this.#cache.set(key, found);
    return found;
  }
}

/** One page of a facility's call list, with facts, reasons and the latest contact of each patient on it. */
export async function readCallPage(
  deps: Pick<ApiDeps, 'db' | 'models' | 'facilityRows'>,
  tenantId: number,
  list: CurrentList,
  query: CallQuery,
  signal: AbortSignal,
): Promise<CallPage> {
  const [{ rows: scored, unscored: others }, overrides] = await Promise.all([
    deps.facilityRows.of(list),
    readTierOverrides(deps.db, list.jobId),
  ]);
  const all = scored.map((row) => withOverride(row, overrides));
  const counts: Record<CallListName, number> = { due: 0, missed: 0, interrupted: 0, unknown: 0 };
  for (const row of all) {
    const standing = standingOf(row.dueDay, query.today);
    if (standing !== 'later') counts[standing]++;
  }
  for (const { list: name } of others) counts[name]++;
  const wanted = query.search?.trim().toLowerCase() ?? '';
  const chosen = all.filter(
    (row) =>
      (wanted === ''
        ? standingOf(row.dueDay, query.today) === query.list
        : row.patientId.toLowerCase().includes(wanted)) &&
      (query.tier === undefined || row.tier === query.tier),
  );
  if (query.sort === 'days') chosen.sort((a, b) => (a.dueDay ?? Infinity) - (b.dueDay ?? Infinity));
  const first = query.after === undefined ? 0 : chosen.findIndex(({ row }) => row === query.after) + 1;
  const page = chosen.slice(first, first + query.limit);
  const rows = await withFacts(deps, tenantId, list, page, query.today, signal);
  const last = page.at(-1);
  const isLastPage = first + page.length >= chosen.length;
  const unscored =
    isLastPage && query.tier === undefined
      ? others.filter((one) =>
          wanted === '' ? one.list === query.list : one.patientId.toLowerCase().includes(wanted),
        )
      : [];
  const shownUnscored = unscored.slice(0, query.limit);
  const contacts = await latestContacts(
    deps.db,
    tenantId,
    list.facilityId,
    shownUnscored.map(({ patientId }) => patientId),
  );
  const days = rows.map(({ facts }) => facts.asOfDay).filter((day) => day !== undefined);
  return {
    rows,
    unscored: shownUnscored.map((one) => ({ ...one, contact: contacts.get(one.patientId) })),
    firstRank: first + 1,
    total: chosen.length + unscored.length,
    counts,
    patients: all.length + others.length,
    next: first + page.length < chosen.length ? last?.row : undefined,
    asOfDay: days.length === 0 ? undefined : Math.max(...days),
  };
}

/** One patient of a current list; undefined where it does not have them. */
export async function findCallRow(
  deps: Pick<ApiDeps, 'db' | 'models' | 'facilityRows'>,
  tenantId: number,
  list: CurrentList,
  patientId: string,
  today: number,
  signal: AbortSignal,
): Promise<CallRow | undefined> {
  const found = (await deps.facilityRows.of(list)).rows.find((one) => one.patientId === patientId);
  if (found === undefined) return undefined;
  const row = withOverride(found, await readTierOverrides(deps.db, list.jobId));
  return (await withFacts(deps, tenantId, list, [row], today, signal))[0];
}

/** Somebody of a current list who was not scored; undefined where it does not have them. */
export async function findUnscored(
  deps: Pick<ApiDeps, 'db' | 'facilityRows'>,
  tenantId: number,
  list: CurrentList,
  patientId: string,
): Promise<UnscoredRow | undefined> {
  const row = (await deps.facilityRows.of(list)).unscored.find((one) => one.patientId === patientId);
  if (row === undefined) return undefined;
  const contacts = await latestContacts(deps.db, tenantId, list.facilityId, [patientId]);
  return { ...row, contact: contacts.get(patientId) };
}

/** Nobody calls them: they are no longer patients of the facility, or stand on the list once already. */
const NOT_CALLED = new Set(['died', 'patient_died', 'transferred_out', 'stopped', 'duplicate']);

async function readUnscored(db: Db, list: CurrentList): Promise<Omit<UnscoredRow, 'contact'>[]> {
  const rows = await db
    .selectFrom('rejections')
    .select(['patient_id', 'due_date', 'code', 'message'])
    .where('job_id', '=', list.jobId)
    .where('facility_id', '=', list.facilityId)
    .where('patient_id', 'is not', null)
    .orderBy('due_date', 'desc')
    .orderBy('row_no')
    .limit(MOST_PATIENTS)
    .execute();
  return rows.flatMap((row) =>
    row.patient_id === null || NOT_CALLED.has(row.code)
      ? []
      : {
          patientId: row.patient_id,
          dueDay: row.due_date === null ? undefined : Date.parse(row.due_date) / 86_400_000,
          code: row.code,
          message: row.message,
          list: row.code === 'already_interrupted' ? ('interrupted' as const) : ('unknown' as const),
        },
  );
}

type OverriddenRow = WorklistRow & Pick<CallRow, 'override'>;

function withOverride(row: WorklistRow, overrides: ReadonlyMap<number, TierOverride>): OverriddenRow {
  const override = overrides.get(row.row);
  return { ...row, override, tier: override?.tier ?? row.tier };
}

async function withFacts(
  deps: Pick<ApiDeps, 'db' | 'models'>,
  tenantId: number,
  list: CurrentList,
  rows: readonly OverriddenRow[],
  today: number,
  signal: AbortSignal,
): Promise<CallRow[]> {
  const { manifest } = await deps.models.modelByVersion(list.modelVersion);
  const ids = rows.map(({ patientId }) => patientId);
  const [facts, contacts] = await Promise.all([
    readPatientFacts(deps.db, manifest, list.jobId, rows, signal),
    latestContacts(deps.db, tenantId, list.facilityId, ids),
  ]);
  return rows.map((row, at) => ({
    ...row,
    standing: standingOf(row.dueDay, today),
    daysToDue: row.dueDay === undefined ? undefined : row.dueDay - today,
    daysLeft: daysLeft(row.dueDay, today),
    facts: facts[at]!,
    contact: contacts.get(row.patientId),
  }));
}
