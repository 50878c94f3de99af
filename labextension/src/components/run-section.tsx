import { historyIcon, runIcon } from '@jupyterlab/ui-components';
import React from 'react';
import type { HistoryView, PanelActions, PanelState, Project, RunAnswer, RunView } from '../view';
import { ended, namesOf, suitesFor } from '../view';
import { Button } from './button';
import type { DrawChart } from './chart-list';
import { FinishedRun } from './finished-run';
import { FaultNotice, Notice } from './notice';
import { ProgressCard } from './progress-card';
import { Said } from './said';
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
  const { state } = props;
  const { run } = state;
  return (
    <>
      <Said run={run} waiting={run?.answer ? waitingSuites(run.answer, props.project).length : 0} />
      {run ? <ShownRun {...props} run={run} /> : <FirstRun history={state.history} />}
    </>
  );
}

function ShownRun(props: RunSectionProps & { readonly run: RunView }): JSX.Element {
  const { state, actions, run } = props;
  const trans = useTrans();
  return (
    <>
      {!state.latest && (
        <div className="jp-df-row jp-df-earlier">
          <span className="jp-df-grow">{trans.__('An earlier run')}</span>
          <Button
            look="link"
            icon={historyIcon}
            label={trans.__('Show the newest')}
            onClick={actions.showLatest}
          />
        </div>
      )}
      {run.fault && <FaultNotice fault={run.fault} />}
      <RunBody {...props} />
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
    return (
      <ProgressCard
        answer={answer}
        waiting={waitingSuites(answer, project)}
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

/** The suites of a run that have not begun; of points that the project does not declare nothing is known. */
function waitingSuites({ run, suites }: RunAnswer, project: Project): readonly string[] {
  if (Object.keys(run.matrix).length > 0) {
    return [];
  }
  const begun = new Set(suites.map(suite => suite.name));
  const asked = new Set(run.suites);
  const known = Object.keys(run.parameters).length === 0; // a value that is given takes an axis away
  return suitesFor(project, run.target)
    .filter(suite => known || suite.points.length === 0)
    .flatMap(suite =>
      namesOf(suite).filter(name => asked.size === 0 || asked.has(suite.name) || asked.has(name))
    )
    .filter(name => !begun.has(name));
}

function FirstRun({ history }: { readonly history: HistoryView }): JSX.Element {
  const trans = useTrans();
  if (history.fault) {
    return <FaultNotice fault={history.fault} />;
  }
  return history.loading ? (
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
      <Button icon={runIcon} label={trans.__('Run again')} onClick={onRun} />
    </Notice>
  );
}
