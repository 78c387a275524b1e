import { Client } from 'pg';
import { optional, OperatorError, required, runScript } from './run-command.ts';

/** The roles that api and worker take on; each session chooses one. */
const SERVICE_ROLES = ['iit_api', 'iit_worker'];

export type AppLogin = { user: string; password: string };

/**
 * Makes (or gives a new password to) the login that api and workers share: a member of their two roles, with no
 * rights of its own. Idempotent. Run by the owner of the schema, after the migrations that make the roles.
 */
export async function ensureAppLogin(
  client: Client,
  { user, password }: AppLogin,
): Promise<'made' | 'changed'> {
  if (!/^[a-z_][a-z0-9_]{0,62}$/u.test(user))
    throw new OperatorError('APP_DATABASE_USER is not a role name.');
  const name = client.escapeIdentifier(user);
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [user]);
  const verb = rowCount === 0 ? 'CREATE' : 'ALTER';
  await client.query(`${verb} ROLE ${name} LOGIN NOINHERIT PASSWORD ${client.escapeLiteral(password)}`);
  await client.query(`GRANT ${SERVICE_ROLES.join(', ')} TO ${name}`);
  return rowCount === 0 ? 'made' : 'changed';
}

if (import.meta.main) {
  await runScript('app-login', async () => {
    const client = new Client({ connectionString: required('DATABASE_URL') });
    await client.connect();
    try {
      const user = optional('APP_DATABASE_USER') ?? 'iit_app';
      return {
        user,
        outcome: await ensureAppLogin(client, { user, password: required('APP_DATABASE_PASSWORD') }),
      };
    } finally {
      await client.end();
    }
  });
}
