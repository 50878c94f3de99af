import React from 'react';
import type { FailureRow } from '../view';
import { useTrans } from './trans';

interface FailureListProps {
  readonly failures: readonly FailureRow[];
  readonly open: boolean;
}

/** Requests without an answer that can explain a finding: why, one as it was sent, what came back. */
export function FailureList({ failures, open }: FailureListProps): JSX.Element | null {
  const trans = useTrans();
  if (failures.length === 0) {
    return null;
  }
  const rows = failures.flatMap(({ text, sent, reply, remedy }) => [
    [trans.__('Reason'), text],
    [trans.__('Sent'), sent],
    [trans.__('Came back'), reply],
    [trans.__('What to do'), remedy]
  ]);
  return (
    <details className="jp-df-judged" open={open}>
      <summary>{trans.__('Requests without an answer')}</summary>
      <dl>
        {rows.map(([name, value], place) =>
          value ? (
            <React.Fragment key={place}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </React.Fragment>
          ) : null
        )}
      </dl>
    </details>
  );
}
