import { cpus } from 'node:os';

/** What a measurement was taken on, for the table that keeps it. */
export function machineName(): string {
  return `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, Node ${process.version}`;
}
