import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newCheckpointKey } from '#shared/ledger/signed-note.ts';

/**
 * The secrets that docker/compose.prod.yaml mounts, with fresh random passwords: file name to value.
 * Passwords are hexadecimal, because three of them stand in URLs; the key that signs the log is a private one in PEM.
 */
export function composeSecrets(random: () => string = () => randomBytes(24).toString('hex')) {
  const owner = random();
  const app = random();
  const redis = random();
  return {
    postgres_password: owner,
    owner_database_url: `postgres://iit_owner:${owner}@postgres:5432/iit`,
    app_database_password: app,
    app_database_url: `postgres://iit_app:${app}@postgres:5432/iit`,
    redis_password: redis,
    queue_url: `redis://:${redis}@redis:6379`,
    checkpoint_key: newCheckpointKey(),
    grafana_password: random(),
    // Only for BACKUP_URI=s3://…; a machine with a role of its own leaves it as it is.
    aws_credentials: '[default]\n# aws_access_key_id = …\n# aws_secret_access_key = …\n',
  };
}

/** Has no password in it that another file has too, so that it may be written later than the others. */
const ALONE = new Set(['checkpoint_key', 'grafana_password', 'aws_credentials']);

/** Writes them into a folder, readable by their owner and group; a file that is there is never overwritten. */
export async function writeComposeSecrets(folder: string): Promise<{ written: string[]; kept: string[] }> {
  await mkdir(folder, { recursive: true });
  const entries = Object.entries(composeSecrets());
  const kept = entries.map(([name]) => name).filter((name) => existsSync(join(folder, name)));
  const missing = entries.filter(([name]) => !kept.includes(name));
  if (kept.length > 0 && missing.some(([name]) => !ALONE.has(name))) {
    throw new Error(
      `Some secrets are there and some are not; they belong together. There: ${kept.join(', ')}`,
    );
  }
  for (const [name, value] of missing)
    await writeFile(join(folder, name), value, { mode: 0o444, flag: 'wx' });
  return { written: missing.map(([name]) => name), kept };
}

if (import.meta.main) {
  const [folder = 'docker/secrets'] = process.argv.slice(2);
  const { written, kept } = await writeComposeSecrets(folder);
  process.stdout.write(
    written.length > 0 ? `Written to ${folder}: ${written.join(', ')}\n` : `Kept: ${kept.join(', ')}\n`,
  );
}
