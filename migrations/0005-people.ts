import { type Kysely, sql } from 'kysely';

/**
 * Those who work with the service, the facilities that they work for, whom they have called, and each facility's current list.
 *
 * A person acts in the log under an `api_keys` row of kind `person`, whose secret nobody has: jobs and audit rows need no
 * second kind of actor. `job_facilities` counts a job's rows by facility when it ends; `current_lists` points each facility
 * to the last job of the nightly name that had it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
ALTER TABLE api_keys ADD COLUMN kind text NOT NULL DEFAULT 'machine' CHECK (kind IN ('machine','person'));

CREATE TABLE facilities (
  tenant_id smallint NOT NULL REFERENCES tenants,
  id text NOT NULL CHECK (length(id) BETWEEN 1 AND 64),
  name text NOT NULL,
  lga text NOT NULL DEFAULT '',
  state text NOT NULL DEFAULT '',
  source text NOT NULL CHECK (source IN ('registry','line_list')),
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by text NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX facilities_by_area ON facilities (tenant_id, state, lga, name);

CREATE TABLE people (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id smallint NOT NULL REFERENCES tenants,
  api_key_id uuid NOT NULL UNIQUE REFERENCES api_keys,
  email text NOT NULL UNIQUE CHECK (email = lower(email)),
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('worker','supervisor','officer','scientist','auditor','admin')),
  language text NOT NULL DEFAULT 'en' CHECK (language IN ('en','fr','ha')),
  time_zone text NOT NULL DEFAULT 'Africa/Lagos',
  password_hash text,
  totp_secret bytea,
  totp_step bigint NOT NULL DEFAULT 0,
  oidc_subject text UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  last_login_at timestamptz,
  disabled_at timestamptz
);

CREATE TABLE person_areas (
  person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('all','state','lga','facility')),
  state text NOT NULL DEFAULT '',
  lga text NOT NULL DEFAULT '',
  facility_id text NOT NULL DEFAULT '',
  PRIMARY KEY (person_id, kind, state, lga, facility_id)
);

CREATE TABLE sessions (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
  method text NOT NULL CHECK (method IN ('password','link','oidc')),
  created_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  ended_at timestamptz
);
CREATE INDEX sessions_by_person ON sessions (person_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE invitations (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
  purpose text NOT NULL CHECK (purpose IN ('invitation','login')),
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);

CREATE TABLE login_flows (
  state_hash bytea PRIMARY KEY CHECK (length(state_hash) = 32),
  nonce text NOT NULL,
  verifier text NOT NULL,
  next_path text NOT NULL,
  expires_at timestamptz NOT NULL
);

-- In the layout that rate-limiter-flexible writes.
CREATE TABLE login_limits (key varchar(255) PRIMARY KEY, points integer NOT NULL DEFAULT 0, expire bigint);

CREATE TABLE contacts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id smallint NOT NULL REFERENCES tenants,
  facility_id text NOT NULL,
  patient_id text NOT NULL,
  job_id uuid,
  due_date date,
  contacted_on date NOT NULL,
  result text NOT NULL CHECK (result IN
    ('will_come','has_medicine','no_answer','wrong_number','transferred','died','other')),
  coming_on date,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  recorded_by text NOT NULL,
  api_key_id uuid NOT NULL REFERENCES api_keys,
  returned_on date,
  CHECK (coming_on IS NULL OR result = 'will_come')
);
CREATE INDEX contacts_by_patient ON contacts (tenant_id, patient_id, recorded_at DESC);
CREATE INDEX contacts_by_facility ON contacts (tenant_id, facility_id, contacted_on DESC);

CREATE TABLE job_facilities (
  job_id uuid NOT NULL REFERENCES jobs,
  facility_id text NOT NULL,
  tenant_id smallint NOT NULL REFERENCES tenants,
  row_count bigint NOT NULL,
  tier_low bigint NOT NULL,
  tier_medium bigint NOT NULL,
  tier_high bigint NOT NULL,
  risk_sum double precision NOT NULL,
  not_predicted bigint NOT NULL,
  PRIMARY KEY (job_id, facility_id)
);
CREATE INDEX job_facilities_by_facility ON job_facilities (tenant_id, facility_id);

CREATE TABLE job_publications (
  job_id uuid PRIMARY KEY REFERENCES jobs,
  tenant_id smallint NOT NULL REFERENCES tenants,
  finished_at timestamptz NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now(),
  is_current_list boolean NOT NULL
);

CREATE TABLE current_lists (
  tenant_id smallint NOT NULL REFERENCES tenants,
  facility_id text NOT NULL,
  job_id uuid NOT NULL REFERENCES jobs,
  finished_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, facility_id)
);

-- Keys are managed by page, by people whose role allows it; their secrets' hashes stay unreadable to readers.
GRANT INSERT, UPDATE (revoked_at) ON api_keys TO iit_api;
GRANT SELECT, INSERT, UPDATE ON facilities, people TO iit_api;
GRANT SELECT, INSERT, DELETE ON person_areas, login_flows TO iit_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, login_limits TO iit_api;
GRANT SELECT, INSERT, UPDATE (used_at) ON invitations TO iit_api;
GRANT SELECT, INSERT ON contacts TO iit_api;
GRANT SELECT ON job_facilities, job_publications, current_lists TO iit_api;

GRANT SELECT, INSERT, UPDATE, DELETE ON job_facilities, job_publications, current_lists TO iit_worker;
GRANT SELECT ON rejections, contacts TO iit_worker;
GRANT SELECT, INSERT ON facilities TO iit_worker;
GRANT UPDATE (returned_on) ON contacts TO iit_worker;

GRANT SELECT ON facilities, person_areas, contacts, job_facilities, job_publications, current_lists TO iit_readonly;
GRANT SELECT (id, tenant_id, email, name, role, language, time_zone, created_at, created_by, last_login_at, disabled_at)
  ON people TO iit_readonly;
`)
    .execute(db);
}
