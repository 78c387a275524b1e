import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { createKey, KeyError, type KeyManager, listKeys, revokeKey, SCOPES } from '#api/auth/keys.ts';
import { recordEvent } from '#shared/audit/record-event.ts';
import { ConfigError, loadConfig } from '#shared/config/config.ts';
import { createDatabase, createPool } from '#shared/db/database.ts';
import type { ApiScope } from '#shared/db/schema.ts';

const USAGE = `npm run keys -- create --name nightly --scope submit,read [--tenant default] [--expires 2027-01-01]
npm run keys -- list
npm run keys -- revoke --name nightly [--tenant default]
Scopes: ${SCOPES.join(', ')}
`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      scope: { type: 'string' },
      tenant: { type: 'string', default: 'default' },
      expires: { type: 'string' },
    },
  });
  const config = loadConfig();
  const pool = createPool({
    url: config.DATABASE_URL,
    applicationName: 'iit-keys',
    poolSize: 2,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 30_000,
  });
  const db = createDatabase(pool);
  try {
    const manager: KeyManager = { db, recordEvent, operator: `cli:${operatorName()}` };
    await runCommand(manager, positionals[0] ?? '', values);
  } finally {
    await db.destroy();
  }
} catch (error) {
  const { message, code } = error as Error & { code?: string };
  const known = error instanceof KeyError || error instanceof ConfigError;
  process.stderr.write(
    known ? `${message}\n` : `${message}${code === undefined ? '' : ` (${code})`}\n\n${USAGE}`,
  );
  process.exitCode = 1;
}

/** A container's user is often a number without a name. */
function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

type Values = { name?: string; scope?: string; tenant: string; expires?: string };

async function runCommand(manager: KeyManager, command: string, values: Values): Promise<void> {
  switch (command) {
    case 'create': {
      const { id, key } = await createKey(manager, {
        tenant: values.tenant,
        name: required(values.name, '--name'),
        scopes: scopesOf(required(values.scope, '--scope')),
        expiresAt: values.expires === undefined ? undefined : dateOf(values.expires),
      });
      process.stdout.write(`${key}\n`);
      process.stderr.write(`Key ${id}. It is shown this once and cannot be had again.\n`);
      return;
    }
    case 'list':
      for (const key of await listKeys(manager.db)) {
        const state =
          key.revokedAt !== null
            ? `revoked ${key.revokedAt.toISOString()}`
            : key.expiresAt !== null
              ? `expires ${key.expiresAt.toISOString()}`
              : 'valid';
        process.stdout.write(
          `${key.prefix}…  ${key.tenant}  ${key.name}  ${key.scopes.join(',')}  made ${key.createdAt.toISOString()}  ${state}\n`,
        );
      }
      return;
    case 'revoke': {
      const name = required(values.name, '--name');
      await revokeKey(manager, values.tenant, name);
      process.stdout.write(`Revoked "${name}". Running services refuse it within five seconds.\n`);
      return;
    }
    default:
      throw new KeyError(USAGE);
  }
}

function required(value: string | undefined, option: string): string {
  if (value === undefined || value === '') throw new KeyError(`${option} is needed.\n\n${USAGE}`);
  return value;
}

function scopesOf(text: string): ApiScope[] {
  const scopes = [...new Set(text.split(',').map((scope) => scope.trim()))];
  return scopes.map((scope) => {
    const known = SCOPES.find((name) => name === scope);
    if (known === undefined) throw new KeyError(`"${scope}" is no scope; there are ${SCOPES.join(', ')}.`);
    return known;
  });
}

function dateOf(text: string): Date {
  const date = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}/u.test(text) || Number.isNaN(date.getTime())) {
    throw new KeyError(`"${text}" is no date; write 2027-01-01.`);
  }
  if (date.getTime() <= Date.now()) throw new KeyError(`${text} is over already.`);
  return date;
}
