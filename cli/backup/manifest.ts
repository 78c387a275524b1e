import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { OperatorError } from '../run-command.ts';
import type { BackupStore } from './store.ts';

const table = z.object({
  name: z.string(),
  /** The first day of a partition (`YYYY-MM-DD`): a day's, before migration 0008 a month's. */
  month: z.string().optional(),
  columns: z.array(z.string()),
  rows: z.int().nonnegative(),
  /** Compressed. */
  bytes: z.int().nonnegative(),
  sha256: z.string(),
  /** Of a day that was over: whoever finds the same mark in the database finds the same rows. */
  mark: z.string().optional(),
  /** The earlier backup whose object it is; without it this one's. */
  from: z.string().optional(),
});

const manifest = z.object({
  /** 2: tables may lie in earlier backups. */
  format: z.enum(['iit-backup/1', 'iit-backup/2']),
  takenAt: z.iso.datetime(),
  serverVersion: z.string(),
  /** The migrations that the database had seen, in order. */
  migrations: z.array(z.string()),
  tables: z.array(table),
  sequences: z.array(z.object({ name: z.string(), last: z.string(), called: z.boolean() })),
});

export type BackupTable = z.infer<typeof table>;
export type BackupManifest = z.infer<typeof manifest>;

export const manifestName = (backup: string) => `${backup}/manifest.json`;
export const tableName = (backup: string, name: string) => `${backup}/${name}.copy.zst`;
/** Where the rows of a table of a backup lie. */
export const objectOf = (backup: string, table: BackupTable) => tableName(table.from ?? backup, table.name);

/** @throws OperatorError when there is none, or none of this format: without its manifest a backup is not one. */
export async function readManifest(store: BackupStore, backup: string): Promise<BackupManifest> {
  let body: string;
  try {
    body = await text(await store.read(manifestName(backup)));
  } catch (error) {
    throw new OperatorError(`${store.uri} has no whole backup ${backup}: ${(error as Error).message}`);
  }
  return manifest.parse(JSON.parse(body));
}

/** The names of whole backups, oldest first. */
export async function wholeBackups(store: BackupStore): Promise<string[]> {
  const names = await store.list();
  return names.flatMap((name) => /^([^/]+)\/manifest\.json$/u.exec(name)?.[1] ?? []).toSorted();
}
