import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import { ServiceError } from '#shared/errors/errors.ts';

/** Fields beside the file are passed over: what they could say belongs into the query. */
const MAX_FIELDS = 100;
const MAX_FIELD_BYTES = 64 * 1024;

/**
 * The bytes of the one file in a multipart/form-data body, as browsers and Postman send it. Throws `invalid_body` where
 * there is none, a second one, or no multipart body; what `source` throws passes.
 */
export async function* onlyFile(source: AsyncGenerator<Buffer>, boundary: string): AsyncGenerator<Buffer> {
  const parser = new Busboy({
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    limits: {
      files: 2,
      fields: MAX_FIELDS,
      fieldSize: MAX_FIELD_BYTES,
      headerPairs: 50,
      parts: MAX_FIELDS + 2,
    },
  });
  let failure: unknown;
  let file: BusboyFileStream | undefined;
  const opened = Promise.withResolvers<void>();
  parser.on('file', (_, stream, filename) => {
    // A form's empty field for a file: browsers send it as a file without name and bytes.
    if (!filename) {
      stream.resume();
      return;
    }
    if (file !== undefined) {
      failure = new ServiceError('invalid_body', 'The form holds more than one file; send them one by one.');
      stream.resume();
      file.destroy();
      return;
    }
    file = stream;
    stream.on('error', () => undefined);
    opened.resolve();
  });
  parser.on('error', (error: unknown) => {
    failure ??= new ServiceError('invalid_body', 'The body is no well-formed multipart/form-data.', {
      cause: error,
    });
    opened.resolve();
    file?.destroy();
  });
  parser.on('finish', () => opened.resolve());
  const feeding = feed(source, parser).catch((error: unknown) => {
    failure ??= error;
    opened.resolve();
    file?.destroy();
  });
  try {
    await opened.promise;
    if (file !== undefined) {
      try {
        for await (const bytes of file) yield bytes as Buffer;
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure === undefined && file === undefined) {
      throw new ServiceError('invalid_body', 'The form holds no file.');
    }
    await feeding;
    if (failure !== undefined) throw failure;
  } finally {
    parser.destroy();
  }
}

async function feed(source: AsyncGenerator<Buffer>, parser: InstanceType<typeof Busboy>): Promise<void> {
  for await (const bytes of source) {
    if (parser.destroyed) return;
    if (!parser.write(bytes)) {
      await new Promise<void>((done) => {
        parser.once('drain', done);
        parser.once('close', done);
        parser.once('error', () => done());
      });
    }
  }
  parser.end();
}
