import type { Geometry } from '../../core/memory/geometry.ts';
import { MIN_ANON_ORDER } from '../../core/memory/order.ts';
import { cssColor, FILLED, occupancyColor, orderColor, SWAPPED, ZERO_PAGE } from '../svg/palette.ts';

/** Shades of occupancy that a map tells apart. */
export const OCCUPANCY_LEVELS = 8;
/** Shades of how many policies there are at one place of the trade-off. */
export const DENSITY_LEVELS = 4;

/** The one style sheet of a report. On paper it is light. */
export function reportStyle(geometry: Geometry): string {
  return `${PAGE}${colors(geometry, false)}@media screen and (prefers-color-scheme:dark){${DARK}${colors(geometry, true)}}`;
}

function colors({ pmdOrder }: Geometry, dark: boolean): string {
  const rule = (name: string, color: readonly [number, number, number]) =>
    `.${name}{stroke:${cssColor(color)}}`;
  const occupancy = Array.from({ length: OCCUPANCY_LEVELS }, (_, level) =>
    rule(`o${level}`, occupancyColor(level / (OCCUPANCY_LEVELS - 1), dark)),
  );
  const density = Array.from({ length: DENSITY_LEVELS }, (_, level) =>
    rule(`d${level}`, occupancyColor((level + 0.5) / (DENSITY_LEVELS + 1), dark)),
  );
  if (dark) return [...occupancy, ...density].join('');
  const orders = Array.from({ length: pmdOrder + 1 }, (_, order) => order)
    .filter((order) => order === 0 || order >= MIN_ANON_ORDER)
    .map((order) => rule(`k${order}`, orderColor(order, pmdOrder)));
  const others = [rule('swapped', SWAPPED), rule('zero', ZERO_PAGE), rule('filled', FILLED)];
  return [...occupancy, ...density, ...orders, ...others].join('');
}

const DARK = `:root{--page:#14171a;--raised:#1d2126;--line:#363c44;--text:#e6e8eb;--quiet:#a3adb8;--accent:#7db8f5}`;

const PAGE = `
:root{color-scheme:light dark;--page:#fff;--raised:#f4f5f7;--line:#d5d9de;--text:#1a1d21;--quiet:#59616b;--accent:#0b5cad}
*{box-sizing:border-box}
html{background:var(--page);color:var(--text);font:15px/1.5 system-ui,"DejaVu Sans",sans-serif;-webkit-text-size-adjust:100%}
body{max-width:62rem;margin:0 auto;padding:1.5rem 1rem 3rem;overflow-wrap:break-word}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .75rem}
h2{font-size:1.2rem;margin:2.25rem 0 .5rem;padding-top:.75rem;border-top:1px solid var(--line)}
h3{font-size:1.02rem;margin:1.75rem 0 .4rem}
h4{font-size:.95rem;margin:1.1rem 0 .3rem}
p,ul,dl,figure{margin:.5rem 0}
p{max-width:48rem}
a{color:var(--accent)}
ul{padding-left:1.2rem}
code,pre{font:.87em/1.45 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
pre{margin:.4rem 0;padding:.6rem .75rem;background:var(--raised);border:1px solid var(--line);border-radius:4px;white-space:pre-wrap;overflow-wrap:anywhere}
.quiet,figcaption,caption{color:var(--quiet)}
figcaption,caption,.quiet{font-size:.9rem}
.lead{font-size:1.1rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.5rem;margin:1.1rem 0}
.figures div{padding:.55rem .75rem;background:var(--raised);border:1px solid var(--line);border-radius:4px}
.figures dt{color:var(--quiet);font-size:.87rem}
.figures dd{margin:0;font-size:1.25rem;font-weight:600;font-variant-numeric:tabular-nums}
.figures dd small{display:block;font-size:.84rem;font-weight:400;color:var(--quiet)}
.writes{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));gap:0 1rem}
.writes div{min-width:0}
.wide{overflow-x:auto;max-width:100%;margin:.5rem 0}
.wide:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:left;padding-bottom:.25rem}
th,td{padding:.22rem .9rem .22rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{color:var(--quiet);font-weight:600;white-space:nowrap}
tbody th{font-weight:600}
.number{text-align:right;white-space:nowrap}
.name{min-width:9rem;overflow-wrap:anywhere}
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr));gap:.4rem 1.5rem}
.panels figure{min-width:0}
svg{display:block;width:100%;height:auto}
svg text{font-family:system-ui,"DejaVu Sans",sans-serif;fill:var(--text);font-size:13px}
svg text.quiet{fill:var(--quiet)}
path{fill:none}
.c{stroke-width:.84}
.thin{stroke-width:.28}
.between{stroke:var(--page);stroke-width:.14}
.ptes{max-width:21rem}
th code{white-space:nowrap}
.vma{stroke:var(--text);stroke-width:.16}
.empty{stroke:var(--line);stroke-width:.28}
.map{border:1px solid var(--line);padding:2px;border-radius:2px;background:var(--page)}
.bar{height:1.5rem}
.bar path{stroke-width:10}
.bar .filled{stroke-width:4}
.unsized{stroke:var(--text)}
.swatch{display:inline-block;width:1.7em;height:.85em;margin-right:.35em;vertical-align:-.05em}
.legend{display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;padding:0;list-style:none;font-size:.9rem}
.chart{min-width:27rem;max-width:46rem}
.axis{stroke:var(--quiet);stroke-width:1}
.grid{stroke:var(--line);stroke-width:1}
.front{stroke:var(--text);stroke-width:2}
.mark{fill:var(--page);stroke:var(--text);stroke-width:1.5}
svg text.marked{font-weight:700;text-anchor:middle}
.end{text-anchor:end}
.middle{text-anchor:middle}
@media print{
@page{size:A4;margin:14mm}
html{font-size:10pt}
body{max-width:none;padding:0}
h2,h3,h4{break-after:avoid}
figure,tr,pre,.figures{break-inside:avoid}
.wide{overflow:visible}
table{font-size:8.5pt}
th,td{padding-right:.5rem}
.chart{min-width:0}
.panels{grid-template-columns:repeat(3,minmax(0,1fr));gap:.3rem .8rem}
svg,.figures div,pre{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
`;
