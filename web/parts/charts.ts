import { scaleBand, scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { html, raw } from 'hono/html';
import type { Markup } from '../http/answers.ts';
import type { Translator } from '../translate.ts';

const WIDTH = 640;
const HEIGHT = 200;
const MARGIN = { top: 10, right: 12, bottom: 24, left: 44 };

type Series = { name: string; values: readonly (number | undefined)[]; isDashed?: boolean };

export type ChartOptions = {
  title: string;
  /** A label a point, in order. */
  labels: readonly string[];
  series: readonly Series[];
  /** Top of the vertical axis; the largest value without it. */
  max?: number;
  format: (value: number) => string;
  /** Lines across, such as tier cut-offs. */
  marks?: readonly { value: number; name: string }[];
};

/** Lines over time as SVG made here, with their table below for those who do not see them. */
export function lineChart(t: Translator, options: ChartOptions): Markup {
  const { labels, series, format } = options;
  const top = Math.max(
    options.max ?? 0,
    ...series.flatMap(({ values }) => values.map((value) => value ?? 0)),
    1e-9,
  );
  const x = scaleLinear([0, Math.max(1, labels.length - 1)], [MARGIN.left, WIDTH - MARGIN.right]);
  const y = scaleLinear([0, top], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice(4);
  const path = line<number | undefined>()
    .defined((value) => value !== undefined)
    .x((_, at) => round(x(at)))
    .y((value) => round(y(value ?? 0)));
  const body = [
    ...axis(y, format),
    ...(options.marks ?? []).map(
      ({ value, name }) =>
        `<line class="axis dash" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${round(y(value))}" y2="${round(y(value))}"/><text x="${WIDTH - MARGIN.right}" y="${round(y(value)) - 4}" text-anchor="end">${escape(name)}</text>`,
    ),
    ...bottomLabels(labels, (at) => x(at)),
    ...series.map(
      ({ values, isDashed }, at) =>
        `<path class="l${at + 1}${isDashed === true ? ' dash' : ''}" d="${path([...values]) ?? ''}"/>${points(values, at, x, y)}`,
    ),
  ];
  return figure(t, options, body);
}

/** Groups of bars side by side. */
export function barChart(t: Translator, options: ChartOptions): Markup {
  const { labels, series, format } = options;
  const top = Math.max(
    options.max ?? 0,
    ...series.flatMap(({ values }) => values.map((value) => value ?? 0)),
    1e-9,
  );
  const x = scaleBand(
    labels.map((_, at) => at),
    [MARGIN.left, WIDTH - MARGIN.right],
  ).padding(0.2);
  const y = scaleLinear([0, top], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice(4);
  const width = x.bandwidth() / series.length;
  const base = HEIGHT - MARGIN.bottom;
  const body = [
    ...axis(y, format),
    ...bottomLabels(labels, (at) => (x(at) ?? 0) + x.bandwidth() / 2),
    ...series.flatMap(({ values }, which) =>
      values.map((value, at) => {
        const height = base - y(value ?? 0);
        return height <= 0
          ? ''
          : `<rect class="b${which + 1}" x="${round((x(at) ?? 0) + which * width)}" y="${round(base - height)}" width="${round(Math.max(1, width - 1))}" height="${round(height)}"/>`;
      }),
    ),
  ];
  return figure(t, options, body);
}

/** Two histograms of the same bins, one over the other. */
export function binChart(t: Translator, options: ChartOptions): Markup {
  const { labels, series, format } = options;
  const top = Math.max(...series.flatMap(({ values }) => values.map((value) => value ?? 0)), 1e-9);
  const x = scaleLinear([0, labels.length], [MARGIN.left, WIDTH - MARGIN.right]);
  const y = scaleLinear([0, top], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice(4);
  const steps = (values: readonly (number | undefined)[]) =>
    values.flatMap((value, at): [number, number][] => [
      [x(at), y(value ?? 0)],
      [x(at + 1), y(value ?? 0)],
    ]);
  const shape = area()
    .x(([left]) => round(left))
    .y1(([, height]) => round(height))
    .y0(HEIGHT - MARGIN.bottom);
  const outline = line()
    .x(([left]) => round(left))
    .y(([, height]) => round(height));
  const [first, second] = series;
  const body = [
    ...axis(y, format),
    ...bottomLabels(labels, (at) => (x(at) + x(at + 1)) / 2),
    first === undefined
      ? ''
      : `<path class="b1" opacity=".28" d="${shape(steps(first.values)) ?? ''}"/><path class="l1" d="${outline(steps(first.values)) ?? ''}"/>`,
    second === undefined ? '' : `<path class="l2" d="${outline(steps(second.values)) ?? ''}"/>`,
  ];
  return figure(t, options, body);
}

/** Observed against predicted: a point a bin, the diagonal where both are equal. */
export function calibrationChart(
  t: Translator,
  options: { title: string; bins: readonly { n: number; mean_predicted: number; observed: number }[] },
): Markup {
  const size = 240;
  const top = Math.max(0.05, ...options.bins.flatMap((bin) => [bin.mean_predicted, bin.observed]));
  const x = scaleLinear([0, top], [40, size - 10]).nice(4);
  const y = scaleLinear([0, top], [size - 26, 10]).nice(4);
  const end = Math.min(x.domain()[1] ?? top, y.domain()[1] ?? top);
  const body = [
    ...y
      .ticks(4)
      .map(
        (tick) =>
          `<line class="axis" x1="40" x2="${size - 10}" y1="${round(y(tick))}" y2="${round(y(tick))}"/><text x="36" y="${round(y(tick)) + 4}" text-anchor="end">${escape(t.percent(tick))}</text>`,
      ),
    ...x
      .ticks(3)
      .map(
        (tick) =>
          `<text x="${round(x(tick))}" y="${size - 8}" text-anchor="middle">${escape(t.percent(tick))}</text>`,
      ),
    `<line class="axis dash" x1="${round(x(0))}" y1="${round(y(0))}" x2="${round(x(end))}" y2="${round(y(end))}"/>`,
    ...options.bins.map(
      (bin) =>
        `<circle class="b1" cx="${round(x(bin.mean_predicted))}" cy="${round(y(bin.observed))}" r="4"/>`,
    ),
  ];
  const rows = options.bins.map(
    (bin) =>
      html`<tr>
        <th scope="row">${t.percent(bin.mean_predicted, 1)}</th>
        <td class="num">${t.percent(bin.observed, 1)}</td>
        <td class="num">${t.number(bin.n)}</td>
      </tr>`,
  );
  return html`<figure>
    <figcaption>${options.title}</figcaption>
    ${raw(`<svg class="chart square" viewBox="0 0 ${size} ${size}" role="img" aria-label="${escape(options.title)}">${body.join('')}</svg>`)}
    <details class="data">
      <summary>${t('chart.table')}</summary>
      <div class="scroll" tabindex="0">
        <table>
          <thead>
            <tr>
              <th scope="col">${t('chart.predicted')}</th>
              <th scope="col" class="num">${t('chart.observed')}</th>
              <th scope="col" class="num">${t('col.patients')}</th>
            </tr>
          </thead>
          <tbody>
            ${rows}
          </tbody>
        </table>
      </div>
    </details>
  </figure>`;
}

type Scale = ReturnType<typeof scaleLinear<number>>;

function axis(y: Scale, format: (value: number) => string): string[] {
  return y
    .ticks(4)
    .map(
      (tick) =>
        `<line class="axis" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${round(y(tick))}" y2="${round(y(tick))}"/><text x="${MARGIN.left - 6}" y="${round(y(tick)) + 4}" text-anchor="end">${escape(format(tick))}</text>`,
    );
}

const LABELS_SHOWN = 7;

function bottomLabels(labels: readonly string[], x: (at: number) => number): string[] {
  const every = Math.ceil(labels.length / LABELS_SHOWN);
  return labels.map((label, at) =>
    at % every === 0
      ? `<text x="${round(x(at))}" y="${HEIGHT - 7}" text-anchor="middle">${escape(label)}</text>`
      : '',
  );
}

const POINTS_SHOWN = 40;

function points(values: Series['values'], which: number, x: Scale, y: Scale): string {
  if (values.length > POINTS_SHOWN) return '';
  return values
    .map((value, at) =>
      value === undefined
        ? ''
        : `<circle class="b${which + 1}" cx="${round(x(at))}" cy="${round(y(value))}" r="2.5"/>`,
    )
    .join('');
}

function figure(t: Translator, options: ChartOptions, body: readonly string[]): Markup {
  const { title, labels, series, format } = options;
  const key =
    series.length < 2
      ? ''
      : html`<div class="key">
          ${series.map(({ name }, at) => html`<span><i class="k${at + 1}"></i>${name}</span>`)}
        </div>`;
  const rows = labels.map(
    (label, at) =>
      html`<tr>
        <th scope="row">${label}</th>
        ${series.map(({ values }) => {
          const value = values[at];
          return html`<td class="num">${value === undefined ? '–' : format(value)}</td>`;
        })}
      </tr>`,
  );
  return html`<figure>
    <figcaption>${title}</figcaption>
    ${key}${raw(`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}">${body.join('')}</svg>`)}
    <details class="data">
      <summary>${t('chart.table')}</summary>
      <div class="scroll" tabindex="0">
        <table>
          <thead>
            <tr>
              <td></td>
              ${series.map(({ name }) => html`<th scope="col" class="num">${name}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${rows}
          </tbody>
        </table>
      </div>
    </details>
  </figure>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
