import { setTimeout as pause } from 'node:timers/promises';
import type { AuditRecord } from '#api/audit/audit-records.ts';
import type { JobView } from '#api/jobs/job-view.ts';
import type { ResultView } from '#api/results/result-formats.ts';

const LOOK_EVERY_MS = 200;

/** The calls of the walk-through, made as any client makes them. */
export class DemoApi {
  readonly url: string;
  readonly key: string;

  constructor(url: string, key: string) {
    this.url = url;
    this.key = key;
  }

  async job(id: string): Promise<JobView> {
    return (await this.#get(`/v1/jobs/${id}`)) as JobView;
  }

  async findJob(name: string, since: string): Promise<JobView | undefined> {
    const { jobs } = (await this.#get('/v1/jobs?limit=5')) as { jobs: JobView[] };
    return jobs.find((job) => job.name === name && job.created_at >= since);
  }

  /** Waits for the end of a job. */
  async untilOver(id: string): Promise<JobView> {
    for (;;) {
      const job = await this.job(id);
      if (job.finished_at !== null) return job;
      await pause(LOOK_EVERY_MS);
    }
  }

  async highestRisks(jobId: string, limit: number): Promise<ResultView[]> {
    const { rows } = (await this.#get(`/v1/jobs/${jobId}/results?order=risk&limit=${limit}`)) as {
      rows: ResultView[];
    };
    return rows;
  }

  async latestAudit(patientId: string): Promise<AuditRecord | undefined> {
    const { records } = (await this.#get(
      `/v1/audit?patient_id=${encodeURIComponent(patientId)}&include=input&limit=1`,
    )) as { records: AuditRecord[] };
    return records[0];
  }

  async #get(path: string): Promise<unknown> {
    const answer = await fetch(`${this.url}${path}`, { headers: { authorization: `Bearer ${this.key}` } });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${text}`);
    return JSON.parse(text);
  }
}
