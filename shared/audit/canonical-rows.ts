import { AUDIT_COLUMNS } from './audit-rows.ts';

/** One length-prefixed field of a tuple, as binary COPY writes it. */
const field = (bytes: string) => `int4send(octet_length(${bytes})) || ${bytes}`;
const NULL_FIELD = String.raw`'\xffffffff'::bytea`;
const SEND: Record<(typeof AUDIT_COLUMNS)[number], string> = {
  period: 'date_send(period)',
  job_id: 'uuid_send(job_id)',
  tenant_id: 'int2send(tenant_id)',
  chunk_no: 'int4send(chunk_no)',
  recorded_at: 'timestamptz_send(recorded_at)',
  source: 'textsend(source)',
  api_key_id: 'uuid_send(api_key_id)',
  actor: 'textsend(actor)',
  model_version: 'textsend(model_version)',
  model_sha256: 'byteasend(model_sha256)',
  row_no: 'int4send(row_no)',
  raw_score: 'float8send(raw_score)',
  risk: 'float8send(risk)',
  tier: 'int2send(tier)',
  patient_id: 'textsend(patient_id)',
  input_hash: 'byteasend(input_hash)',
  input: 'byteasend(input)',
  salt: 'byteasend(salt)',
};

/** SQL for a row's canonical bytes: the tuple of the columns in PostgreSQL's binary COPY format. */
function canonicalBytes(columns: readonly (typeof AUDIT_COLUMNS)[number][]): string {
  const fields = columns.map((column) =>
    column === 'input' ? `coalesce(${field(SEND[column])}, ${NULL_FIELD})` : field(SEND[column]),
  );
  return [`int2send(${columns.length}::int2)`, ...fields].join(' || ');
}

/** SQL for the hash of an online row's leaf; of an erased one it is what was left. */
export const LEAF_OF_ROW: string = String.raw`coalesce(erased_leaf, sha256('\x00'::bytea || ${canonicalBytes(AUDIT_COLUMNS)}))`;

/** SQL for the canonical bytes of a row without a salt: of before migration 0009, when a run was hashed whole. */
export const UNSALTED_BYTES: string = canonicalBytes(AUDIT_COLUMNS.filter((column) => column !== 'salt'));
