import { addIcon } from '@jupyterlab/ui-components';
import React from 'react';
import type { Asked, Continuing } from '../view';
import { Button } from './button';
import { FaultNotice } from './notice';
import { useTrans } from './trans';

interface ContinueButtonProps {
  readonly continuing: Continuing | null;
  readonly asked: Asked;
  readonly onContinue: () => void;
}

/** Send what an inconclusive run needs. Where it cannot be continued, the next step above says why. */
export function ContinueButton(props: ContinueButtonProps): JSX.Element | null {
  const { continuing, asked } = props;
  const trans = useTrans();
  if (!continuing || continuing.obstacle !== null || continuing.n_more === null) {
    return null;
  }
  const n = rounded(continuing.n_more).toLocaleString();
  return (
    <div className="jp-df-continue">
      <Button
        look="main"
        icon={addIcon}
        label={
          continuing.noun === 'example'
            ? trans.__('Send about %1 more examples', n)
            : trans.__('Send about %1 more requests', n)
        }
        title={trans.__('The new run is judged on these and on all that were sent before')}
        disabled={asked.busy}
        onClick={props.onContinue}
      />
      {asked.fault && <FaultNotice fault={asked.fault} />}
    </div>
  );
}

/** Two leading digits: it is an estimate. */
function rounded(n: number): number {
  const step = Math.max(1, 10 ** (Math.floor(Math.log10(n)) - 1));
  return Math.round(n / step) * step;
}
