import type { ModelManifest } from '#shared/models/manifest.ts';
import type { ModelReport } from './report.ts';

const SIZE = 420;
const MARGIN = 56;
const INNER = SIZE - 2 * MARGIN;
const COLOURS = ['#1f5fa8', '#b4552d', '#6b7280'] as const;

type Point = readonly [x: number, y: number];
type Line = { readonly name: string; readonly points: readonly Point[]; readonly dots?: boolean };
type Axis = { readonly title: string; readonly from: number; readonly to: number; readonly percent: boolean };

/** The plots of a model card by file name, as SVG that needs neither font nor script. */
export function cardPlots(manifest: ModelManifest, report: ModelReport | undefined): [string, string][] {
  const bins = manifest.metrics.test.at_risk.calibration;
  const top = Math.max(0.05, ...bins.flatMap((bin) => [bin.mean_predicted, bin.observed]));
  const share = (title: string): Axis => ({ title, from: 0, to: top, percent: true });
  const calibration = plot('Calibration, later period, at risk', share('Predicted'), share('Observed'), [
    { name: 'model', points: bins.map((bin) => [bin.mean_predicted, bin.observed]), dots: true },
    {
      name: 'perfect',
      points: [
        [0, 0],
        [top, top],
      ],
    },
  ]);
  const plots: [string, string][] = [['model-card-calibration.svg', calibration]];
  if (report === undefined) return plots;
  const curve = report.decision_curve;
  const benefits = curve.flatMap(({ model, logistic }) => [model ?? 0, logistic ?? 0]);
  const line = (name: 'model' | 'logistic' | 'call_all', words: string): Line => ({
    name: words,
    points: curve.flatMap((at): Point[] => (at[name] === null ? [] : [[at.threshold, at[name]]])),
  });
  plots.push([
    'model-card-decision-curve.svg',
    plot(
      'Net benefit of calling by risk',
      {
        title: 'Risk from which one calls',
        from: 0,
        to: Math.max(...curve.map((at) => at.threshold)),
        percent: true,
      },
      {
        title: 'Net benefit a patient',
        from: Math.min(-0.01, ...benefits),
        to: Math.max(...benefits) * 1.1,
        percent: false,
      },
      [line('model', 'model'), line('logistic', 'logistic'), line('call_all', 'call everybody')],
    ),
  ]);
  return plots;
}

function plot(title: string, x: Axis, y: Axis, lines: readonly Line[]): string {
  const across = (value: number) => round(MARGIN + ((value - x.from) / (x.to - x.from)) * INNER);
  const up = (value: number) => round(SIZE - MARGIN - ((value - y.from) / (y.to - y.from)) * INNER);
  const ticks = (axis: Axis) =>
    Array.from({ length: 5 }, (_, i) => axis.from + ((axis.to - axis.from) * i) / 4);
  const text = (axis: Axis, value: number) => (axis.percent ? `${round(value * 100)} %` : value.toFixed(3));
  const drawn = lines.flatMap(({ points, dots }, i) => {
    const inside = points.filter(([, value]) => value >= y.from && value <= y.to);
    const path = inside.map(([a, b]) => `${across(a)},${up(b)}`).join(' ');
    const colour = COLOURS[i] ?? COLOURS[2];
    const dash = i === 0 ? '' : ' stroke-dasharray="5 4"';
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`,
      ...(dots
        ? inside.map(([a, b]) => `<circle cx="${across(a)}" cy="${up(b)}" r="3.5" fill="${colour}"/>`)
        : []),
    ];
  });
  const legend = lines.map(
    ({ name }, i) =>
      `<text x="${MARGIN + 8}" y="${MARGIN + 16 * (i + 1)}" fill="${COLOURS[i] ?? COLOURS[2]}">${name}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE}" width="${SIZE}" height="${SIZE}" role="img" aria-label="${title}" font-family="sans-serif" font-size="12">`,
    `<rect width="${SIZE}" height="${SIZE}" fill="#fff"/>`,
    `<text x="${MARGIN}" y="24" font-size="14" font-weight="bold">${title}</text>`,
    `<path d="M${MARGIN} ${MARGIN}V${SIZE - MARGIN}H${SIZE - MARGIN}" fill="none" stroke="#111"/>`,
    ...ticks(x).map(
      (value) =>
        `<text x="${across(value)}" y="${SIZE - MARGIN + 18}" text-anchor="middle">${text(x, value)}</text>`,
    ),
    ...ticks(y).map(
      (value) => `<text x="${MARGIN - 6}" y="${up(value) + 4}" text-anchor="end">${text(y, value)}</text>`,
    ),
    `<text x="${SIZE / 2}" y="${SIZE - 12}" text-anchor="middle">${x.title}</text>`,
    `<text x="14" y="${SIZE / 2}" text-anchor="middle" transform="rotate(-90 14 ${SIZE / 2})">${y.title}</text>`,
    ...drawn,
    ...legend,
    '</svg>',
    '',
  ].join('\n');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
