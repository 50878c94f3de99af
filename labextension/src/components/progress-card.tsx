import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { RunAnswer, SuiteProgress } from '../view';
import { Button } from './button';
import { clock, elapsed } from './format';
import { useNow } from './now';
import { SuiteMeter } from './suite-meter';
import { useTrans } from './trans';
import { stageWords } from './words';

interface ProgressCardProps {
  readonly answer: RunAnswer;
  /** The suites this run will work off, in the project's order. */
  readonly expected: readonly string[];
  readonly cancelling: boolean;
  readonly onCancel: () => void;
}

/** A run at work: its stage, every suite and how far it is. */
export function ProgressCard(props: ProgressCardProps): JSX.Element {
  const { answer, cancelling } = props;
  const trans = useTrans();
  const now = useNow(1000);
  const suites = expectedSuites(answer, props.expected);
  const title = cancelling
    ? trans.__('Cancelling')
    : answer.run.state === 'queued'
      ? trans.__('Waiting for its turn')
      : stageWords(answer.stage, trans);
  return (
    <section className="jp-df-card jp-df-progress" aria-label={trans.__('Run at work')}>
      <div className="jp-df-row">
        <strong className="jp-df-grow">{title}</strong>
        <time className="jp-df-number" role="timer" aria-label={trans.__('Elapsed')}>
          {clock(elapsed(answer.run, now))}
        </time>
        <Button
          glyph="stop"
          label={cancelling ? trans.__('Cancelling…') : trans.__('Cancel')}
          disabled={cancelling}
          onClick={props.onCancel}
        />
      </div>
      <p className="jp-df-detail">{sides(answer, trans)}</p>
      <ul className="jp-df-meters">
        {suites.map(suite => (
          <SuiteMeter key={suite.name} suite={suite} begun={answer.suites.includes(suite)} />
        ))}
      </ul>
      <p className="jp-df-only-said" aria-live="polite">
        {said(title, suites, trans)}
      </p>
    </section>
  );
}

function sides({ run }: RunAnswer, trans: TranslationBundle): string {
  return run.baseline ? trans.__('%1 against %2', run.target, run.baseline) : run.target;
}

function expectedSuites(answer: RunAnswer, expected: readonly string[]): readonly SuiteProgress[] {
  const begun = new Set(answer.suites.map(suite => suite.name));
  const waiting = expected.filter(name => !begun.has(name));
  return [
    ...answer.suites,
    ...waiting.map(name => ({
      name,
      outcome: null,
      cases_finished: 0,
      cases_total: null,
      case_title: null,
      done: null,
      total: null
    }))
  ];
}

/** What a screen reader says: it changes when a suite ends, not with every request. */
function said(title: string, suites: readonly SuiteProgress[], trans: TranslationBundle): string {
  const over = suites.filter(suite => suite.outcome !== null).length;
  return trans.__('%1: %2 of %3 suites done', title, over, suites.length);
}
