import { sql } from 'kysely';
import type { Principal } from '#api/auth/principal.ts';
import type { Db } from '#shared/db/database.ts';
import type { ContactResult } from '#shared/db/schema.ts';

export const CONTACT_RESULTS = [
  'will_come',
  'has_medicine',
  'no_answer',
  'wrong_number',
  'transferred',
  'died',
  'other',
] as const satisfies readonly ContactResult[];

/** Somebody was spoken to, or to somebody who knows. */
export const REACHED: ReadonlySet<ContactResult> = new Set([
  'will_come',
  'has_medicine',
  'transferred',
  'died',
]);

export type Contact = {
  id: string;
  facilityId: string;
  patientId: string;
  /** YYYY-MM-DD */
  contactedOn: string;
  result: ContactResult;
  comingOn: string | null;
  recordedAt: Date;
  recordedBy: string;
  /** When a later list showed a new pickup. */
  returnedOn: string | null;
};

export type NewContact = {
  facilityId: string;
  patientId: string;
  jobId: string | null;
  dueDate: string | null;
  contactedOn: string;
  result: ContactResult;
  comingOn: string | null;
};

export async function recordContact(trx: Db, principal: Principal, contact: NewContact): Promise<Contact> {
  const { id, recorded_at: recordedAt } = await trx
    .insertInto('contacts')
    .values({
      tenant_id: principal.tenantId,
      facility_id: contact.facilityId,
      patient_id: contact.patientId,
      job_id: contact.jobId,
      due_date: contact.dueDate,
      contacted_on: contact.contactedOn,
      result: contact.result,
      coming_on: contact.comingOn,
      recorded_by: principal.actor,
      api_key_id: principal.keyId,
      returned_on: null,
    })
    .returning(['id', 'recorded_at'])
    .executeTakeFirstOrThrow();
  return { ...contact, id, recordedAt, recordedBy: principal.actor, returnedOn: null };
}

const COLUMNS = [
  'id',
  'facility_id as facilityId',
  'patient_id as patientId',
  'contacted_on as contactedOn',
  'result',
  'coming_on as comingOn',
  'recorded_at as recordedAt',
  'recorded_by as recordedBy',
  'returned_on as returnedOn',
] as const;

/** Of one patient the newest first. */
export async function contactsOf(
  db: Db,
  where: { tenantId: number; patientId: string; facilities?: ReadonlySet<string> | undefined },
  limit = 100,
): Promise<Contact[]> {
  let select = db
    .selectFrom('contacts')
    .select(COLUMNS)
    .where('tenant_id', '=', where.tenantId)
    .where('patient_id', '=', where.patientId)
    .orderBy('recorded_at', 'desc')
    .limit(limit);
  if (where.facilities !== undefined)
    select = select.where('facility_id', '=', sql<string>`ANY(${[...where.facilities]}::text[])`);
  return await select.execute();
}

/** How long a contact counts as news on a call list. */
const NEWS_DAYS = 30;

/** The latest contact of each of some patients in the last month. */
export async function latestContacts(
  db: Db,
  tenantId: number,
  facilityId: string,
  patientIds: readonly string[],
): Promise<Map<string, Contact>> {
  if (patientIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('contacts')
    .distinctOn('patient_id')
    .select(COLUMNS)
    .where('tenant_id', '=', tenantId)
    .where('facility_id', '=', facilityId)
    .where('patient_id', '=', sql<string>`ANY(${[...patientIds]}::text[])`)
    .where('contacted_on', '>', sql<string>`current_date - ${NEWS_DAYS}::int`)
    .orderBy('patient_id')
    .orderBy('recorded_at', 'desc')
    .execute();
  return new Map(rows.map((contact) => [contact.patientId, contact]));
}
