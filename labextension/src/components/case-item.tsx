import { launchIcon } from '@jupyterlab/ui-components';
import React from 'react';
import type { CaseRow } from '../view';
import { Button } from './button';
import { duration } from './format';
import { MarkView } from './mark';
import { useTrans } from './trans';
import { outcomeMark } from './words';

interface CaseItemProps {
  readonly row: CaseRow;
  /** Open the executed notebook at this case; null where no copy was kept. */
  readonly onOpen: (() => void) | null;
}

/** One case: what became of it and, where it did not pass, why. */
export function CaseItem({ row, onOpen }: CaseItemProps): JSX.Element {
  const trans = useTrans();
  const { error } = row;
  return (
    <li className="jp-df-case">
      <div className="jp-df-row">
        <MarkView mark={outcomeMark(row.outcome, trans)} quiet />
        <span className="jp-df-grow jp-df-case-title">{row.title}</span>
        {row.duration_seconds !== null && (
          <span className="jp-df-detail jp-df-number">{duration(row.duration_seconds)}</span>
        )}
      </div>
      {error && (
        <div className="jp-df-error">
          <p>
            <strong>{error.type}</strong> {error.message === row.title ? '' : error.message}
          </p>
          {error.traceback && (
            <details>
              <summary>{trans.__('Traceback')}</summary>
              <pre tabIndex={0}>{plain(error.traceback)}</pre>
            </details>
          )}
          {onOpen && (
            <Button
              look="link"
              icon={launchIcon}
              label={trans.__('Open at this cell')}
              onClick={onOpen}
            />
          )}
        </div>
      )}
    </li>
  );
}

/** A traceback without the escape sequences that colour it in a terminal. */
function plain(text: string): string {
  return text.split('\u001b').map(withoutColour).join('');
}

function withoutColour(part: string, index: number): string {
  return index === 0 ? part : part.replace(/^\[[0-9;]*m/, '');
}
