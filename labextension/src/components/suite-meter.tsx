import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { SuiteProgress } from '../view';
import { MarkView } from './mark';
import { useTrans } from './trans';
import type { Mark } from './words';
import { outcomeMark } from './words';

/** One suite of a run at work: which case it is at and how far that is. */
export function SuiteMeter({ suite }: { readonly suite: SuiteProgress }): JSX.Element {
  const trans = useTrans();
  const running: Mark = { glyph: 'working', word: trans.__('running'), tone: 'busy' };
  return (
    <li className="jp-df-meter">
      <Line
        mark={suite.outcome ? outcomeMark(suite.outcome, trans) : running}
        name={suite.name}
        count={countOf(suite, trans)}
      />
      {!suite.outcome && (
        <>
          <progress
            className="jp-df-bar"
            aria-label={trans.__('Progress of %1', suite.name)}
            max={1}
            value={shareOf(suite) ?? undefined}
          />
          <div className="jp-df-row jp-df-detail">
            <span className="jp-df-grow jp-df-one-line" title={suite.case_title ?? undefined}>
              {suite.case_title}
            </span>
            {suite.total !== null && (
              <span className="jp-df-number">
                {trans.__('%1 of %2 requests', suite.done ?? 0, suite.total)}
              </span>
            )}
          </div>
        </>
      )}
    </li>
  );
}

/** A suite whose turn has not come. */
export function WaitingSuite({ name }: { readonly name: string }): JSX.Element {
  const trans = useTrans();
  const word = trans.__('waiting');
  return (
    <li className="jp-df-meter">
      <Line mark={{ glyph: 'waiting', word, tone: 'quiet' }} name={name} count={word} />
    </li>
  );
}

interface LineProps {
  readonly mark: Mark;
  readonly name: string;
  readonly count: string;
}

function Line({ mark, name, count }: LineProps): JSX.Element {
  return (
    <div className="jp-df-row">
      <MarkView mark={mark} quiet />
      <span className="jp-df-grow jp-df-name">{name}</span>
      <span className="jp-df-detail jp-df-number">{count}</span>
    </div>
  );
}

function countOf(suite: SuiteProgress, trans: TranslationBundle): string {
  const { cases_finished: finished, cases_total: total, outcome } = suite;
  if (total === null) {
    return outcome ? '' : trans.__('starting');
  }
  return trans.__('%1 of %2 cases', finished, total);
}

/** How much of the suite is done, 0 to 1; null where nobody knows how much there is. */
function shareOf(suite: SuiteProgress): number | null {
  if (!suite.cases_total) {
    return null;
  }
  const within = suite.total ? (suite.done ?? 0) / suite.total : 0;
  return Math.min(1, (suite.cases_finished + within) / suite.cases_total);
}
