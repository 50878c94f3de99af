import { refreshIcon } from '@jupyterlab/ui-components';
import React from 'react';
import { Button } from './button';
import { Command } from './command';
import { useTrans } from './trans';

interface NoProjectProps {
  readonly notebook: string | null;
  readonly onOpenTerminal: (() => void) | null;
  readonly onRefresh: () => void;
}

/** Nothing declares what to test yet: how to begin. */
export function NoProject({ notebook, onOpenTerminal, onRefresh }: NoProjectProps): JSX.Element {
  const trans = useTrans();
  const title = notebook
    ? trans.__('No project governs this notebook yet')
    : trans.__('Open the notebook of your model');
  const text = notebook
    ? trans.__(
        'A deployfeedback.yaml beside or above the notebook says where the model is deployed and which notebooks test it. This writes a commented one:'
      )
    : trans.__(
        'The panel shows the feedback of the project that the current notebook belongs to. A new project begins with:'
      );
  return (
    <div className="jp-df-empty">
      <h3>{title}</h3>
      {notebook && <p className="jp-df-detail jp-df-one-line">{notebook}</p>}
      <p>{text}</p>
      <Command text="jupyter deployfeedback init --url http://127.0.0.1:8000" />
      <p className="jp-df-detail">{trans.__('The URL is where your model answers.')}</p>
      <div className="jp-df-row">
        {onOpenTerminal && (
          <Button label={trans.__('Open a terminal here')} onClick={onOpenTerminal} />
        )}
        <Button icon={refreshIcon} label={trans.__('Look again')} onClick={onRefresh} />
      </div>
    </div>
  );
}
