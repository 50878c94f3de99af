import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { RunView } from '../view';
import { ended } from '../view';
import { useTrans } from './trans';
import { gateWords, progressTitle, stateMark, verdictMark } from './words';

interface SaidProps {
  readonly run: RunView | null;
  /** How many of its suites have not begun. */
  readonly waiting: number;
}

/** What a screen reader says of the run on show: when a suite ends and when the run does, not with every request. */
export function Said({ run, waiting }: SaidProps): JSX.Element {
  const trans = useTrans();
  return (
    <p className="jp-df-only-said" role="status">
      {run ? sentence(run, waiting, trans) : ''}
    </p>
  );
}

function sentence(
  { answer, report, cancelling }: RunView,
  waiting: number,
  trans: TranslationBundle
): string {
  if (!answer) {
    return '';
  }
  if (!ended(answer.run.state)) {
    const over = answer.suites.filter(suite => suite.outcome !== null).length;
    return trans.__(
      '%1: %2 of %3 suites done',
      progressTitle(answer, cancelling.busy, trans),
      over,
      answer.suites.length + waiting
    );
  }
  return report
    ? `${verdictMark(report.verdict, trans).word}, ${gateWords(report, trans)}. ${report.headline}`
    : stateMark(answer.run.state, null, trans).word;
}
