import { stopIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { Asked, RunAnswer } from '../view';
import { Button } from './button';
import { clock, elapsed } from './format';
import { FaultNotice } from './notice';
import { useNow } from './now';
import { SuiteMeter, WaitingSuite } from './suite-meter';
import { useTrans } from './trans';
import { progressTitle } from './words';

interface ProgressCardProps {
  readonly answer: RunAnswer;
  /** The suites that have not begun yet, in the project's order. */
  readonly waiting: readonly string[];
  readonly cancelling: Asked;
  readonly onCancel: () => void;
}

/** A run at work: its stage, every suite and how far it is. */
export function ProgressCard(props: ProgressCardProps): JSX.Element {
  const { answer, cancelling } = props;
  const trans = useTrans();
  const now = useNow(1000);
  return (
    <section className="jp-df-card jp-df-progress" aria-label={trans.__('Run at work')}>
      <div className="jp-df-row">
        <strong className="jp-df-grow">{progressTitle(answer, cancelling.busy, trans)}</strong>
        <Button
          icon={stopIcon}
          label={cancelling.busy ? trans.__('Cancelling…') : trans.__('Cancel')}
          disabled={cancelling.busy}
          onClick={props.onCancel}
        />
      </div>
      <div className="jp-df-row jp-df-detail">
        <span className="jp-df-grow">{sides(answer, trans)}</span>
        <time className="jp-df-number" role="timer" aria-label={trans.__('Elapsed')}>
          {clock(elapsed(answer.run, now))}
        </time>
      </div>
      {cancelling.fault && <FaultNotice fault={cancelling.fault} />}
      <ul className="jp-df-meters">
        {answer.suites.map(suite => (
          <SuiteMeter key={suite.name} suite={suite} />
        ))}
        {props.waiting.map(name => (
          <WaitingSuite key={name} name={name} />
        ))}
      </ul>
    </section>
  );
}

function sides({ run }: RunAnswer, trans: TranslationBundle): string {
  return run.baseline ? trans.__('%1 against %2', run.target, run.baseline) : run.target;
}
