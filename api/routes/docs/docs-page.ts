import { html } from 'hono/html';
import { ERROR_CODES } from '#shared/errors/errors.ts';
import { PROBLEMS } from '#api/http/problem.ts';
import type { Answer, OpenApiDocument, Operation, Parameter } from '#api/openapi/document.ts';
import type { JsonSchema } from '#api/openapi/json-schema.ts';

type Markup = ReturnType<typeof html>;

const PROBLEM_TYPE = 'application/problem+json';

/** A call as the page shows it, and the words by which it is found. */
type Section = { path: string; method: string; operation: Operation; markup: Markup; words: string };

export type DocsPages = {
  /** The calls that hold all of these words; every call for ''. */
  calls: (find: string) => Promise<string>;
  schemas: () => Promise<string>;
};

/**
 * The OpenAPI document as pages of plain HTML: no script, nothing loaded from anywhere, so it reads on a
 * state office’s line and needs no relaxed content policy, which the usual viewers do.
 */
export function docsPages(document: OpenApiDocument): DocsPages {
  const sections: Section[] = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([name, operation]) => {
      const method = name.toUpperCase();
      const { summary, description = '', parameters, tags } = operation;
      const words = [method, path, summary, description, ...tags, ...parameters.map((one) => one.name)];
      return {
        path,
        method,
        operation,
        markup: operationSection(path, method, operation),
        words: words.join(' ').toLowerCase(),
      };
    }),
  );
  const whole = lean(callsPage(document, sections, ''));
  const schemas = lean(schemasPage(document));
  return {
    calls: async (find) => {
      const words = find.toLowerCase().split(/\s+/u).filter(Boolean);
      if (words.length === 0) return await whole;
      const found = sections.filter((section) => words.every((word) => section.words.includes(word)));
      return await lean(callsPage(document, found, find));
    },
    schemas: async () => await schemas,
  };
}

/** Without the white space of the templates, which is a third of the page. */
async function lean(markup: Markup): Promise<string> {
  return String(await markup).replaceAll(/>\s+</gu, '><');
}

function callsPage(document: OpenApiDocument, sections: readonly Section[], find: string): Markup {
  const tags = [...new Set(sections.flatMap(({ operation }) => operation.tags))];
  const of = (tag: string) => sections.filter(({ operation }) => operation.tags.includes(tag));
  return page(
    `${document.info.title} ${document.info.version}`,
    html`<h1>${document.info.title} <small>${document.info.version}</small></h1>
      <p>${document.info.description}</p>
      <p>
        <a href="/docs?show=schemas">What the bodies hold</a>; for machines
        <a href="/openapi.json">/openapi.json</a> (OpenAPI ${document.openapi}).
      </p>
      <form role="search">
        <input type="search" name="find" value="${find}" aria-label="Find calls by their words" />
        <button>Find</button> ${find === '' ? '' : html`<a href="/docs">All calls</a>`}
      </form>
      ${find === '' ? '' : html`<p role="status">${sections.length} calls hold “${find}”.</p>`}
      <nav aria-label="Groups of calls">
        ${tags.map((tag) => html`<a href="#${anchorOf(tag)}">${tag}</a> `)}
      </nav>
      ${tags.map(
        (tag) =>
          html`<h2 id="${anchorOf(tag)}">${tag}</h2>
            ${of(tag).map(({ markup }) => markup)}`,
      )}
      ${find === '' ? errorCodes() : ''}`,
  );
}

function anchorOf(tag: string): string {
  return tag.toLowerCase().replaceAll(' ', '-');
}

function schemasPage(document: OpenApiDocument): Markup {
  return page(
    `What the bodies hold – ${document.info.title}`,
    html`<h1>What the bodies hold</h1>
      <p><a href="/docs">The calls</a></p>
      ${Object.entries(document.components.schemas).map(
        ([name, schema]) =>
          html`<details id="schema-${name}">
            <summary><code>${name}</code></summary>
            <pre>${JSON.stringify(schema, null, 1)}</pre>
          </details>`,
      )}`,
  );
}

function errorCodes(): Markup {
  return html`<h2 id="errors">Error codes</h2>
    <p>
      Every refusal is <code>${PROBLEM_TYPE}</code> (<a href="/docs?show=schemas#schema-Problem">Problem</a>).
    </p>
    <table>
      <tr>
        <th>code</th>
        <th>status</th>
        <th>title</th>
      </tr>
      ${ERROR_CODES.map(
        (code) =>
          html`<tr>
            <td><code>${code}</code></td>
            <td>${PROBLEMS[code].status}</td>
            <td>${PROBLEMS[code].title}</td>
          </tr>`,
      )}
    </table>`;
}

