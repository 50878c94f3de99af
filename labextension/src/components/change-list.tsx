import React from 'react';
import type { ChangeRow } from '../view';
import { useTrans } from './trans';

/** What differs between baseline and candidate beside the metrics. */
export function ChangeList({ changes }: { readonly changes: readonly ChangeRow[] }): JSX.Element {
  const trans = useTrans();
  return (
    <dl className="jp-df-changes">
      {changes.map(change => (
        <React.Fragment key={change.what}>
          <dt>{change.what}</dt>
          <dd>
            {change.from ?? trans.__('none')} <span aria-label={trans.__('to')}>{'\u2192'}</span>{' '}
            {change.to ?? trans.__('none')}
          </dd>
        </React.Fragment>
      ))}
    </dl>
  );
}
