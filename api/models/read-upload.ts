import { z } from 'zod';
import { parseJson } from '#api/http/parse-json.ts';
import type { HeldBody } from '#api/http/read-body.ts';
import type { Call } from '#api/route.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import type { ModelFiles } from '#shared/models/verify.ts';

const PARTS = ['model', 'manifest', 'golden'] as const;
const jsonUpload = z.strictObject({ model: z.string(), manifest: z.string(), golden: z.string() });

/**
 * The three files of a model: parts of a multipart form, or texts in a JSON object. Throws `body_too_large`,
 * `unsupported_media_type`, `invalid_body`.
 */
export async function readModelUpload({
  deps,
  principal,
  incoming,
  outgoing,
}: Pick<Call<unknown, unknown>, 'deps' | 'principal' | 'incoming' | 'outgoing'>): Promise<ModelFiles> {
  const type = incoming.headers['content-type'] ?? '';
  const request = { incoming, outgoing, tenantId: principal.tenantId };
  return await deps.bodies.read(request, deps.config.MAX_MODEL_BYTES, (body) => filesOf(type, body));
}

async function filesOf(type: string, body: HeldBody): Promise<ModelFiles> {
  if (type.startsWith('multipart/form-data')) return await ofForm(type, body.bytes);
  if (!type.startsWith('application/json')) {
    throw new ServiceError('unsupported_media_type', 'Send multipart/form-data or application/json.');
  }
  const limits = { maxItems: 1, maxItemBytes: body.bytes.length };
  const parsed = jsonUpload.safeParse(await parseJson(body, limits));
  if (!parsed.success) throw new ServiceError('invalid_body', `Send the texts ${PARTS.join(', ')}.`);
  const { model, manifest, golden } = parsed.data;
  return { model: Buffer.from(model), manifest, golden: Buffer.from(golden) };
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
