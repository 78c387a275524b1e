import { z } from 'zod';

export type JsonSchema = { [keyword: string]: unknown };

/** Gathers the schemas that have an id (`.meta({ id })`) under components/schemas while others are turned into JSON Schema. */
export class SchemaCollector {
  readonly components: Record<string, JsonSchema> = {};

  /** A schema with an id becomes a reference; `input` gives what a caller may send, `output` what comes back. */
  convert(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const {
      $schema: _dialect,
      $defs,
      ...root
    } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;
    for (const [id, definition] of Object.entries(($defs ?? {}) as Record<string, JsonSchema>)) {
      this.components[id] ??= withoutId(pointToComponents(definition));
    }
    const id = schema.meta()?.id;
    const converted = withoutId(pointToComponents(root));
    if (id === undefined) return converted;
    this.components[id] ??= converted;
    return { $ref: `#/components/schemas/${id}` };
  }
}

function withoutId(schema: JsonSchema): JsonSchema {
  const { id: _id, ...rest } = schema;
  return rest;
}

/** `#/$defs/X` → `#/components/schemas/X`, at any depth. */
function pointToComponents(schema: JsonSchema): JsonSchema {
  return JSON.parse(
    JSON.stringify(schema, (key, value: unknown) =>
      key === '$ref' && typeof value === 'string'
        ? value.replace('#/$defs/', '#/components/schemas/')
        : value,
    ),
  ) as JsonSchema;
}
