/**
 * Draws docs/memslots-scaling.svg from a report of `book3s bench memslots --json`: time an iteration against slots in
 * use, both implementations, one panel a workload. Usage: ts-node tests/figures/memslots-scaling.ts REPORT.json OUT.svg
 */
import { readFileSync, writeFileSync } from 'node:fs';
import * as echarts from 'echarts';
import type { Figure } from '../../src/cli/bench/memslots';

const PANELS = [
  ['map', 'Map'],
  ['unmap', 'Unmap'],
  ['unmap-2m', 'Unmap 2M'],
  ['move-active', 'Move active'],
  ['move-inactive', 'Move inactive'],
  ['slot-setup', 'Slot setup'],
] as const;
const COLUMNS = 3;
const WIDTH = 1080;
const HEIGHT = 680;
const PANEL = { width: 270, height: 210, left: 75, top: 95, stepX: 345, stepY: 300 };

/** Points of a workload, ascending by slots: [slots, seconds]. */
function pointsOf(figures: readonly Figure[], workload: string, which: 'value' | 'peer'): [number, number][] {
  return figures
    .map((figure) => ({ figure, parts: figure.name.split('.') }))
    .filter(({ parts }) => parts[1] === workload)
    .map(({ figure, parts }): [number, number] => [Number(parts[2]), figure[which] ?? NaN])
    .sort(([a], [b]) => a - b);
}

const seconds = (value: number): string =>
  value >= 1
    ? `${value} s`
    : value >= 1e-3
      ? `${+(value * 1e3).toPrecision(3)} ms`
      : `${+(value * 1e6).toPrecision(3)} µs`;

/** The figure as SVG text. */
export function drawScaling(figures: readonly Figure[]): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  const place = (i: number) => ({
    left: PANEL.left + (i % COLUMNS) * PANEL.stepX,
    top: PANEL.top + Math.floor(i / COLUMNS) * PANEL.stepY,
  });
  const series = (which: 'value' | 'peer', name: string, color: string) =>
    PANELS.map(([workload], i) => ({
      name,
      type: 'line' as const,
      xAxisIndex: i,
      yAxisIndex: i,
      data: pointsOf(figures, workload, which),
      itemStyle: { color },
      lineStyle: { color, width: 2 },
      symbolSize: 6,
    }));
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    legend: { top: 36, data: ['array-based predecessor', 'trees'] },
    title: [
      {
        text: 'Time an iteration against memory slots in use',
        left: 'center',
        top: 6,
        textStyle: { fontSize: 16 },
      },
      ...PANELS.map(([, text], i) => ({
        text,
        left: place(i).left + PANEL.width / 2,
        top: place(i).top - 26,
        textAlign: 'center' as const,
        textStyle: { fontSize: 13 },
      })),
    ],
    grid: PANELS.map((_, i) => ({ ...place(i), width: PANEL.width, height: PANEL.height })),
    xAxis: PANELS.map((_, i) => ({
      type: 'log' as const,
      gridIndex: i,
      min: 10,
      name: 'slots',
      nameLocation: 'middle' as const,
      nameGap: 24,
      axisLabel: { formatter: (value: number) => (value >= 1000 ? `${value / 1000}k` : String(value)) },
    })),
    yAxis: PANELS.map((_, i) => ({ type: 'log' as const, gridIndex: i, axisLabel: { formatter: seconds } })),
    series: [...series('peer', 'array-based predecessor', '#c0504d'), ...series('value', 'trees', '#1f5fa8')],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function main([report, out]: readonly string[]): void {
  if (!report || !out)
    throw new Error('usage: ts-node tests/figures/memslots-scaling.ts REPORT.json OUT.svg');
  const { figures } = JSON.parse(readFileSync(report, 'utf8')) as { figures: Figure[] };
  writeFileSync(out, drawScaling(figures) + '\n');
}

if (require.main === module) main(process.argv.slice(2));
