import React from 'react';
import type { PanelActions, PanelState, Project, RunAnswer, RunView } from '../view';
import type { DrawChart } from './chart-list';
import { ContinueButton } from './continue-button';
import { FeedbackView } from './feedback-view';
import { ReleaseForm } from './release-form';
import { Section } from './section';
import { useTrans } from './trans';
import { VerdictCard } from './verdict-card';
import { gateWords } from './words';

interface FinishedRunProps {
  readonly run: RunView;
  readonly answer: RunAnswer;
  readonly state: PanelState;
  readonly project: Project;
  readonly actions: PanelActions;
  readonly drawChart: DrawChart;
  readonly theme: string;
}

/** A run that was judged: its verdict, the tag it permits, its feedback. */
export function FinishedRun(props: FinishedRunProps): JSX.Element | null {
  const { run, answer, actions } = props;
  const trans = useTrans();
  const { report } = run;
  if (!report) {
    return run.fault ? null : (
      <p className="jp-df-detail jp-df-pad">{trans.__('Reading the feedback…')}</p>
    );
  }
  return (
    <>
      <VerdictCard report={report} run={answer.run}>
        <ContinueButton
          continuing={report.continuing}
          asked={run.continuing}
          onContinue={actions.continueRun}
        />
      </VerdictCard>
      <Section title={trans.__('Tag release')} open={false} summary={gateWords(report, trans)}>
        <ReleaseForm
          key={run.runId}
          project={props.project}
          report={report}
          release={props.state.release}
          onTag={actions.tag}
        />
      </Section>
      <FeedbackView
        report={report}
        run={answer.run}
        waiving={run.waiving}
        onWaive={actions.waive}
        charts={run.charts}
        drawChart={props.drawChart}
        theme={props.theme}
        onOpen={actions.openExecuted}
      />
    </>
  );
}
