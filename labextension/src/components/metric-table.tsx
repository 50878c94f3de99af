import React from 'react';
import type { Family, MetricRow } from '../view';
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
  return (
    <table className="jp-df-table">
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
      <tbody>
        {rows.map(row => (
          <MetricLine key={row.text.label} row={row} />
        ))}
      </tbody>
    </table>
  );
}

function MetricLine({ row }: { readonly row: MetricRow }): JSX.Element {
  const trans = useTrans();
  const remarks = [row.missing_because, ...row.notices].filter(Boolean);
  const mark = changeMark(row.change, row.difference, trans);
  const quiet = mark.tone === 'quiet';
  return (
    <>
      <tr title={[row.name, row.source].join('\n')}>
        <th scope="row">
          {row.text.label}
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
          <td colSpan={4}>{remarks.join(' ')}</td>
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
