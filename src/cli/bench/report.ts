/** What every benchmark gives, and how it is shown: a table for people, one JSON object for programs. */
import os from 'node:os';

/** One number; `peer` is the same of another program or implementation, `ratio` is value / peer or the target's. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: number | string;
  readonly ratio?: number;
}

export interface BenchReport {
  readonly figures: readonly Figure[];
  /** What a reader has to know: a peer that is not installed, what is compared. */
  readonly notes?: readonly string[];
}

/** What the figures depend on besides the program. */
export interface MachineInfo {
  readonly processor: string;
  readonly cpus: number;
  readonly platform: string;
  readonly node: string;
}

function machineInfo(): MachineInfo {
  const cpus = os.cpus();
  return {
    processor: cpus[0]?.model.trim() ?? 'unknown',
    cpus: cpus.length,
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
}

/** Four digits, or all of the integer part. */
const number = (value: number): string =>
  Number.isInteger(value) || Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(4);

/** Rows of cells as columns: the first one flush left, the others flush right. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}

/** The report as a table. */
export function benchText(name: string, { figures, notes = [] }: BenchReport): string {
  const info = machineInfo();
  const rows = figures.map(({ name: figure, value, unit, peer, ratio }) => [
    figure,
    number(value),
    unit,
    peer === undefined ? '' : typeof peer === 'number' ? number(peer) : peer,
    ratio === undefined ? '' : `${number(ratio)}x`,
  ]);
  const lines = [
    `book3s bench ${name}: ${info.processor}, ${info.cpus} CPUs, ${info.platform}, Node ${info.node}`,
    ...columns([['figure', 'value', 'unit', 'peer', 'ratio'], ...rows]),
    ...notes.map((note) => `note: ${note}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** The report as one JSON object on one line. */
export const benchJson = (bench: string, report: BenchReport): string =>
  `${JSON.stringify({ bench, machine: machineInfo(), ...report })}\n`;
