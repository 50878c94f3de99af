import React from 'react';
import type { SuiteRow } from '../view';
import { CaseItem } from './case-item';
import { duration } from './format';
import { MarkView } from './mark';
import { useTrans } from './trans';
import { outcomeMark } from './words';
import { Button } from './button';

interface SuiteListProps {
  readonly suites: readonly SuiteRow[];
  readonly onOpen: (suite: SuiteRow, cellId: string | null) => void;
}

/** Every suite with its cases; those that did not pass are unfolded. */
export function SuiteList({ suites, onOpen }: SuiteListProps): JSX.Element {
  return (
    <ul className="jp-df-suites">
      {suites.map(suite => (
        <li key={suite.name}>
          <SuiteItem suite={suite} onOpen={onOpen} />
        </li>
      ))}
    </ul>
  );
}

function SuiteItem(
  props: { readonly suite: SuiteRow } & Pick<SuiteListProps, 'onOpen'>
): JSX.Element {
  const { suite, onOpen } = props;
  const trans = useTrans();
  return (
    <details open={suite.outcome !== 'passed' && suite.outcome !== 'skipped'}>
      <summary className="jp-df-row" title={suite.source}>
        <MarkView mark={outcomeMark(suite.outcome, trans)} quiet />
        <span className="jp-df-grow jp-df-name">{suite.name}</span>
        <span className="jp-df-detail jp-df-number">
          {trans._n('%1 case', '%1 cases', suite.cases.length)}, {duration(suite.duration_seconds)}
        </span>
      </summary>
      <div className="jp-df-suite-body">
        {suite.reason && <p className="jp-df-reason">{suite.reason}</p>}
        {suite.notices.map(notice => (
          <p key={notice} className="jp-df-detail">
            {notice}
          </p>
        ))}
        <ul className="jp-df-cases">
          {suite.cases.map(each => (
            <CaseItem
              key={each.case_id}
              row={each}
              onOpen={suite.artifact ? () => onOpen(suite, each.cell_id) : null}
            />
          ))}
        </ul>
        {suite.artifact && (
          <Button
            look="link"
            glyph="open"
            label={trans.__('Open the executed notebook')}
            onClick={() => onOpen(suite, null)}
          />
        )}
      </div>
    </details>
  );
}
