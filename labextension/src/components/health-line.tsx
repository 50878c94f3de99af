import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import React from 'react';
import type { Health, HealthView } from '../view';
import { Button } from './button';
import { MarkView } from './mark';
import { useTrans } from './trans';
import type { Mark } from './words';

interface HealthLineProps {
  readonly health: HealthView;
  readonly onAsk: () => void;
}

/** Whether the chosen target is ready, which model version it serves, or what is wrong with it. */
export function HealthLine({ health, onAsk }: HealthLineProps): JSX.Element {
  const trans = useTrans();
  const { mark, detail } = describe(health, trans);
  return (
    <div className="jp-df-health">
      <span className="jp-df-grow" role="status">
        <MarkView mark={mark} /> <span className="jp-df-detail">{detail}</span>
      </span>
      <Button
        bare
        icon={refreshIcon}
        label={trans.__('Ask the target again')}
        look="link"
        disabled={health.kind === 'asking'}
        onClick={onAsk}
      />
    </div>
  );
}

interface Description {
  readonly mark: Mark;
  readonly detail: string;
}

function describe(view: HealthView, trans: TranslationBundle): Description {
  switch (view.kind) {
    case 'unknown':
    case 'asking':
      return { mark: { glyph: 'working', word: trans.__('Asking'), tone: 'busy' }, detail: '' };
    case 'failed':
      return notReady(`${view.fault.message} ${view.fault.remedy}`.trim(), trans);
    case 'known':
      return view.health.facts.ready
        ? ready(view.health, trans)
        : notReady(
            view.health.facts.problem ?? trans.__('The target says so and gives no reason.'),
            trans
          );
  }
}

function notReady(detail: string, trans: TranslationBundle): Description {
  return { mark: { glyph: 'error', word: trans.__('Not ready'), tone: 'bad' }, detail };
}

function ready({ facts, platform_source }: Health, trans: TranslationBundle): Description {
  const word = trans.__('Ready');
  const parts = [
    facts.model_version
      ? trans.__('model %1', facts.model_version)
      : trans.__('says no model version'),
    facts.server_version,
    platform_source === 'none' ? trans.__('no platform metrics') : null,
    facts.problem
  ];
  return {
    mark: facts.problem
      ? { glyph: 'warn', word, tone: 'warn' }
      : { glyph: 'pass', word, tone: 'good' },
    detail: parts.filter(Boolean).join(' \u00b7 ')
  };
}
