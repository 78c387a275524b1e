import { type Kysely, sql } from 'kysely';

/**
 * Models belong to the tenant that registered them; one without an owner (the shipped one, and all from before) is
 * everybody's. A grant lets another tenant use a model: written by the database's owner, read by the services.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
ALTER TABLE models ADD COLUMN owner_tenant_id smallint REFERENCES tenants;

CREATE TABLE model_grants (
  model_id integer NOT NULL REFERENCES models,
  tenant_id smallint NOT NULL REFERENCES tenants,
  granted_at timestamptz NOT NULL DEFAULT now(),
  granted_by text NOT NULL,
  PRIMARY KEY (model_id, tenant_id)
);
GRANT SELECT ON model_grants TO iit_api, iit_worker, iit_readonly;
`)
    .execute(db);
}
