import { createCursorCodec } from '#api/http/cursor.ts';
import { parseJson } from '#api/http/parse-json.ts';
import { parseQuery } from '#api/http/parse-parameters.ts';
import { matchesEtag } from '#api/routes/get-job/etag.ts';
import { preferredWaitMs } from '#api/routes/get-job/preferred-wait.ts';
import { presentedKey } from '#api/auth/presented-key.ts';
import { parseKey } from '#api/auth/key-format.ts';
import { clientAddress } from '#api/http/client-address.ts';
import { contentEncoding } from '#api/ingest/body.ts';
import { receiveCohort } from '#api/ingest/receive-cohort.ts';
import { declaredType } from '#api/ingest/sniff/media-type.ts';
import { MemoryBudget } from '#api/limits/memory-budget.ts';
import { predictQuery } from '#api/online/predict.ts';
import { createRowReader } from '#api/online/row-reader.ts';
import { csvCell } from '#api/results/csv-cell.ts';
import { EngineError, loadModel } from '#engine/index.ts';
import { FieldFault } from '#patients/sources/patient-input.ts';
import { NmrsReader } from '#patients/sources/nmrs.ts';
import { LAGOS } from '#patients/values/time-zone.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { loadGoldenRows, loadManifest, ManifestError } from '#shared/models/manifest.ts';
import { boundModel } from '#shared/models/model-bounds.ts';
import { knownModel } from '#test/support/known-model.ts';
import { z } from 'zod';
import { nmrsMessage } from '#test/attacks/bodies.ts';

/** A door that foreign bytes come through: what is thrown must be a refusal, and it must not take long. */
export type Door = { name: string; seeds: readonly Buffer[]; open: (bytes: Buffer) => unknown };

const model = knownModel({ trees: 3, depth: 2 });
const { manifest } = model;
const rows = createRowReader(manifest.features);
const cursors = createCursorCodec('fuzz');
const row = `{"patient_id":"P-1","facility_id":"F","due_date":"2026-11-30",${manifest.features.map(({ name }) => `"${name}":1`).join(',')}}`;
const head = `patient_id,facility_id,due_date,${manifest.features.map(({ name }) => name).join(',')}`;
const line = `P-1,F,2026-11-30,${manifest.features.map(() => '1').join(',')}`;
const message = JSON.stringify(nmrsMessage('P-1'));
const budget = () => new MemoryBudget(64 * 1024 ** 2).open(1);

async function cohort(bytes: Buffer, type: string): Promise<unknown> {
  return await receiveCohort({
    body: (async function* () {
      // Copies: a piece's memory is the receiver's.
      yield Buffer.from(bytes.subarray(0, bytes.length >> 1));
      yield Buffer.from(bytes.subarray(bytes.length >> 1));
    })(),
    declared: declaredType(type),
    options: { source: 'auto', nowMs: 1_795_000_000_000, zone: LAGOS } as never,
    memory: budget(),
    manifest,
    ignoreUnknown: true,
    chunkRows: 100,
    maxRowBytes: 65_536,
    onLayout: () => ({
      chunk: () => undefined,
      besides: () => undefined,
      ready: async () => undefined,
      finish: async () => undefined,
    }),
  });
}

export const DOORS: readonly Door[] = [
  {
    name: 'csv',
    seeds: [Buffer.from(`${head}\n${line}\n${line}\n`)],
    open: (bytes) => cohort(bytes, 'text/csv'),
  },
  {
    name: 'ndjson',
    seeds: [Buffer.from(`${row}\n${row}\n`)],
    open: (bytes) => cohort(bytes, 'application/x-ndjson'),
  },
  {
    name: 'json-cohort',
    seeds: [Buffer.from(`[${row},${row}]`)],
    open: (bytes) => cohort(bytes, 'application/json'),
  },
  {
    name: 'json',
    seeds: [Buffer.from(`[${row}]`), Buffer.from(`${' '.repeat(70_000)}[${row},{"a":"\\u0000"}]`)],
    open: async (bytes) => {
      const parsed = await parseJson({ bytes, memory: budget() }, { maxItems: 100, maxItemBytes: 65_536 });
      return rows.read(Array.isArray(parsed) ? parsed : [parsed], { ignoreUnknown: false });
    },
  },
  {
    name: 'nmrs',
    seeds: [Buffer.from(message)],
    open: (bytes) => {
      let parsed: unknown;
      try {
        parsed = JSON.parse(bytes.toString());
      } catch {
        return undefined;
      }
      return new NmrsReader().read(parsed);
    },
  },
  {
    name: 'headers',
    seeds: [
      'wait=30',
      'W/"abc", "def"',
      'Bearer iit_abc',
      '1.1.1.1, 2.2.2.2',
      'text/csv; charset=utf-8',
      'gzip',
    ].map((text) => Buffer.from(text)),
    open: (bytes) => {
      const text = bytes.toString('latin1');
      preferredWaitMs(text);
      matchesEtag(text, 'W/"abc"');
      parseKey(presentedKey({ authorization: text }) ?? '');
      clientAddress({ socket: {} as never, headers: { 'x-forwarded-for': text } }, 2);
      for (const judge of [declaredType, contentEncoding]) refusals(() => judge(text));
      return csvCell(text);
    },
  },
  {
    name: 'query',
    seeds: [Buffer.from('explain=3&model=1.0&as_of=2026-11-01&ignore_unknown=true')],
    open: (bytes) => parseQuery(predictQuery, new URLSearchParams(bytes.toString())),
  },
  {
    name: 'cursor',
    seeds: [Buffer.from(cursors.encode(['list'], { row: 1 }))],
    open: (bytes) => cursors.decode(['list'], z.object({ row: z.int() }), bytes.toString()),
  },
  {
    name: 'model',
    seeds: [model.text],
    open: (bytes) => {
      const text = bytes.toString();
      return boundModel(text).problems.length > 0 ? undefined : loadModel(text);
    },
  },
  {
    name: 'manifest',
    seeds: [Buffer.from(JSON.stringify(manifest))],
    open: (bytes) => loadManifest(bytes.toString()),
  },
  {
    name: 'golden',
    seeds: [model.golden],
    open: (bytes) => {
      let text: string;
      try {
        text = JSON.stringify(JSON.parse(bytes.toString()));
      } catch {
        return undefined;
      }
      return loadGoldenRows(text);
    },
  },
];

/** Throws what is no refusal. */
function refusals(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

export function isRefusal(error: unknown): boolean {
  return (
    (error instanceof ServiceError && error.code !== 'internal') ||
    error instanceof FieldFault ||
    error instanceof ManifestError ||
    (error instanceof EngineError && error.code !== ('internal' as never))
  );
}
