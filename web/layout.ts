import { html, raw } from 'hono/html';
import { may } from '#api/auth/principal.ts';
import type { Permission } from '#api/people/roles.ts';
import { NOT_A_DIAGNOSIS } from '#shared/models/manifest.ts';
import { htmlAnswer, type Markup } from './http/answers.ts';
import { icon, type IconName } from './parts/icons.ts';
import type { PageCall } from './page.ts';
import { type MessageKey, READ_BY_PEOPLE } from './translate.ts';

type Section = 'calls' | 'overview' | 'runs' | 'models' | 'audit' | 'status' | 'settings';

const SECTIONS: readonly { id: Section; path: string; needs: Permission; icon: IconName }[] = [
  { id: 'calls', path: '/calls', needs: 'calls', icon: 'phone' },
  { id: 'overview', path: '/overview', needs: 'overview', icon: 'map' },
  { id: 'runs', path: '/runs', needs: 'runs', icon: 'rows' },
  { id: 'models', path: '/models', needs: 'models', icon: 'model' },
  { id: 'audit', path: '/audit', needs: 'audit', icon: 'log' },
  { id: 'status', path: '/status', needs: 'status', icon: 'pulse' },
  { id: 'settings', path: '/settings', needs: 'settings', icon: 'people' },
];

export type PageParts = {
  /** In the browser's tab and history. */
  title: string;
  section?: Section | undefined;
  /** Heading of the page; the title without it. */
  heading?: Markup;
  /** Small print beside the heading. */
  aside?: Markup;
  /** Buttons beside the heading. */
  actions?: Markup;
  /** Where the page lies: path and words, outermost first. */
  trail?: readonly (readonly [string, string])[];
  body: Markup | readonly Markup[];
  status?: number;
  headers?: Record<string, string>;
  /** A class of the body element. */
  kind?: string;
  /** Reloads by itself where scripts are off. */
  refreshSeconds?: number | undefined;
};

/** Where somebody begins. */
export function homeOf(call: Pick<PageCall, 'principal'>): string {
  return SECTIONS.find(({ needs }) => may(call.principal, needs))?.path ?? '/account';
}

/** Nothing to choose from: no navigation, more room for patients. */
function hasNavigation(call: PageCall): boolean {
  return SECTIONS.filter(({ needs }) => may(call.principal, needs)).length > 1;
}

/** A whole page, with the notice that stands on every one. */
export async function pageAnswer(call: PageCall, parts: PageParts): Promise<Response> {
  const { t, assets, principal } = call;
  const { person } = principal;
  const withNavigation = person !== undefined && hasNavigation(call);
  const sections = SECTIONS.filter(({ needs }) => may(principal, needs));
  const kind = [person === undefined ? 'outside' : withNavigation ? 'with-nav' : 'plain', parts.kind ?? '']
    .join(' ')
    .trim();
  const machineNote = READ_BY_PEOPLE.has(t.language)
    ? ''
    : html`<p class="machine">${t('shell.machine_translation')}</p>`;
  return await htmlAnswer(
    html`<!doctype html>
      <html lang="${t.language}">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width,initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="htmx-config" content='{"includeIndicatorCSS":false,"history":false}' />
          ${
            parts.refreshSeconds === undefined
              ? ''
              : html`<noscript><meta http-equiv="refresh" content="${parts.refreshSeconds}" /></noscript>`
          }
          <title>${parts.title} · IIT</title>
          <link rel="stylesheet" href="${assets.css}" />
          <link rel="icon" href="${assets.icon}" type="image/svg+xml" />
          <script src="${assets.htmx}" defer></script>
          <script src="${assets.script}" defer></script>
        </head>
        <body class="${kind}">
          <a class="skip" href="#main">${t('shell.skip')}</a>
          ${person === undefined ? '' : header(call, sections, withNavigation, parts.section)}
          <main id="main" tabindex="-1">
            ${machineNote}
            ${
              parts.trail === undefined
                ? ''
                : html`<nav class="trail" aria-label="${t('shell.trail')}">
                    ${parts.trail.map(
                      ([path, words], at) =>
                        html`${at === 0 ? '' : html`<span aria-hidden="true">/</span>`}<a href="${path}"
                            >${words}</a
                          >`,
                    )}
                  </nav>`
            }
            <div class="head">
              <div>
                <h1>${parts.heading ?? parts.title}</h1>
                ${parts.aside === undefined ? '' : html`<p class="aside">${parts.aside}</p>`}
              </div>
              ${parts.actions === undefined ? '' : html`<div class="actions">${parts.actions}</div>`}
            </div>
            ${parts.body}
          </main>
          <footer class="notice">${noticeText(call)}</footer>
          ${person === undefined ? '' : help(call)}
        </body>
      </html>`,
    parts.status,
    parts.headers,
  );
}

/** The sentence in the reader's language; the English one is the one that was agreed. */
export function noticeText(call: Pick<PageCall, 't'>): string {
  return call.t.language === 'en' ? NOT_A_DIAGNOSIS : call.t('shell.notice');
}

function header(
  call: PageCall,
  sections: typeof SECTIONS,
  withNavigation: boolean,
  active: Section | undefined,
): Markup {
  const { t } = call;
  const { person } = call.principal;
  const account = html`<div class="who">
      <b>${person?.name}</b><span>${t(`role.${person?.role ?? 'worker'}`)}</span>
    </div>
    <a class="item" href="/account">${icon('gear')}${t('shell.account')}</a>
    <form method="post" action="/logout">
      <input type="hidden" name="_csrf" value="${call.csrf}" /><button class="item">
        ${icon('out')}${t('shell.logout')}
      </button>
    </form>`;
  const links = sections.map(
    ({ id, path, icon: name }) =>
      html`<a class="item" href="${path}" ${id === active ? raw(' aria-current="page"') : ''}
        >${icon(name)}${t(`section.${id}` satisfies MessageKey)}</a
      >`,
  );
  return html`<header>
    <a class="brand" href="/" aria-label="${t('shell.home')}"
      ><b>IIT</b
      ><span>${call.principal.tenant === 'default' ? t('shell.service') : call.principal.tenant}</span></a
    >
    ${withNavigation ? html`<nav class="side" aria-label="${t('shell.main')}">${links}</nav>` : ''}
    <div class="foot">${account}</div>
    <details class="menu">
      <summary aria-label="${t('shell.menu')}">${icon('menu')}</summary>
      <div>${withNavigation ? html`<nav aria-label="${t('shell.menu')}">${links}</nav>` : ''}${account}</div>
    </details>
  </header>`;
}

function help(call: PageCall): Markup {
  const { t } = call;
  const keys: [string, MessageKey][] = [
    ['/', 'keys.search'],
    ['j', 'keys.next'],
    ['k', 'keys.previous'],
    ['Enter', 'keys.open'],
    ['r', 'keys.refresh'],
    ['?', 'keys.help'],
  ];
  return html`<dialog id="keys" aria-labelledby="keys-title">
    <h2 id="keys-title">${t('keys.title')}</h2>
    <dl>
      ${keys.map(
        ([key, words]) =>
          html`<div>
            <dt><kbd>${key}</kbd></dt>
            <dd>${t(words)}</dd>
          </div>`,
      )}
    </dl>
    <form method="dialog"><button>${t('keys.close')}</button></form>
  </dialog>`;
}
