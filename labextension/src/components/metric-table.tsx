import React from 'react';
import type { Family, MetricRow } from '../view';
import { pointWords } from './format';
import { MarkView } from './mark';
import { useTrans } from './trans';
import { changeMark, familyTitle } from './words';

interface MetricTableProps {
  readonly family: Family;
  readonly rows: readonly MetricRow[];
  readonly candidate: string;
  readonly baseline: string | null;
}

/** One of the three tables: what the candidate showed, what the baseline showed, and how far apart they are. */
export function MetricTable({ family, rows, candidate, baseline }: MetricTableProps): JSX.Element {
  const trans = useTrans();
  const atPoints = rows.some(row => row.point);
  return (
    <table className={`jp-df-table jp-df-metrics${atPoints ? ' jp-df-at-points' : ''}`}>
      <caption>{familyTitle(family, trans)}</caption>
      <thead>
        <tr>
          <th scope="col">{trans.__('Metric')}</th>
          <th scope="col" title={candidate}>
            {candidate}
          </th>
          <th scope="col" title={baseline ?? undefined}>
            {baseline ?? trans.__('baseline')}
          </th>
          <th scope="col">{trans.__('change')}</th>
        </tr>
      </thead>
      {byMetric(rows).map(group => (
        <tbody key={group[0]?.text.label}>
          <GroupHead rows={group} />
          {group.map(row => (
            <MetricLine key={row.text.label} row={row} label={labelOf(row, group)} />
          ))}
        </tbody>
      ))}
    </table>
  );
}

/** The metric's name, once for all points of a matrix that measured it. */
function GroupHead({ rows }: { readonly rows: readonly MetricRow[] }): JSX.Element | null {
  const [first] = rows;
  return first?.point ? (
    <tr className="jp-df-group">
      <th scope="rowgroup" colSpan={4}>
        {withoutPoint(first)}
      </th>
    </tr>
  ) : null;
}

interface MetricLineProps {
  readonly row: MetricRow;
  readonly label: string;
}

function MetricLine({ row, label }: MetricLineProps): JSX.Element {
  const trans = useTrans();
  const remarks = [row.missing_because, ...row.notices].filter(Boolean);
  const mark = changeMark(row.change, row.difference, trans);
  const quiet = mark.tone === 'quiet';
  return (
    <>
      <tr
        title={[row.name, row.source, row.query].filter(Boolean).join('\n')}
        className={row.point ? 'jp-df-at-point' : ''}
      >
        <th scope="row">
          {label}
          {!quiet && <MarkView mark={mark} />}
        </th>
        <td>{row.text.value}</td>
        <td>{row.text.baseline}</td>
        <td>
          <Difference text={row.text.difference}>
            {quiet && <MarkView mark={mark} quiet />}
          </Difference>
        </td>
      </tr>
      {remarks.length > 0 && (
        <tr className="jp-df-remark">
          <td colSpan={4}>{remarks.join(' · ')}</td>
        </tr>
      )}
    </>
  );
}

interface DifferenceProps {
  readonly text: string;
  readonly children?: React.ReactNode;
}

/** The difference, and below it its interval or share. */
function Difference({ text, children }: DifferenceProps): JSX.Element {
  const at = text.search(/[[(]/);
  const [main, aside] = at < 0 ? [text, ''] : [text.slice(0, at).trim(), text.slice(at)];
  return (
    <>
      <span className="jp-df-difference">
        {children}
        {main}
      </span>
      {aside && <span className="jp-df-interval"> {aside}</span>}
    </>
  );
}

/** Rows of one metric at several points stand together; any other row is alone. */
function byMetric(rows: readonly MetricRow[]): readonly (readonly MetricRow[])[] {
  const groups = new Map<string, MetricRow[]>();
  for (const row of rows) {
    const key = row.point ? row.name : row.text.label;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()];
}

/** What tells a row from the others of its group: of points of one suite their values, else their whole name. */
function labelOf(row: MetricRow, group: readonly MetricRow[]): string {
  if (!row.point) {
    return row.text.label;
  }
  const suites = new Set(group.map(({ point }) => point?.slice(0, point.indexOf('['))));
  return suites.size === 1 ? pointWords(row.point) : row.point;
}

function withoutPoint({ text, point, name }: MetricRow): string {
  const [label] = text.label.split(` in ${point}`);
  return label ?? name;
}
