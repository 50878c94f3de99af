import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { Asked, Chart, CreateWaiver, Family, Report, Run, SuiteRow } from '../view';
import { pointsOf } from '../view';
import type { DrawChart } from './chart-list';
import { ChartList } from './chart-list';
import { ChangeList } from './change-list';
import { ExampleList } from './example-list';
import { FindingList } from './finding-list';
import { MetricTable } from './metric-table';
import { PointList } from './point-list';
import { RunFacts } from './run-facts';
import { Section } from './section';
import { SuiteList } from './suite-list';
import { useTrans } from './trans';
import { WaiverList } from './waiver-list';

const FAMILIES: readonly Family[] = ['model', 'application', 'platform'];

interface FeedbackViewProps {
  readonly report: Report;
  readonly run: Run;
  readonly waiving: Asked;
  readonly onWaive: (waiver: CreateWaiver) => void;
  readonly charts: readonly Chart[] | null;
  readonly drawChart: DrawChart;
  readonly theme: string;
  readonly onOpen: (suite: SuiteRow, cellId: string | null) => void;
}

/** The report below its verdict: findings, the three tables, examples, what changed, suites and plots. */
export const FeedbackView = React.memo(function FeedbackView(
  props: FeedbackViewProps
): JSX.Element {
  const { report } = props;
  const points = pointsOf(report);
  const trans = useTrans();
  return (
    <>
      <Section title={trans.__('Findings')} summary={counted(report, trans)}>
        <FindingList
          findings={report.findings}
          waiving={
            report.verdict === 'error'
              ? null
              : { asked: props.waiving, waivers: report.waivers, onWaive: props.onWaive }
          }
        />
        {report.notices.map(notice => (
          <p key={notice} className="jp-df-detail">
            {notice}
          </p>
        ))}
        {report.run.self_test && (
          <p className="jp-df-detail">
            {trans.__('Self-test of the gate: %1.', report.run.self_test)}
          </p>
        )}
      </Section>
      {points.length > 0 && (
        <Section title={trans.__('Points')} summary={points.length}>
          <PointList report={report} />
        </Section>
      )}
      {report.waivers.length > 0 && (
        <Section title={trans.__('Waivers')} summary={report.waivers.length}>
          <WaiverList waivers={report.waivers} />
        </Section>
      )}
      <Metrics report={report} />
      <Examples report={report} />
      {report.changes.length > 0 && (
        <Section title={trans.__('What changed')} summary={report.changes.length}>
          <ChangeList changes={report.changes} />
        </Section>
      )}
      <Section title={trans.__('Suites')} open={!allPassed(report)} summary={passed(report, trans)}>
        <SuiteList suites={report.suites} onOpen={props.onOpen} />
      </Section>
      {props.charts && props.charts.length > 0 && (
        <Section title={trans.__('Charts')} summary={props.charts.length}>
          <ChartList charts={props.charts} draw={props.drawChart} theme={props.theme} />
        </Section>
      )}
      <Section title={trans.__('About this run')} open={false}>
        <RunFacts report={report} run={props.run} />
      </Section>
    </>
  );
});

function Metrics({ report }: { readonly report: Report }): JSX.Element {
  const trans = useTrans();
  const { target, baseline } = report.run;
  return (
    <Section title={trans.__('Metrics')}>
      {FAMILIES.map(family => {
        const rows = report.metrics.filter(row => row.family === family);
        return (
          rows.length > 0 && (
            <MetricTable
              key={family}
              family={family}
              rows={rows}
              candidate={target}
              baseline={baseline}
            />
          )
        );
      })}
    </Section>
  );
}

function Examples({ report }: { readonly report: Report }): JSX.Element | null {
  const trans = useTrans();
  const { broken, fixed } = report.examples;
  if (broken.length + fixed.length === 0) {
    return null;
  }
  return (
    <Section
      title={trans.__('Examples')}
      summary={trans.__('%1 broken, %2 fixed', broken.length, fixed.length)}
    >
      {broken.length > 0 && (
        <ExampleList title={trans.__('Broken: only the baseline is right')} rows={broken} />
      )}
      {fixed.length > 0 && (
        <ExampleList title={trans.__('Fixed: only the candidate is right')} rows={fixed} />
      )}
    </Section>
  );
}

function counted(report: Report, trans: TranslationBundle): string {
  const passing = report.findings.filter(finding => finding.verdict === 'pass').length;
  return trans.__('%1 of %2 pass', passing, report.findings.length);
}

function allPassed(report: Report): boolean {
  return report.suites.every(suite => suite.outcome === 'passed');
}

function passed(report: Report, trans: TranslationBundle): string {
  const passing = report.suites.filter(suite => suite.outcome === 'passed').length;
  return trans.__('%1 of %2 passed', passing, report.suites.length);
}
