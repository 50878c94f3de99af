import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { SuiteProgress } from '../view';
import { MarkView } from './mark';
import { useTrans } from './trans';
import type { Mark } from './words';
import { outcomeMark } from './words';

/** One suite of a run at work: which case it is at and how far that is. */
export function SuiteMeter(props: {
  readonly suite: SuiteProgress;
  readonly begun: boolean;
}): JSX.Element {
  const { suite, begun } = props;
  const trans = useTrans();
  const share = shareOf(suite);
  return (
    <li className="jp-df-meter">
      <div className="jp-df-row">
        <MarkView mark={markOf(suite, begun, trans)} quiet />
        <span className="jp-df-grow jp-df-name">{suite.name}</span>
        <span className="jp-df-detail jp-df-number">{countOf(suite, begun, trans)}</span>
      </div>
      {begun && !suite.outcome && (
        <>
          <progress
            className="jp-df-bar"
            aria-label={trans.__('Progress of %1', suite.name)}
            max={1}
            value={share ?? undefined}
          />
          <div className="jp-df-row jp-df-detail">
            <span className="jp-df-grow jp-df-one-line">{suite.case_title}</span>
            {suite.total !== null && (
              <span className="jp-df-number">
                {trans.__('%1 of %2 examples', suite.done ?? 0, suite.total)}
              </span>
            )}
          </div>
        </>
      )}
    </li>
  );
}

function markOf(suite: SuiteProgress, begun: boolean, trans: TranslationBundle): Mark {
  if (suite.outcome) {
    return outcomeMark(suite.outcome, trans);
  }
  return begun
    ? { glyph: 'working', word: trans.__('running'), tone: 'busy' }
    : { glyph: 'waiting', word: trans.__('waiting'), tone: 'quiet' };
}

function countOf(suite: SuiteProgress, begun: boolean, trans: TranslationBundle): string {
  if (!begun) {
    return trans.__('waiting');
  }
  const { cases_finished: finished, cases_total: total } = suite;
  if (total === null && finished === 0) {
    return trans.__('starting');
  }
  return total === null
    ? trans._n('%1 case', '%1 cases', finished)
    : trans.__('%1 of %2 cases', Math.min(finished, total), total);
}

/** How much of the suite is done, 0 to 1; null where nobody knows how much there is. */
function shareOf(suite: SuiteProgress): number | null {
  const within = suite.total ? (suite.done ?? 0) / suite.total : null;
  if (suite.cases_total) {
    return Math.min(1, (suite.cases_finished + (within ?? 0)) / suite.cases_total);
  }
  return within;
}
