import { refreshIcon } from '@jupyterlab/ui-components';
import React from 'react';
import type { PanelActions, PanelState, Project, RunView } from '../view';
import { ended } from '../view';
import { Button } from './button';
import { ChangedFiles } from './changed-files';
import type { DrawChart } from './chart-list';
import { Guard } from './guard';
import { Header } from './header';
import { HistoryList } from './history-list';
import { NoProject } from './no-project';
import { FaultNotice, Notice } from './notice';
import { ProblemList } from './problem-list';
import { RunSection } from './run-section';
import { FoldContext, Section } from './section';
import { TargetBar } from './target-bar';
import { useTrans } from './trans';

interface PanelViewProps {
  readonly state: PanelState;
  readonly actions: PanelActions;
  readonly drawChart: DrawChart;
  readonly theme: string;
}

/** The whole panel. */
export function PanelView(props: PanelViewProps): JSX.Element {
  const trans = useTrans();
  const [folds] = React.useState(() => new Map<string, boolean>());
  return (
    <Guard
      fallback={(message, retry) => (
        <Notice tone="bad" title={trans.__('The panel could not show this')}>
          <p>{message}</p>
          <Button label={trans.__('Try again')} onClick={retry} />
        </Notice>
      )}
    >
      <FoldContext.Provider value={folds}>
        <PanelBody {...props} />
      </FoldContext.Provider>
    </Guard>
  );
}

function PanelBody(props: PanelViewProps): JSX.Element {
  const { state, actions } = props;
  const trans = useTrans();
  const { project } = state;
  switch (project.kind) {
    case 'loading':
      return <p className="jp-df-detail jp-df-pad">{trans.__('Looking for the project…')}</p>;
    case 'absent':
      return (
        <NoProject
          notebook={state.notebook}
          onOpenTerminal={actions.openTerminal}
          onRefresh={actions.refresh}
        />
      );
    case 'broken':
      return <ProblemList {...project} onOpenFile={actions.openFile} onRefresh={actions.refresh} />;
    case 'failed':
      return (
        <FaultNotice fault={project.fault}>
          <Button icon={refreshIcon} label={trans.__('Try again')} onClick={actions.refresh} />
        </FaultNotice>
      );
    case 'ready':
      return <ProjectPanel {...props} project={project.project} />;
  }
}

function ProjectPanel(props: PanelViewProps & { readonly project: Project }): JSX.Element {
  const { state, actions, project } = props;
  const trans = useTrans();
  const { run } = state;
  const atWork = state.history.runs.some(each => !ended(each.state)) || isAtWork(run);
  return (
    <>
      <div className="jp-df-top">
        <Header
          project={project}
          notebook={state.notebook}
          onOpenFile={actions.openFile}
          onRefresh={actions.refresh}
        />
        <ChangedFiles
          project={project}
          changes={state.release.changes}
          onRead={actions.readChanges}
          onCommit={actions.commit}
        />
        <TargetBar
          project={project}
          choice={state.choice}
          health={state.health}
          busy={state.starting || atWork}
          onChoose={actions.chooseTarget}
          onChooseSuites={actions.chooseSuites}
          onChooseAddress={actions.chooseAddress}
          onAllowSecret={actions.allowSecret}
          onAskHealth={actions.askHealth}
          onRun={actions.start}
        />
        {state.fault && <FaultNotice fault={state.fault} />}
      </div>
      <RunSection {...props} />
      <Section
        title={trans.__('History')}
        open={false}
        summary={state.history.runs.length || undefined}
      >
        <HistoryList
          history={state.history}
          shown={run?.runId ?? null}
          onShow={actions.showRun}
          onMore={actions.moreRuns}
        />
      </Section>
    </>
  );
}

/** The run on show may be so new that the list does not have it yet. */
function isAtWork(run: RunView | null): boolean {
  return !!run?.answer && !ended(run.answer.run.state);
}
