import { z } from 'zod';
import { PROBLEMS } from '#api/http/problem.ts';
import type { AnswerContent, Route } from '#api/route.ts';
import { VERSION } from '#api/version.ts';
import { ERROR_CODES, type ErrorCode } from '#shared/errors/errors.ts';
import { NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';
import { type JsonSchema, SchemaCollector } from './json-schema.ts';

export type Parameter = {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  description?: string;
  schema: JsonSchema;
};

export type Answer = {
  description: string;
  headers?: Record<string, { description: string; schema: JsonSchema }>;
  content?: Record<string, { schema?: JsonSchema; example?: string }>;
};

export type Operation = {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  parameters: Parameter[];
  requestBody?: { required: true; description: string; content: NonNullable<Answer['content']> };
  responses: Record<string, Answer>;
  security: Record<string, string[]>[];
  'x-scope'?: string;
  'x-error-codes': ErrorCode[];
};

export type OpenApiDocument = {
  openapi: '3.1.0';
  info: {
    title: string;
    version: string;
    description: string;
    license: { name: string; identifier: string };
  };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema>; securitySchemes: Record<string, JsonSchema> };
};

const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(ERROR_CODES),
    request_id: z.string(),
    line: z.int().optional(),
    field: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details; `code` is stable' });

/** The OpenAPI 3.1 document of the routes, made of the schemas that parse their requests. */
export function openApiDocument(routes: readonly Route[]): OpenApiDocument {
  const schemas = new SchemaCollector();
  schemas.convert(problemSchema, 'output');
  const paths: OpenApiDocument['paths'] = {};
  for (const route of routes) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route, schemas);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'iit-ml-service',
      version: VERSION,
      description: `Scores cohorts of patients on antiretroviral therapy for the risk of interruption in treatment. ${NOT_A_DIAGNOSIS}`,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: schemas.components,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key: `Authorization: Bearer iit_…`' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
    },
  };
}

function operationOf(route: Route, schemas: SchemaCollector): Operation {
  const codes: ErrorCode[] = [...(route.errors ?? [])];
  if (route.access !== 'public') codes.push('unauthenticated', 'database_unavailable');
  if (route.access !== 'public' && route.access !== 'any') codes.push('forbidden');
  if (route.query !== undefined) codes.push('invalid_query');
  const errorCodes = [...new Set([...codes, 'internal' as const])].toSorted(
    (a, b) => PROBLEMS[a].status - PROBLEMS[b].status,
  );
  return {
    operationId: operationIdOf(route),
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    parameters: parametersOf(route, schemas),
    ...(route.requestBody === undefined
      ? {}
      : {
          requestBody: {
            required: true as const,
            description: route.requestBody.description,
            content: contentOf(route.requestBody.content, schemas, 'input'),
          },
        }),
    responses: { ...successes(route, schemas), ...failures(route, errorCodes) },
    security: route.access === 'public' ? [] : [{ bearer: [] }, { apiKey: [] }],
    ...(route.access === 'public' || route.access === 'any' ? {} : { 'x-scope': route.access }),
    'x-error-codes': errorCodes,
  };
}

function parametersOf(route: Route, schemas: SchemaCollector): Parameter[] {
  const from = (object: z.ZodObject | undefined, place: 'path' | 'query'): Parameter[] => {
    if (object === undefined) return [];
    const converted = schemas.convert(object, 'input');
    const required = (converted['required'] ?? []) as string[];
    return Object.entries((converted['properties'] ?? {}) as Record<string, JsonSchema>).map(
      ([name, property]) => {
        const { description, ...schema } = property;
        return {
          name,
          in: place,
          required: place === 'path' || required.includes(name),
          ...(typeof description === 'string' ? { description } : {}),
          schema,
        };
      },
    );
  };
  const headers = Object.entries(route.requestHeaders ?? {}).map(([name, description]): Parameter => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  }));
  return [...from(route.params, 'path'), ...from(route.query, 'query'), ...headers];
}

function successes(route: Route, schemas: SchemaCollector): Record<string, Answer> {
  return Object.fromEntries(
    Object.entries(route.answers).map(([status, { description, content, headers }]) => [
      status,
      {
        description,
        ...(headers === undefined
          ? {}
          : {
              headers: Object.fromEntries(
                Object.entries(headers).map(([name, text]) => [
                  name,
                  { description: text, schema: { type: 'string' } },
                ]),
              ),
            }),
        ...(content === undefined ? {} : { content: contentOf(content, schemas, 'output') }),
      },
    ]),
  );
}

/** One answer a status, naming its codes; a status that the route answers itself keeps its own. */
function failures(route: Route, codes: readonly ErrorCode[]): Record<string, Answer> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    if (status in route.answers) continue;
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, own]) => [
      String(status),
      {
        description: own.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join(' · '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

function contentOf(
  contents: readonly AnswerContent[],
  schemas: SchemaCollector,
  io: 'input' | 'output',
): NonNullable<Answer['content']> {
  return Object.fromEntries(
    contents.map(({ type, schema, example }) => [
      type,
      {
        ...(schema === undefined ? { schema: { type: 'string' } } : { schema: schemas.convert(schema, io) }),
        ...(example === undefined ? {} : { example }),
      },
    ]),
  );
}

/** `GET /v1/jobs/{id}/results` → `get_v1_jobs_id_results` */
function operationIdOf(route: Route): string {
  const words = route.path.split(/\W+/u).filter((word) => word !== '');
  return [route.method.toLowerCase(), ...words].join('_');
}
