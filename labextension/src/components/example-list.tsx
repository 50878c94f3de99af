import React from 'react';
import type { ExampleRow } from '../view';
import { Button } from './button';
import { useTrans } from './trans';

const FIRST = 8;

interface ExampleListProps {
  readonly title: string;
  readonly rows: readonly ExampleRow[];
}

/** Examples that only one side got right, with what each side said. */
export function ExampleList({ title, rows }: ExampleListProps): JSX.Element {
  const trans = useTrans();
  const [all, setAll] = React.useState(false);
  const shown = all ? rows : rows.slice(0, FIRST);
  return (
    <>
      <table className="jp-df-table">
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('Example')}</th>
            <th scope="col">{trans.__('truth')}</th>
            <th scope="col">{trans.__('candidate')}</th>
            <th scope="col">{trans.__('baseline')}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(row => (
            <tr key={`${row.suite} ${row.example_id}`} title={slices(row)}>
              <th scope="row">{row.example_id}</th>
              <td>{String(row.truth)}</td>
              <td>{String(row.candidate)}</td>
              <td>{String(row.baseline)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > FIRST && (
        <Button
          look="link"
          label={all ? trans.__('Show fewer') : trans.__('Show all %1', rows.length)}
          onClick={() => setAll(!all)}
        />
      )}
    </>
  );
}

function slices(row: ExampleRow): string {
  const parts = Object.entries(row.slices).map(([key, value]) => `${key}: ${value}`);
  return [row.suite, ...parts].join('\n');
}
