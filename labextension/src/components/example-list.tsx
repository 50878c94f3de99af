import React from 'react';
import type { ExampleRow } from '../view';
import { Button } from './button';
import { useTrans } from './trans';

const FIRST = 8;
/** What a picture may be, checked once more where it becomes an address: a notebook wrote it. */
const PICTURE = /^data:image\/png;base64,[A-Za-z0-9+/=]+$/;

interface ExampleListProps {
  readonly title: string;
  readonly rows: readonly ExampleRow[];
}

/** Examples that only one side got right, with what each side said. */
export function ExampleList({ title, rows }: ExampleListProps): JSX.Element {
  const trans = useTrans();
  const [all, setAll] = React.useState(false);
  const shown = all ? rows : rows.slice(0, FIRST);
  const suites = new Set(rows.map(row => row.suite));
  const seen = rows.some(row => picture(row) !== null);
  return (
    <>
      <table className={seen ? 'jp-df-table jp-df-seen' : 'jp-df-table'}>
        <caption>{title}</caption>
        <thead>
          <tr>
            {seen && <th scope="col">{trans.__('Picture')}</th>}
            <th scope="col">{trans.__('Example')}</th>
            <th scope="col">{trans.__('truth')}</th>
            <th scope="col" title={trans.__('candidate')}>
              {trans.__('candidate')}
            </th>
            <th scope="col" title={trans.__('baseline')}>
              {trans.__('baseline')}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map(row => (
            <tr key={`${row.suite} ${row.example_id}`} title={slices(row)}>
              {seen && (
                <td>
                  <Picture row={row} />
                </td>
              )}
              <th scope="row">
                {row.example_id}
                {row.points > 1 ? (
                  <span className="jp-df-interval">
                    {trans._n('%1 point', '%1 points', row.points)}
                  </span>
                ) : (
                  suites.size > 1 && <span className="jp-df-interval">{row.suite}</span>
                )}
              </th>
              <td>{label(row.truth)}</td>
              <td>{label(row.candidate)}</td>
              <td>{label(row.baseline)}</td>
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

function Picture({ row }: { readonly row: ExampleRow }): JSX.Element | null {
  const trans = useTrans();
  const source = picture(row);
  return source === null ? null : (
    <img src={source} alt={trans.__('Picture of %1', row.example_id)} />
  );
}

function picture(row: ExampleRow): string | null {
  return row.picture && PICTURE.test(row.picture) ? row.picture : null;
}

function label(value: ExampleRow['truth']): string {
  return value === null ? '\u2014' : String(value);
}

function slices(row: ExampleRow): string {
  const parts = Object.entries(row.slices).map(([key, value]) => `${key}: ${value}`);
  return [row.suite, ...parts].join('\n');
}