/** A whole page around `body`. */
export function page(title: string, body: Markup | Markup[]): Markup {
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width,initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>${title}</title>
      <style>
        body {
          font:
            16px/1.5 system-ui,
            sans-serif;
          max-width: 60rem;
          margin: 2rem auto;
          padding: 0 1rem;
          color: #222;
          background: #fff;
        }
        h2 {
          border-bottom: 2px solid #ccc;
          margin-top: 2.5rem;
        }
        table {
          border-collapse: collapse;
          width: 100%;
          margin: 0.5rem 0;
        }
        th,
        td {
          text-align: left;
          vertical-align: top;
          padding: 0.2rem 0.8rem 0.2rem 0;
          border-bottom: 1px solid #e5e5e5;
        }
        pre {
          background: #f5f5f5;
          padding: 0.6rem;
          white-space: pre-wrap;
          overflow-wrap: anywhere;
        }
        summary {
          cursor: pointer;
          padding: 0.3rem 0;
        }
        .method {
          display: inline-block;
          min-width: 4.5rem;
          font-weight: bold;
        }
        .scope {
          color: #555;
        }
        input {
          margin-right: 0.6rem;
        }
        input,
        button {
          font: inherit;
          padding: 0.3rem 0.6rem;
        }
        nav a {
          display: inline-block;
          padding: 0.15rem 0;
          margin-right: 0.6rem;
          font-size: 0.88rem;
        }
        code,
        td,
        a {
          overflow-wrap: anywhere;
        }
        @media (max-width: 40rem) {
          body {
            margin: 1rem auto;
          }
          table,
          tbody,
          tr,
          td {
            display: block;
          }
          th {
            display: none;
          }
          td {
            border: 0;
            padding: 0;
          }
          tr {
            border-bottom: 1px solid #e5e5e5;
            padding: 0.3rem 0;
          }
        }
        @media (prefers-color-scheme: dark) {
          body {
            color: #e7ecf0;
            background: #12171c;
          }
          a {
            color: #7cc5da;
          }
          pre {
            background: #1a2128;
          }
          h2,
          th,
          td,
          tr {
            border-color: #2c363f;
          }
          .scope {
            color: #a5b1bc;
          }
        }
      </style>
      <body>
        <main>${body}</main>
      </body>
    </html>`;
}

function operationSection(path: string, method: string, operation: Operation): Markup {
  return html`<details id="${operation.operationId}">
    <summary>
      <code><span class="method">${method}</span>${path}</code> ${operation.summary}
    </summary>
    ${operation.description === undefined ? '' : html`<p>${operation.description}</p>`}
    <pre>${curlOf(path, method, operation)}</pre>
    <p class="scope">
      ${
        operation.security.length === 0
          ? 'Needs no key.'
          : operation['x-scope'] === undefined
            ? 'Needs a key.'
            : html`Needs a key with the scope <code>${operation['x-scope']}</code>.`
      }
    </p>
    ${
      operation.parameters.length === 0
        ? ''
        : html`<table>
            <tr>
              <th>parameter</th>
              <th>in</th>
              <th>values</th>
              <th>what it does</th>
            </tr>
            ${operation.parameters.map(parameterRow)}
          </table>`
    }
    ${
      operation.requestBody === undefined
        ? ''
        : html`<p>Body: ${operation.requestBody.description} ${contentOf(operation.requestBody)}</p>`
    }
    <table>
      <tr>
        <th>answer</th>
        <th>when</th>
        <th>body</th>
      </tr>
      ${Object.entries(operation.responses).map(
        ([status, answer]) =>
          html`<tr>
            <td>${status}</td>
            <td>${isProblem(answer) ? codesOf(answer) : answer.description}</td>
            <td>${isProblem(answer) ? '' : contentOf(answer)}</td>
          </tr>`,
      )}
    </table>
  </details>`;
}

/** What every refusal is: the page says it once, above the codes. */
function isProblem({ content = {} }: Answer): boolean {
  return Object.keys(content).every((type) => type === PROBLEM_TYPE) && PROBLEM_TYPE in content;
}

/** Their titles stand once, in the table of codes. */
function codesOf({ description }: Answer): string {
  return [...description.matchAll(/`(\w+)`/gu)].map(([, code]) => code).join(', ');
}

/** The call as one types it, `$API` and `$KEY` set as the README does. */
function curlOf(path: string, method: string, operation: Operation): string {
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const parts = [
    'curl',
    method === 'GET' ? '' : `-X ${method}`,
    operation.security.length === 0 ? '' : '-H "Authorization: Bearer $KEY"',
    type === undefined ? '' : `-H 'Content-Type: ${type}'`,
    type === undefined
      ? ''
      : type === 'application/json' && content?.example !== undefined
        ? `-d '${content.example}'`
        : '--data-binary @FILE',
    `"$API${path}"`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function parameterRow(parameter: Parameter): Markup {
  return html`<tr>
    <td><code>${parameter.name}</code>${parameter.required ? ' *' : ''}</td>
    <td>${parameter.in}</td>
    <td>${valuesOf(parameter.schema)}</td>
    <td>${parameter.description ?? ''}</td>
  </tr>`;
}

function valuesOf(schema: JsonSchema): string {
  const values = Array.isArray(schema['enum'])
    ? schema['enum'].join(' | ')
    : [
        schema['type'],
        schema['minimum'] === undefined ? '' : `≥ ${JSON.stringify(schema['minimum'])}`,
        schema['maximum'] === undefined ? '' : `≤ ${JSON.stringify(schema['maximum'])}`,
      ]
        .filter((part) => part !== '' && part !== undefined)
        .join(' ');
  return schema['default'] === undefined
    ? values
    : `${values} (default ${JSON.stringify(schema['default'])})`;
}

function contentOf(answer: Pick<Answer, 'content'>): Markup[] {
  return Object.entries(answer.content ?? {}).map(([type, { schema, example }]) => {
    const reference = typeof schema?.['$ref'] === 'string' ? schema['$ref'].split('/').at(-1) : undefined;
    return html`<div>
      <code>${type}</code>
      ${reference === undefined ? '' : html`<a href="/docs?show=schemas#schema-${reference}">${reference}</a>`}
      ${example === undefined ? '' : html`<pre>${example}</pre>`}
    </div>`;
  });
}
