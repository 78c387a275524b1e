import { html } from 'hono/html';
import type { Tier } from '#shared/models/manifest.ts';
import type { Markup } from '../http/answers.ts';
import type { Translator } from '../translate.ts';

/** The tier as a word and a colour. */
export function tierBadge(t: Translator, tier: Tier): Markup {
  return html`<span class="tier ${tier}">${t(`tier.${tier}`)}</span>`;
}

/** How a facility's patients divide, as a bar with the figures in words. */
export function tierBar(t: Translator, counts: { low: number; medium: number; high: number }): Markup {
  const total = counts.low + counts.medium + counts.high;
  if (total === 0) return html`<span class="none">–</span>`;
  const high = (100 * counts.high) / total;
  const medium = (100 * counts.medium) / total;
  const words = t('tier.bar', { high: counts.high, medium: counts.medium, low: counts.low });
  return html`<svg
    class="tierbar"
    viewBox="0 0 100 8"
    preserveAspectRatio="none"
    role="img"
    aria-label="${words}"
  >
    <rect class="f-low" width="100" height="8" />
    <rect class="f-medium" width="${(high + medium).toFixed(1)}" height="8" />
    <rect class="f-high" width="${high.toFixed(1)}" height="8" />
  </svg>`;
}
