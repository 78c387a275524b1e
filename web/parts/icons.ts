import { raw } from 'hono/html';

/** Strokes on a grid of 20, drawn for this service. */
const PATHS = {
  phone:
    'M4 3h3l1.5 4-2 1.5a9 9 0 0 0 5 5l1.5-2 4 1.5v3a1.5 1.5 0 0 1-1.5 1.5C9 17 3 11 2.5 4.5A1.5 1.5 0 0 1 4 3z',
  map: 'M3 5l4.5-2 5 2L17 3v12l-4.5 2-5-2L3 17zM7.5 3v12M12.5 5v12',
  rows: 'M3 5h14M3 10h14M3 15h9',
  model: 'M10 3v4M10 7l-5 4M10 7l5 4M5 11v2M15 11v2M3 13h4v4H3zM13 13h4v4h-4zM8 1.5h4v3H8z',
  log: 'M5 2.5h8l3 3v12H5zM8 8h5M8 11h5M8 14h3',
  pulse: 'M2 10h4l2-5 4 10 2-5h4',
  people:
    'M7.5 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 17c0-3 2.5-5 5.5-5s5.5 2 5.5 5M13 3.5a3 3 0 0 1 0 5.5M15 12.5c2 .5 3 2.3 3 4.5',
  gear: 'M10 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM10 2v3M10 15v3M2 10h3M15 10h3M4.3 4.3l2.2 2.2M13.5 13.5l2.2 2.2M4.3 15.7l2.2-2.2M13.5 6.5l2.2-2.2',
  out: 'M8 3H4v14h4M12 6l4 4-4 4M16 10H7',
  menu: 'M3 5h14M3 10h14M3 15h14',
  search: 'M9 15a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM13.5 13.5L18 18',
  print: 'M5 8V3h10v5M5 14H3V8h14v6h-2M5 12h10v5H5z',
  sheet: 'M4 3h12v14H4zM4 8h12M4 12.5h12M9 8v9',
  check: 'M4 10.5l4 4 8-9',
  up: 'M10 15V4M5 9l5-5 5 5M4 17h12',
  down: 'M10 4v11M5 10l5 5 5-5M4 17.5h12',
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName) {
  return raw(`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="${PATHS[name]}"/></svg>`);
}
