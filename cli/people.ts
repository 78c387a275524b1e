import { parseArgs } from 'node:util';
import { parseArea } from '#api/people/areas.ts';
import { addPerson, makeInvitation } from '#api/people/people.ts';
import { ROLES } from '#api/people/roles.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { ConfigError, loadConfig } from '#shared/config/config.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import { ServiceError } from '#shared/errors/errors.ts';

const USAGE = `npm run people -- invite --email ada@example.org --name Ada --role admin [--area all] [--tenant default]
Roles: ${ROLES.join(', ')}
Areas of workers and supervisors: all, state:Kano, lga:Kano/Dala, facility:F1; several with commas
`;

class UsageError extends Error {}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      email: { type: 'string' },
      name: { type: 'string' },
      role: { type: 'string' },
      area: { type: 'string', default: '' },
      tenant: { type: 'string', default: 'default' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) process.stdout.write(USAGE);
  else await invite(positionals[0], values);
} catch (error) {
  const { message, code } = error as Error & { code?: string };
  const isUsage = error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS') === true;
  const isKnown = isUsage || error instanceof ConfigError || error instanceof ServiceError;
  process.stderr.write(
    `${message}${isKnown || code === undefined ? '' : ` (${code})`}\n${isUsage ? `\n${USAGE}` : ''}`,
  );
  process.exitCode = isUsage ? 2 : 1;
}

type Values = { email?: string; name?: string; role?: string; area: string; tenant: string };

/** Prints the path of a link that works once; run by whoever may log in to the database as its owner. */
async function invite(command: string | undefined, values: Values): Promise<void> {
  const { email, name } = values;
  const role = ROLES.find((one) => one === values.role);
  if (command !== 'invite' || email === undefined || name === undefined || role === undefined)
    throw new UsageError('invite needs --email, --name and a --role.');
  const areas = values.area
    .split(',')
    .filter((text) => text !== '')
    .map((text) => parseArea(text.trim()));
  if (areas.some((area) => area === undefined)) throw new UsageError('An --area is not understood.');
  const config = loadConfig();
  const db = createDatabase(
    createPool({
      url: config.DATABASE_URL,
      applicationName: 'iit-people',
      poolSize: 2,
      connectTimeoutMs: 10_000,
      statementTimeoutMs: 30_000,
    }),
  );
  try {
    const token = await db.transaction().execute(async (trx) => {
      const tenant = await trx
        .selectFrom('tenants')
        .select('id')
        .where('name', '=', values.tenant)
        .executeTakeFirst();
      if (tenant === undefined) throw new UsageError('There is no such tenant.');
      const id = await addPerson(trx, {
        tenantId: tenant.id,
        email: email.toLowerCase(),
        name,
        role,
        language: 'en',
        areas: areas.filter((area) => area !== undefined),
        createdBy: 'cli',
      });
      await recordEvent(trx, {
        tenantId: tenant.id,
        actor: 'cli',
        action: 'person.invite',
        outcome: 'success',
        entity: `person/${id}`,
        details: { email: email.toLowerCase(), role },
      });
      return await makeInvitation(trx, { personId: id, purpose: 'invitation', createdBy: 'cli' });
    });
    process.stdout.write(`${config.WEB_ORIGIN ?? ''}/welcome/${token}\n`);
    process.stderr.write('The link works once, within three days.\n');
  } finally {
    await db.destroy();
  }
}
