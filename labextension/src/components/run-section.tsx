import React from 'react';
import type { PanelActions, PanelState, Project, RunView } from '../view';
import { ended } from '../view';
import { Button } from './button';
import type { DrawChart } from './chart-list';
import { FinishedRun } from './finished-run';
import { FaultNotice, Notice } from './notice';
import { ProgressCard } from './progress-card';
import { useTrans } from './trans';

interface RunSectionProps {
  readonly state: PanelState;
  readonly project: Project;
  readonly actions: PanelActions;
  readonly drawChart: DrawChart;
  readonly theme: string;
}

/** The run on show, whatever has become of it. */
export function RunSection(props: RunSectionProps): JSX.Element {
  const { state, actions } = props;
  const trans = useTrans();
  const { run } = state;
  if (!run) {
    return <FirstRun loading={state.history.loading} />;
  }
  return (
    <>
      {!state.latest && (
        <div className="jp-df-row jp-df-earlier">
          <span className="jp-df-grow">{trans.__('An earlier run')}</span>
          <Button
            look="link"
            glyph="history"
            label={trans.__('Show the newest')}
            onClick={actions.showLatest}
          />
        </div>
      )}
      {run.fault && <FaultNotice fault={run.fault} />}
      <RunBody {...props} run={run} />
    </>
  );
}

function RunBody(props: RunSectionProps & { readonly run: RunView }): JSX.Element | null {
  const { run, project, actions } = props;
  const trans = useTrans();
  const { answer } = run;
  if (!answer) {
    return run.fault ? null : (
      <p className="jp-df-detail jp-df-pad">{trans.__('Reading the run…')}</p>
    );
  }
  if (!ended(answer.run.state)) {
    const expected = answer.run.suites.length
      ? answer.run.suites
      : project.suites.map(suite => suite.name);
    return (
      <ProgressCard
        answer={answer}
        expected={expected}
        cancelling={run.cancelling}
        onCancel={actions.cancel}
      />
    );
  }
  if (answer.run.state !== 'finished') {
    return (
      <CutShort
        lost={answer.run.state === 'lost'}
        message={answer.run.message}
        onRun={actions.start}
      />
    );
  }
  return <FinishedRun {...props} answer={answer} />;
}

function FirstRun({ loading }: { readonly loading: boolean }): JSX.Element {
  const trans = useTrans();
  return loading ? (
    <p className="jp-df-detail jp-df-pad">{trans.__('Reading the runs…')}</p>
  ) : (
    <div className="jp-df-empty">
      <h3>{trans.__('No run yet')}</h3>
      <p>
        {trans.__(
          'Press Run: the suites are run against the target, and their feedback stands here.'
        )}
      </p>
    </div>
  );
}

interface CutShortProps {
  readonly lost: boolean;
  readonly message: string | null;
  readonly onRun: () => void;
}

function CutShort({ lost, message, onRun }: CutShortProps): JSX.Element {
  const trans = useTrans();
  return (
    <Notice
      tone={lost ? 'bad' : 'info'}
      title={lost ? trans.__('This run was lost') : trans.__('This run was cancelled')}
      glyph={lost ? 'error' : 'skipped'}
    >
      {message && <p>{message}</p>}
      <p>{trans.__('It has no verdict.')}</p>
      <Button glyph="play" label={trans.__('Run again')} onClick={onRun} />
    </Notice>
  );
}
