import { launchIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { SuiteRow } from '../view';
import { CaseItem } from './case-item';
import { duration } from './format';
import { MarkView } from './mark';
import { useTrans } from './trans';
import { kernelWords, kindWords, outcomeMark } from './words';
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
          {trans.__(
            '%1, %2',
            trans._n('%1 case', '%1 cases', suite.cases.length),
            duration(suite.duration_seconds)
          )}
        </span>
      </summary>
      <div className="jp-df-suite-body">
        <p className="jp-df-detail">{origin(suite, trans)}</p>
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
            icon={launchIcon}
            label={
              suite.kind === 'notebook'
                ? trans.__('Open the executed notebook')
                : trans.__('Open its notebook')
            }
            onClick={() => onOpen(suite, null)}
          />
        )}
      </div>
    </details>
  );
}

/** What the suite is, where it lies and what it ran in. */
function origin({ kind, source, kernel }: SuiteRow, trans: TranslationBundle): string {
  const parts = [kindWords(kind, trans), source, kernel && kernelWords(kernel, trans)];
  return parts.filter(Boolean).join(' \u00b7 ');
}
