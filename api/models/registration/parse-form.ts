import { z } from 'zod';
import { ServiceError } from '#shared/errors/errors.ts';
import type { ModelFiles } from '#shared/models/verify.ts';

const PARTS = ['model', 'manifest', 'golden'] as const;
const jsonUpload = z.strictObject({ model: z.string(), manifest: z.string(), golden: z.string() });

/**
 * The three files of a model: parts of a multipart form, or texts in a JSON object. Throws `unsupported_media_type`,
 * `invalid_body`, `malformed_json`.
 */
export async function parseForm(type: string, body: Buffer): Promise<ModelFiles> {
  if (type.startsWith('multipart/form-data')) return await ofForm(type, body);
  if (!type.startsWith('application/json')) {
    throw new ServiceError('unsupported_media_type', 'Send multipart/form-data or application/json.');
  }
  const parsed = jsonUpload.safeParse(jsonOf(body));
  if (!parsed.success) throw new ServiceError('invalid_body', `Send the texts ${PARTS.join(', ')}.`);
  const { model, manifest, golden } = parsed.data;
  return { model: Buffer.from(model), manifest, golden: Buffer.from(golden) };
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch (error) {
    throw new ServiceError('malformed_json', 'The body is not well-formed JSON.', { cause: error });
  }
}

async function ofForm(type: string, body: Buffer): Promise<ModelFiles> {
  let form: FormData;
  try {
    form = await new Response(Uint8Array.from(body), { headers: { 'content-type': type } }).formData();
  } catch (error) {
    throw new ServiceError('invalid_body', 'The form is not well-formed.', { cause: error });
  }
  const part = async (name: (typeof PARTS)[number]): Promise<Buffer> => {
    const value = form.get(name);
    if (value === null)
      throw new ServiceError('invalid_body', `The form lacks the part \`${name}\`.`, { field: name });
    return typeof value === 'string' ? Buffer.from(value) : Buffer.from(await value.arrayBuffer());
  };
  return {
    model: await part('model'),
    manifest: (await part('manifest')).toString('utf8'),
    golden: await part('golden'),
  };
}
